"""What the execution role must be allowed before a container starts: image, log stream, secrets."""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import BuildContext
from tests.sandbox.conftest import TaskPlace, policy, trust

LOG_RIGHTS = ["logs:CreateLogStream", "logs:PutLogEvents"]
PULL_RIGHTS = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
SECRET = "s3cr3t-of-the-test"


@pytest.fixture
def acting(place: TaskPlace, role: Callable[..., str]) -> Callable[..., TaskPlace]:
    """The place with an execution role that has these grants beside, or instead of, writing its log."""

    def act(*grants: tuple[str | list[str], str], log_rights: list[str] = LOG_RIGHTS, **condition: Any) -> TaskPlace:
        group = f"arn:aws:logs:{place.aws.region}:{place.aws.account}:log-group:{place.log_group}:*"
        rights = [policy((log_rights, group))] if log_rights else []
        document = [policy(*grants, **condition)] if grants else []
        return dataclasses.replace(place, execution_role=role("ecs-tasks.amazonaws.com", *rights, *document))

    return act


def failure(place: TaskPlace, **container: Any) -> str:
    """The reason with which a task does not start."""
    task = place.finish(place.run(place.register("true", **container)))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "startedAt" not in task
    assert "exitCode" not in task["containers"][0]
    assert SECRET not in str(task)
    return task["stoppedReason"]


def value(place: TaskPlace, value_from: str) -> str:
    """What a container gets as a secret."""
    command = ("sh", "-c", "echo $SECRET")
    definition = place.register(*command, secrets=[{"name": "SECRET", "valueFrom": value_from}])
    task_arn = place.run(definition)
    assert place.finish(task_arn)["containers"][0].get("exitCode") == 0, place.describe(task_arn)["stoppedReason"]
    return place.lines(task_arn)[0]


def secret_failure(place: TaskPlace, value_from: str) -> str:
    return failure(place, secrets=[{"name": "SECRET", "valueFrom": value_from}])


def repository_image(place: TaskPlace, folder: Path) -> str:
    (folder / "Dockerfile").write_text('FROM alpine\nENTRYPOINT ["echo", "ran"]\n')
    uri = f"{place.aws.account}.dkr.ecr.{place.aws.region}.amazonaws.com/{place.cluster}:1"
    place.aws.images.register(uri, BuildContext(folder, folder / "Dockerfile"))
    return uri


class TestImages:
    def rights(self, place: TaskPlace, left_out: str = "") -> list[tuple[str | list[str], str]]:
        repository = f"arn:aws:ecr:{place.aws.region}:{place.aws.account}:repository/{place.cluster}"
        rights = [("ecr:GetAuthorizationToken", "*"), *((action, repository) for action in PULL_RIGHTS)]
        return [right for right in rights if right[0] != left_out]

    def test_these_rights_are_enough(self, place: TaskPlace, acting: Callable[..., TaskPlace], tmp_path: Path) -> None:
        able = acting(*self.rights(place))
        assert (
            able.finish(able.run(able.register(image=repository_image(able, tmp_path))))["containers"][0]["exitCode"]
            == 0
        )

    @pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", *PULL_RIGHTS])
    def test_each_right_is_needed(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], tmp_path: Path, action: str
    ) -> None:
        reason = failure(acting(*self.rights(place, left_out=action)), image=repository_image(place, tmp_path))
        begins = "ResourceInitializationError: unable to pull secrets or registry auth: "
        assert reason.startswith(begins if action == "ecr:GetAuthorizationToken" else "CannotPullContainerError: ")
        assert f"is not authorized to perform: {action} on resource: " in reason

    @pytest.mark.parametrize(
        "host",
        ["dkr.ecr.{}.amazonaws.com", "dkr.ecr-fips.{}.amazonaws.com", "dkr-ecr.{}.on.aws", "dkr-ecr-fips.{}.on.aws"],
    )
    def test_by_whatever_host_the_registry_is_named(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], host: str
    ) -> None:
        """https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html"""
        uri = f"{place.aws.account}.{host.format(place.aws.region)}/{place.cluster}:1"
        able, unable = acting(*self.rights(place)), acting(*self.rights(place, left_out="ecr:BatchGetImage"))
        assert able.finish(able.run(able.register("true", image=uri)))["containers"][0]["exitCode"] == 0
        assert "is not authorized to perform: ecr:BatchGetImage on resource: " in failure(unable, image=uri)

    def test_another_repository_is_out_of_reach(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], tmp_path: Path
    ) -> None:
        reason = failure(acting(*self.rights(place)), image=repository_image(place, tmp_path).replace(":1", "-other:1"))
        assert reason.startswith("CannotPullContainerError: ")


