"""What a Pod's container starts with, and what keeps it from starting."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.faults import FailPull, Fault, LoseHost, RefuseCapacity, RetireTask, RunOutOfMemory
from sandbox.images import BuildContext
from tests.sandbox.conftest import policy, trust
from tests.sandbox.kubernetes.conftest import NAMESPACE, Place, conditions, failed
from tests.sandbox.kubernetes.test_run_job import FAIL_ON_EXIT, LOGS, log

FAIL_ON_DISRUPTION = {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
POLICY = {"podFailurePolicy": {"rules": [FAIL_ON_DISRUPTION, *FAIL_ON_EXIT["podFailurePolicy"]["rules"]]}}
DEADLINE = {"activeDeadlineSeconds": 100}


def written(place: Place, *command: str, **container: Any) -> str:
    """What a container writes."""
    return log(place.run(place.job(*command, **container), log=LOGS).output)["log"]


def variable(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def secret_variable(name: str, secret: str, key: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, **fields}}}


def secret(name: str, **data: str) -> dict[str, Any]:
    """A Secret with texts."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": encoded}


def test_variables_see_those_before_them_and_a_doubled_sign_is_one(place: Place) -> None:
    env = [variable("DAY", "monday"), variable("SAID", "$(DAY) $$(DAY) $(NIGHT) $HOME")]
    assert written(place, "printenv", "SAID", env=env) == "monday $(DAY) $(NIGHT) $HOME\n"
    assert written(place, "echo", "$(DAY)", "$$(DAY)", env=env) == "monday $(DAY)\n"


def test_a_secret_s_key_is_a_variable(place: Place) -> None:
    place.apply(secret("warehouse", password="$(HOME) s3cret"))
    env = [secret_variable("PASSWORD", "warehouse", "password")]
    assert written(place, "printenv", "PASSWORD", env=env) == "$(HOME) s3cret\n"
    optional = [secret_variable("PASSWORD", "warehouse", "no-such-key", optional=True)]
    assert written(place, "sh", "-c", "echo ${PASSWORD-none}", env=optional) == "none\n"


def test_fields_of_the_pod_are_variables(place: Place) -> None:
    field = {"fieldRef": {"fieldPath": "metadata.name"}}
    env = [{"name": "POD", "valueFrom": field}]
    job = place.run(place.job("sh", "-c", "echo $POD $HOSTNAME", env=env), log=LOGS).output
    (name,) = job["logs"]["pods"]
    assert log(job)["log"] == f"{name} {name}\n"
    assert name.startswith(f"{job['metadata']['name']}-")


