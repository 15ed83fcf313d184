"""Tasks that RunTask accepts and whose container never runs, seen with DescribeTasks."""

from __future__ import annotations

import pytest

from sandbox.faults import FailPull, Faults, LoseSecret
from tests.sandbox.conftest import TaskPlace, policy

IMAGE = "public.ecr.aws/acme/hello:1.2"
# https://github.com/ActionIQ/terraform-aws-retool-ecs-fargate/issues/20
UNREACHED = (
    f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {IMAGE}: failed "
    'to do request: Head "https://public.ecr.aws/v2/acme/hello/manifests/1.2": dial tcp 192.0.2.1:443: i/o timeout'
)
MISSING = (
    f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {IMAGE}: "
    "not found"
)


@pytest.mark.parametrize(
    ("fault", "reason"), [(FailPull(because="timeout"), UNREACHED), (FailPull(because="missing"), MISSING)]
)
def test_an_image_that_cannot_be_pulled_fails_the_start(
    place: TaskPlace, faults: Faults, fault: FailPull, reason: str
) -> None:
    faults.add(fault)
    task = place.finish(place.run(place.register("true", image=IMAGE)))
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert "startedAt" not in task
    assert "exitCode" not in task["containers"][0]
    assert task["containers"][0]["reason"] == reason


def test_a_registry_that_is_reached_again_lets_the_next_task_run(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(FailPull(of=place.cluster, first=1))
    definition = place.register("sh", "-c", "exit 3", image=IMAGE)
    tasks = [place.finish(place.run(definition)) for _ in range(2)]
    assert [task["stopCode"] for task in tasks] == ["TaskFailedToStart", "EssentialContainerExited"]
    assert tasks[1]["containers"][0]["exitCode"] == 3
    assert (fault.met, fault.struck) == (2, 1)


def test_an_image_by_digest_is_asked_for_by_digest(place: TaskPlace, faults: Faults) -> None:
    faults.add(FailPull(of=place.cluster))
    digest = f"sha256:{'0' * 64}"
    task = place.finish(place.run(place.register("true", image=f"registry.example/team/hello@{digest}")))
    assert f'Head "https://registry.example/v2/team/hello/manifests/{digest}"' in task["stoppedReason"]


def let_read_parameters(place: TaskPlace) -> None:
    place.aws.client("iam").put_role_policy(
        RoleName=place.execution_role.rsplit("/", 1)[-1],
        PolicyName="secrets",
        PolicyDocument=policy((["ssm:GetParameters", "secretsmanager:GetSecretValue"], "*")),
    )


def test_a_lost_secret_is_as_one_that_was_never_there(place: TaskPlace, faults: Faults) -> None:
    let_read_parameters(place)
    name, secrets = f"/{place.cluster}/token", place.aws.client("secretsmanager")
    arn = f"arn:aws:secretsmanager:{place.aws.region}:{place.aws.account}:secret:{place.cluster}-AbCdEf"
    for reference, create in (
        (name, lambda: place.aws.client("ssm").put_parameter(Name=name, Value="x", Type="SecureString")),
        (arn, lambda: secrets.create_secret(Name=place.cluster, SecretString="x")),
    ):
        without = place.register("true", secrets=[{"name": "TOKEN", "valueFrom": reference}])
        never_there = place.finish(place.run(without))
        created = create()
        there = place.register("true", secrets=[{"name": "TOKEN", "valueFrom": created.get("ARN", reference)}])
        assert place.finish(place.run(there))["stopCode"] == "EssentialContainerExited"
        faults.add(LoseSecret(of=place.cluster))
        lost = place.finish(place.run(without))
        faults.clear()
        assert lost["stopCode"] == never_there["stopCode"] == "TaskFailedToStart"
        assert lost["stoppedReason"] == never_there["stoppedReason"]


def test_a_throttled_secret_says_so(place: TaskPlace, faults: Faults) -> None:
    faults.add(LoseSecret(of=place.cluster, because="throttled"))
    task = place.finish(place.run(place.register("true", secrets=[{"name": "TOKEN", "valueFrom": "/never/asked"}])))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
    assert task["stoppedReason"].endswith("ThrottlingException: Rate exceeded")


def test_a_container_without_secrets_has_none_to_lose(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(LoseSecret(of=place.cluster))
    assert place.finish(place.run(place.register("true")))["stopCode"] == "EssentialContainerExited"
    assert fault.met == 0