class TestLogs:
    def test_no_right_to_create_the_stream(self, acting: Callable[..., TaskPlace]) -> None:
        reason = failure(acting(log_rights=["logs:PutLogEvents"]))
        assert reason.startswith("ResourceInitializationError: failed to validate logger args: ")
        assert "AccessDeniedException" in reason
        assert "logs:CreateLogStream" in reason

    def test_no_such_group(self, place: TaskPlace, acting: Callable[..., TaskPlace]) -> None:
        able = acting()
        place.aws.client("logs").delete_log_group(logGroupName=place.log_group)
        reason = failure(able)
        assert reason.startswith("ResourceInitializationError: failed to validate logger args: ")
        assert "ResourceNotFoundException: The specified log group does not exist" in reason

    def test_what_may_not_be_written_is_lost(self, acting: Callable[..., TaskPlace]) -> None:
        able = acting(log_rights=["logs:CreateLogStream"])
        task_arn = able.run(able.register("echo", "lost"))
        assert able.finish(task_arn)["containers"][0]["exitCode"] == 0
        assert able.lines(task_arn) == []

    def test_a_role_that_no_longer_trusts_tasks(self, place: TaskPlace, role: Callable[..., str]) -> None:
        able = dataclasses.replace(place, task_role=role("ecs-tasks.amazonaws.com"))
        definition = able.register("true")
        able.aws.client("iam").update_assume_role_policy(
            RoleName=able.task_role.rsplit("/", 1)[-1], PolicyDocument=trust("lambda.amazonaws.com")
        )
        assert able.aws.identity.trusts(able.task_role, "ecs-tasks.amazonaws.com") is False
        with pytest.raises(Exception, match="ECS was unable to assume the role"):
            able.run(definition)


class TestSecretsManager:
    @pytest.fixture
    def secret_arn(self, place: TaskPlace) -> str:
        text = json.dumps({"password": SECRET, "port": 5432})
        client = place.aws.client("secretsmanager")
        return client.create_secret(Name=f"{place.cluster}/login", SecretString=text)["ARN"]

    def named(self, place: TaskPlace) -> str:
        """The ARN without its suffix, as a stack that knows only the name writes it."""
        return f"arn:aws:secretsmanager:{place.aws.region}:{place.aws.account}:secret:{place.cluster}/login"

    def test_a_whole_secret_and_one_value_of_it(self, acting: Callable[..., TaskPlace], secret_arn: str) -> None:
        able = acting(("secretsmanager:GetSecretValue", secret_arn))
        assert json.loads(value(able, secret_arn)) == {"password": SECRET, "port": 5432}
        assert value(able, f"{secret_arn}:password::") == SECRET
        assert value(able, f"{secret_arn}:port::") == "5432"

    def test_by_name_with_the_grant_that_fits_any_suffix(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], secret_arn: str
    ) -> None:
        able = acting(("secretsmanager:GetSecretValue", f"{self.named(place)}-??????"))
        assert value(able, f"{self.named(place)}:password::") == SECRET
        assert secret_arn.startswith(self.named(place))

    def test_the_beginning_of_a_name_is_no_name(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], secret_arn: str
    ) -> None:
        able = acting(("secretsmanager:GetSecretValue", "*"))
        assert "ResourceNotFoundException" in secret_failure(able, self.named(place)[:-2])
        assert secret_arn

    def test_no_right_to_read_it(self, acting: Callable[..., TaskPlace], secret_arn: str) -> None:
        reason = secret_failure(acting(), secret_arn)
        assert reason.startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
        assert "AccessDeniedException" in reason
        assert f"secretsmanager:GetSecretValue on resource: {secret_arn}" in reason

    def test_no_such_key(self, acting: Callable[..., TaskPlace], secret_arn: str) -> None:
        able = acting(("secretsmanager:GetSecretValue", secret_arn))
        assert "did not contain json key user" in secret_failure(able, f"{secret_arn}:user::")

    def test_a_customers_key_needs_the_right_to_decrypt(
        self, place: TaskPlace, acting: Callable[..., TaskPlace]
    ) -> None:
        key = place.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        client = place.aws.client("secretsmanager")
        arn = client.create_secret(Name=f"{place.cluster}/k", SecretString=SECRET, KmsKeyId=key)["ARN"]
        reason = secret_failure(acting(("secretsmanager:GetSecretValue", arn)), arn)
        assert f"kms:Decrypt on resource: {key}" in reason
        assert value(acting(("secretsmanager:GetSecretValue", arn), ("kms:Decrypt", key)), arn) == SECRET


