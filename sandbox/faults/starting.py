"""Faults of a task's start: RunTask has accepted it, and its container never runs.

The texts are those of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.errors import TaskStartError
from sandbox.faults.fault import Fault

_NO_MANIFEST = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
# Of the block for documentation, since it is nobody's: https://www.rfc-editor.org/rfc/rfc5737
_REGISTRY = "192.0.2.1:443"


@dataclass(kw_only=True, eq=False)
class FailPull(Fault):
    """The image cannot be pulled: the task stops with TaskFailedToStart, no startedAt and no exit code.

    Args:
        because: `missing`: the registry has no such image, which does not heal; `timeout`: the registry was not
            reached in time, which may pass.
            https://github.com/ActionIQ/terraform-aws-retool-ecs-fargate/issues/20
    """

    because: Literal["missing", "timeout"] = "timeout"

    def error(self, family: str, container: Mapping[str, Any]) -> TaskStartError | None:
        """Why this container definition of a task does not start; None lets it start."""
        if not self.strikes(family):
            return None
        image = container["image"]
        if self.because == "missing":
            return TaskStartError(f"{_NO_MANIFEST}{image}: not found")
        host, _, path = image.partition("/")
        name, _, reference = path.partition("@") if "@" in path else path.partition(":")
        request = f'Head "https://{host}/v2/{name}/manifests/{reference or "latest"}"'
        return TaskStartError(
            f"{_NO_MANIFEST}{image}: failed to do request: {request}: dial tcp {_REGISTRY}: i/o timeout"
        )


@dataclass(kw_only=True, eq=False)
class LoseSecret(Fault):
    """The first secret of a container that has any is not to be had: the task stops with TaskFailedToStart.

    Of a function each call that reads a secret is met by itself.

    Args:
        because: `missing`: it does not exist, which does not heal; `throttled`: its service takes no more calls, which
            may pass.
    """

    because: Literal["missing", "throttled"] = "missing"

    def error(self, family: str, container: Mapping[str, Any]) -> TaskStartError | None:
        """Why this container definition of a task does not start; None lets it start."""
        # Not above: it would make every command wait for botocore.
        from sandbox.task_secrets import missing_secret, throttled_secret

        secrets = container.get("secrets")
        if not secrets or not self.strikes(family):
            return None
        reference = secrets[0]["valueFrom"]
        return missing_secret(reference) if self.because == "missing" else throttled_secret(reference)
