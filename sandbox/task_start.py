"""What happens before a task's container starts: image, log stream and secrets, with the execution role's rights.

Whatever fails here stops the task with TaskFailedToStart and a reason that begins as AWS's does:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.errors import TaskStartError
from sandbox.identity import RoleNotAssumable
from sandbox.images import Image
from sandbox.task_secrets import TaskSecrets

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# A private registry's hosts: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<name>[^:@]+)"
)
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-pull-iam.html
_PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
_NO_TOKEN = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: "
)
_NO_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
_NO_STREAM = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
    "failed to create Cloudwatch log stream: "
)
_NO_PROCESS = (
    "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: failed to "
    "create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
)


@dataclass(frozen=True)
class Launch:
    """One container, ready to start: its command, working directory and whole environment."""

    command: tuple[str, ...]
    folder: Path
    # With the credentials of its role and the secrets of the job.
    environment: Mapping[str, str] = field(repr=False)


class TaskStarter:
    """Gets the containers of one task ready.

    Args:
        aws: the local AWS.
        task: MiniStack's record of the task.
        definition: its task definition.
        scratch: an empty folder of the task's own, the HOME of its containers.
    """

    def __init__(self, aws: LocalAws, task: Mapping[str, Any], definition: Mapping[str, Any], scratch: Path) -> None:
        self._aws = aws
        self._task_arn: str = task["taskArn"]
        self._family: str = definition["family"]
        self._session_name = self._task_arn.rsplit("/", 1)[-1]
        self._launch_type: str = task["launchType"]
        self._execution_role, self._task_role = task_roles(task["overrides"], definition)
        self._region = self._task_arn.split(":")[3]
        self._scratch = scratch

    def launch(self, container: Mapping[str, Any], override: Mapping[str, Any]) -> Launch:
        """What to start for a container definition and its override in RunTask; raises TaskStartError."""
        self._aws.faults.start_container(self._family, container)
        self._check_pull(container["image"])
        image = self._aws.images.find(container["image"])
        secrets = TaskSecrets(self._aws, self._execution_role, self._task_arn)
        environment = {
            **self._own_environment(),
            **(image.environment if image else {}),
            **_by_name(container.get("environment", ())),
            **{secret["name"]: secrets.value(secret["valueFrom"]) for secret in container.get("secrets", ())},
            **_by_name(override.get("environment", ())),
        }
        environment["PATH"] = search_path(environment.get("PATH", ""))
        # Last, so that no container finds this machine's AWS files or is led to an AWS outside.
        environment["HOME"] = str(self._scratch)
        environment["AWS_ENDPOINT_URL"] = self._aws.endpoint
        command = _command(container, override, image)
        if image is None:
            return Launch(command, self._scratch, environment)
        return Launch(tuple(image.here(word) for word in command), image.folder or self._scratch, environment)

    def create_log_stream(self, group: str, stream: str, region: str) -> bool:
        """Create the log stream of a container.

        Returns:
            Whether the execution role may write to it. As on AWS, what it may not write is lost.

        Raises:
            TaskStartError: the execution role may not create it, or there is no such log group.
        """
        from ministack.core.responses import request_scope
        from ministack.services import cloudwatch_logs

        arn = f"arn:aws:logs:{region}:{self._aws.account}:log-group:{group}:log-stream:{stream}"
        self._require("logs:CreateLogStream", arn, _NO_STREAM + "AccessDeniedException: ")
        with request_scope(self._aws.account, region):
            request = {"logGroupName": group, "logStreamName": stream}
            status, _headers, body = cloudwatch_logs._create_log_stream(request)
        if status != 200:
            answer = json.loads(body)
            raise TaskStartError(f"{_NO_STREAM}{answer['__type']}: {answer['message']}")
        return self._aws.identity.allowed(self._execution_role, "logs:PutLogEvents", arn)

    def _own_environment(self) -> dict[str, str]:
        """What every container has from ECS: its region, and the credentials of its role alone."""
        environment = {
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EXECUTION_ENV": f"AWS_ECS_{self._launch_type}",
            # Without it an AWS client in a task with no role would ask the machine it runs on for one.
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self._task_role:
            try:
                credentials = self._aws.identity.credentials(
                    self._task_role,
                    "ecs-tasks.amazonaws.com",
                    session_name=self._session_name,
                    source_arn=self._task_arn,
                )
            except RoleNotAssumable as error:
                raise TaskStartError(f"ResourceInitializationError: {error}") from error
            environment["AWS_ACCESS_KEY_ID"] = credentials.access_key
            environment["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key
            environment["AWS_SESSION_TOKEN"] = credentials.session_token
        return environment

    def _check_pull(self, uri: str) -> None:
        match = _ECR_IMAGE.match(uri)
        if match is None:
            return
        self._require("ecr:GetAuthorizationToken", "*", _NO_TOKEN)
        repository = f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}"
        for action in _PULL_ACTIONS:
            self._require(action, repository, f"{_NO_PULL}{uri}: unexpected status: 403 Forbidden: ")

    def _require(self, action: str, resource: str, context: str) -> None:
        denial = self._aws.identity.denial(self._execution_role, action, resource, session_name=self._session_name)
        if denial is not None:
            raise TaskStartError(context + denial)


def task_roles(overrides: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[str, str]:
    """ARNs of a task's execution role and task role, "" for one that it has not."""
    execution_role = overrides.get("executionRoleArn") or definition.get("executionRoleArn")
    return execution_role or "", overrides.get("taskRoleArn") or definition.get("taskRoleArn") or ""


def start_failure(command: tuple[str, ...], error: OSError) -> TaskStartError:
    """What AWS says of a container whose process could not be started."""
    if isinstance(error, FileNotFoundError):
        reason = "no such file or directory" if "/" in command[0] else "executable file not found in $PATH"
    else:
        reason = (error.strerror or str(error)).lower()
    return TaskStartError(f'{_NO_PROCESS}exec: "{command[0]}": {reason}: unknown')


def _command(container: Mapping[str, Any], override: Mapping[str, Any], image: Image | None) -> tuple[str, ...]:
    """ENTRYPOINT and CMD as Docker puts them together: an entry point of the definition drops the image's CMD."""
    entry_point = tuple(container.get("entryPoint") or ())
    command = tuple(override.get("command") or container.get("command") or ())
    if image is None and not entry_point + command:
        raise TaskStartError(f"{_NO_PULL}{container['image']}: not found")
    if image is not None and not entry_point:
        entry_point, command = image.entry_point, command or image.command
    if not entry_point + command:
        raise TaskStartError(f"CannotCreateContainerError: no command specified for the image {container['image']}")
    return entry_point + command


def search_path(image_path: str) -> str:
    """A container's PATH: this Python's folder, the image's PATH, this machine's (here are no programs of an image)."""
    folders = [str(Path(sys.executable).parent), *image_path.split(":"), *os.environ.get("PATH", os.defpath).split(":")]
    return ":".join(dict.fromkeys(filter(None, folders)))


def _by_name(variables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {variable["name"]: variable.get("value", "") for variable in variables}