class TestParameters:
    @pytest.mark.parametrize("kind", ["String", "SecureString"])
    @pytest.mark.parametrize("by", ["name", "arn"])
    def test_a_parameter_by_name_or_arn(
        self, place: TaskPlace, acting: Callable[..., TaskPlace], kind: str, by: str
    ) -> None:
        name = f"/{place.cluster}/login/password"
        place.aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type=kind)
        arn = f"arn:aws:ssm:{place.aws.region}:{place.aws.account}:parameter{name}"
        assert value(acting(("ssm:GetParameters", arn)), name if by == "name" else arn) == SECRET

    def test_no_right_to_read_it(self, place: TaskPlace, acting: Callable[..., TaskPlace]) -> None:
        name = f"/{place.cluster}/password"
        place.aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type="SecureString")
        reason = secret_failure(acting(), name)
        assert reason.startswith("ResourceInitializationError: unable to pull secrets or registry auth: ")
        assert "AccessDeniedException" in reason
        assert "ssm:GetParameters" in reason

    def test_no_such_parameter(self, acting: Callable[..., TaskPlace]) -> None:
        name = f"/nowhere-{secrets.token_hex(4)}"
        assert f"invalid ssm parameters: {name}" in secret_failure(acting(("ssm:GetParameters", "*")), name)

    def test_a_customers_key_needs_the_right_to_decrypt(
        self, place: TaskPlace, acting: Callable[..., TaskPlace]
    ) -> None:
        key, name = place.aws.client("kms").create_key()["KeyMetadata"]["Arn"], f"/{place.cluster}/k"
        place.aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type="SecureString", KeyId=key)
        assert f"kms:Decrypt on resource: {key}" in secret_failure(acting(("ssm:GetParameters", "*")), name)
        assert value(acting(("ssm:GetParameters", "*"), ("kms:Decrypt", key)), name) == SECRET


@pytest.mark.parametrize(
    ("key", "of_secret", "of_parameter"),
    [
        ("kms:ViaService", "secretsmanager.{region}.amazonaws.com", "ssm.{region}.amazonaws.com"),
        ("kms:CallerAccount", "{account}", "{account}"),
        ("kms:EncryptionContext:SecretARN", "{secret}", ""),
        ("kms:EncryptionContext:PARAMETER_ARN", "", "{parameter}"),
    ],
)
def test_the_right_to_decrypt_may_have_conditions(
    place: TaskPlace, acting: Callable[..., TaskPlace], key: str, of_secret: str, of_parameter: str
) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"""
    aws, name = place.aws, f"/{place.cluster}/k"
    kms_key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    manager = aws.client("secretsmanager")
    secret = manager.create_secret(Name=f"{place.cluster}/k", SecretString=SECRET, KmsKeyId=kms_key)["ARN"]
    aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type="SecureString", KeyId=kms_key)
    parameter = f"arn:aws:ssm:{aws.region}:{aws.account}:parameter{name}"
    known = {"region": aws.region, "account": aws.account, "secret": secret, "parameter": parameter}
    for reference, action, expected in (
        (secret, "secretsmanager:GetSecretValue", of_secret),
        (name, "ssm:GetParameters", of_parameter),
    ):
        right, other = (
            acting((action, "*"), ("kms:Decrypt", kms_key), StringEqualsIfExists={key: value})
            for value in (expected.format_map(known) or "anything", "another")
        )
        assert value(right, reference) == SECRET
        if expected:
            assert f"kms:Decrypt on resource: {kms_key}" in secret_failure(other, reference)


def test_no_connection_is_kept_for_a_task_that_got_its_secrets(
    place: TaskPlace, acting: Callable[..., TaskPlace]
) -> None:
    # Each task has a session of its own: a client kept for each would use up this process's files.
    name = f"/{place.cluster}/kept"
    place.aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type="String")
    able, kept = acting(("ssm:GetParameters", "*")), dict(place.aws.identity._clients)
    assert value(able, name) == SECRET
    assert place.aws.identity._clients == kept


def test_a_secret_is_not_in_the_environment_of_other_containers_nor_in_the_record(
    place: TaskPlace, acting: Callable[..., TaskPlace]
) -> None:
    name = f"/{place.cluster}/password"
    place.aws.client("ssm").put_parameter(Name=name, Value=SECRET, Type="SecureString")
    able = acting(("ssm:GetParameters", "*"))
    task_arn = able.run(able.register("true", secrets=[{"name": "PASSWORD", "valueFrom": name}]))
    assert SECRET not in str(able.finish(task_arn))
