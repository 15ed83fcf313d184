"""The secrets of a container, fetched with the execution role as the container agent does.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sandbox.errors import TaskStartError
from sandbox.identity import RoleNotAssumable

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_FAILED = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
_FROM_SECRETS_MANAGER = _FAILED + "unable to retrieve secret from asm: service call has been retried 1 time(s): "
_FROM_SSM = _FAILED + "unable to retrieve secrets from ssm: service call has been retried 1 time(s): "


class TaskSecrets:
    """Reads secrets for one task.

    Args:
        aws: the local AWS.
        execution_role: ARN of the task's execution role.
        task_arn: the task.
    """

    principal = "ecs-tasks.amazonaws.com"

    def __init__(self, aws: LocalAws, execution_role: str, task_arn: str) -> None:
        self._aws = aws
        self._role = execution_role
        self._task_arn = task_arn
        self._session_name = task_arn.rsplit("/", 1)[-1]

    def value(self, reference: str) -> str:
        """The text of a secret by its `valueFrom`: an ARN of Secrets Manager, or a name or ARN of SSM.

        Raises:
            TaskStartError: there is none, or the execution role may not read it. The text of a secret is not in it.
        """
        if ":secretsmanager:" in reference:
            return self._secrets_manager_value(reference)
        return self._parameter_value(reference)

    def _secrets_manager_value(self, reference: str) -> str:
        # After the seven parts of the ARN may follow a JSON key, a version stage and a version id.
        parts = reference.split(":")
        arn, key, stage, version = ":".join(parts[:7]), *[*parts[7:], "", "", ""][:3]
        request = {"SecretId": arn, "VersionStage": stage, "VersionId": version}
        try:
            with self._client("secretsmanager") as client:
                answer = client.get_secret_value(**{k: v for k, v in request.items() if v})
        except ClientError as error:
            failed = f"failed to fetch secret {arn} from secrets manager: "
            raise TaskStartError(_FROM_SECRETS_MANAGER + failed + _said(error)) from error
        text = answer.get("SecretString")
        if text is None:
            raise TaskStartError(f"{_FROM_SECRETS_MANAGER}secret {arn} has no text")
        return text if not key else _json_value(text, key)

    def _parameter_value(self, reference: str) -> str:
        try:
            with self._client("ssm") as client:
                answer = client.get_parameters(Names=[reference], WithDecryption=True)
        except ClientError as error:
            raise TaskStartError(_FROM_SSM + _said(error)) from error
        if answer["InvalidParameters"]:
            raise missing_secret(reference)
        return answer["Parameters"][0]["Value"]

    def _client(self, service: str) -> AbstractContextManager[Any]:
        """A client that is closed afterwards: each task has a session of its own, and none is asked again."""
        try:
            client = self._aws.identity.passing_client(
                service, self._role, self.principal, session_name=self._session_name, source_arn=self._task_arn
            )
        except RoleNotAssumable as error:
            raise TaskStartError(f"{_FAILED}{error}") from error
        return closing(client)


def missing_secret(reference: str) -> TaskStartError:
    """What ECS says of a secret that does not exist, by its `valueFrom`."""
    if ":secretsmanager:" not in reference:
        return TaskStartError(f"{_FROM_SSM}invalid ssm parameters: {reference}")
    arn = ":".join(reference.split(":")[:7])
    failed = f"failed to fetch secret {arn} from secrets manager: ResourceNotFoundException: "
    return TaskStartError(f"{_FROM_SECRETS_MANAGER}{failed}Secrets Manager can't find the specified secret.")


def throttled_secret(reference: str) -> TaskStartError:
    """What ECS says of a secret whose service takes no more calls, by its `valueFrom`."""
    context = _FROM_SECRETS_MANAGER if ":secretsmanager:" in reference else _FROM_SSM
    return TaskStartError(f"{context}ThrottlingException: Rate exceeded")


def _said(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"


def _json_value(text: str, key: str) -> str:
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        missing = f"retrieved secret from Secrets Manager did not contain json key {key}"
        raise TaskStartError(_FROM_SECRETS_MANAGER + missing) from None
    return value if isinstance(value, str) else json.dumps(value)