def test_the_image_s_command_gives_way_to_the_container_s(place: Place, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM alpine\nENV WHO=image\nENTRYPOINT ["echo", "entry"]\nCMD ["command"]\n')
    image = f"registry.example/{secrets.token_hex(4)}:1"
    place.aws.images.register(image, BuildContext(tmp_path, tmp_path / "Dockerfile"))

    def says(**container: Any) -> str:
        job = place.job(image=image, **container)
        if "command" not in container:
            del job["spec"]["template"]["spec"]["containers"][0]["command"]
        return log(place.run(job, log=LOGS).output)["log"]

    assert says() == "entry command\n"
    assert says(args=["$(WHO)"]) == "entry image\n"
    # Without the image's CMD.
    assert says(command=["echo"]) == "\n"


@pytest.mark.parametrize(
    ("container", "pod"),
    [
        ({"env": [secret_variable("TOKEN", "no-such-secret", "key")]}, {}),
        ({"command": None}, {}),
        ({}, {"serviceAccountName": "no-such-account"}),
    ],
    ids=["secret", "image", "service account"],
)
def test_what_cannot_start_waits_until_the_deadline(
    place: Place, container: dict[str, Any], pod: dict[str, Any]
) -> None:
    job = place.job("true", spec=DEADLINE, pod=pod, **{k: v for k, v in container.items() if v is not None})
    if container.get("command", "") is None:
        del job["spec"]["template"]["spec"]["containers"][0]["command"]
    assert conditions(failed(place.run(job)))[-1][:2] == ("Failed", "DeadlineExceeded")


def test_a_secret_that_comes_later_lets_the_pod_start(place: Place) -> None:
    job = place.job("true", env=[secret_variable("TOKEN", "late", "token")])
    run = place.machines.start(place.states(job))
    assert place.aws.clock.wait_idle(30)
    place.apply(secret("late", token="x"))
    assert place.machines.play(run).status == "SUCCEEDED"


@pytest.mark.parametrize("fault", [FailPull, RefuseCapacity], ids=["no image", "no room"])
def test_what_passes_lets_the_pod_start_later(place: Place, fault: type[Fault]) -> None:
    job = place.job("true")
    struck = place.aws.faults.add(fault(of=job["metadata"]["name"], first=2))
    try:
        run = place.run(job)
    finally:
        place.aws.faults.clear()
    assert (run.status, struck.struck) == ("SUCCEEDED", 2)


@pytest.mark.parametrize("fault", [LoseHost, RetireTask], ids=["node lost", "node drained"])
def test_what_the_cluster_takes_away_is_a_disruption(place: Place, fault: type[Any]) -> None:
    job = place.job("sh", "-c", "echo ready; exec sleep 600", spec=POLICY)
    place.aws.faults.add(fault(of=job["metadata"]["name"], once_said="ready"))
    try:
        ended = failed(place.run(job, log=LOGS))
    finally:
        place.aws.faults.clear()
    kind, reason, message = conditions(ended)[-1]
    assert (kind, reason) == ("Failed", "PodFailurePolicy")
    assert message.endswith(" has condition DisruptionTarget matching FailJob rule at index 0")
    # Its Pod is gone with its node, and the log with it.
    assert ended["logs"] == {"pods": {}}


def test_a_disruption_may_be_ignored(place: Place, tmp_path: Path) -> None:
    rules = [{**FAIL_ON_DISRUPTION, "action": "Ignore"}]
    begun = tmp_path / "begun"
    work = f"[ -e {begun} ] && exit 0; touch {begun}; echo ready; exec sleep 600"
    job = place.job("sh", "-c", work, spec={"podFailurePolicy": {"rules": rules}})
    lost = place.aws.faults.add(LoseHost(of=job["metadata"]["name"], once_said="ready", first=1))
    try:
        run = place.run(job)
    finally:
        place.aws.faults.clear()
    assert (run.status, lost.stopped) == ("SUCCEEDED", 1)
    assert "failed" not in run.output["status"]


def test_a_container_without_memory_is_killed(place: Place) -> None:
    job = place.job("sh", "-c", "echo ready; exec sleep 600", spec=POLICY)
    place.aws.faults.add(RunOutOfMemory(of=job["metadata"]["name"], once_said="ready"))
    try:
        ended = failed(place.run(job))
    finally:
        place.aws.faults.clear()
    assert "failed with exit code 137 " in conditions(ended)[-1][2]


WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
ACTIONS = ["sts:AssumeRole", "sts:TagSession"]


def trusted(*actions: str, **condition: Any) -> str:
    """A trust policy for EKS Pod Identity."""
    document = json.loads(trust("pods.eks.amazonaws.com", **condition))
    document["Statement"][0]["Action"] = list(actions)
    return json.dumps(document)


def associate(place: Place, account: str, role_arn: str) -> None:
    metadata = {"name": account, "namespace": NAMESPACE}
    place.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    place.aws.client("eks").create_pod_identity_association(
        clusterName=place.cluster.name, namespace=NAMESPACE, serviceAccount=account, roleArn=role_arn
    )


def test_a_service_account_s_role_is_the_pod_s(place: Place, role: Callable[..., str]) -> None:
    tags = {"eks-cluster-name": place.cluster.name, "kubernetes-namespace": NAMESPACE}
    tags["kubernetes-service-account"] = "scoring"
    condition = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    document = trusted(*ACTIONS, StringEquals={"aws:SourceAccount": place.aws.account, **condition})
    role_arn = role("", policy(("s3:GetObject", "*")), trusted=document)
    associate(place, "scoring", role_arn)
    job = place.job("python3", "-c", WHO, pod={"serviceAccountName": "scoring"})
    said = log(place.run(job, log=LOGS).output)["log"]
    assert f":assumed-role/{role_arn.rpartition('/')[2]}/eks-" in said


@pytest.mark.parametrize(
    "document",
    [
        trusted("sts:AssumeRole"),
        trusted("sts:TagSession"),
        trusted(*ACTIONS, ArnEquals={"aws:SourceArn": "arn:aws:eks:eu-west-1:123456789012:cluster/another"}),
        trusted(*ACTIONS, StringEquals={"aws:RequestTag/kubernetes-service-account": "another"}),
        trust("ecs-tasks.amazonaws.com"),
    ],
    ids=["no tags", "no role", "another cluster", "another account of the cluster", "another service"],
)
def test_a_role_that_does_not_trust_pods_is_not_the_pod_s(
    place: Place, role: Callable[..., str], document: str
) -> None:
    associate(place, "scoring", role("", trusted=document))
    see = "echo ${AWS_ACCESS_KEY_ID-none} $AWS_REGION"
    job = place.job("sh", "-c", see, pod={"serviceAccountName": "scoring"})
    assert log(place.run(job, log=LOGS).output)["log"] == f"none {place.aws.region}\n"


def test_a_pod_without_a_role_has_nothing_of_aws(place: Place) -> None:
    assert written(place, "sh", "-c", "echo ${AWS_ACCESS_KEY_ID-none} ${AWS_REGION-nowhere}") == "none nowhere\n"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"kind": "Secret"}, "Secret: apiVersion: it says none"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, "the sandbox has no use for it"),
        ({**secret("x"), "data": {"k": "not base64"}}, "Secret x: data.k is not text in base64"),
        ({**secret("x"), "words": {}}, 'Secret x: strict decoding error: unknown field "words"'),
        ({**secret("x"), "metadata": {"name": "x", "namespace": "nowhere"}}, "there is no namespace 'nowhere'"),
    ],
)
def test_what_is_no_object_is_not_applied(place: Place, document: dict[str, Any], what: str) -> None:
    with pytest.raises(SandboxError, match=what):
        place.apply(document)
