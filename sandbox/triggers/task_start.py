"""Runs a target's ECS task with the credentials of the target's role.

What EventBridge and Scheduler make of the answer:

- A refusal is the end of it, but for throttling and ECS's own errors, which are tried again.
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- An answer with `failures` and no task, such as for want of capacity, is HTTP's 200: nothing is tried again, nothing is
  kept as a dead letter, and nobody is told. AWS documents neither that nor the reverse, and whoever has met it found it
  in CloudTrail: https://github.com/aws/containers-roadmap/issues/1705 and
  https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity, which for retries advises Step Functions.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.identity import RoleNotAssumable
from sandbox.local_aws import LocalAws
from sandbox.triggers.deployed import Trigger
from sandbox.triggers.start import StartError, code_of, role_client, start_error

# No page says so; CloudTrail's records and DescribeTasks show both cut off so.
_LONGEST_STARTED_BY = 36
_STARTED_BY = {"events": "events-rule/", "scheduler": "chronos-schedule/"}
# The members of the two services' EcsParameters that RunTask has by the same name, with a small letter first.
_SAME = (
    "LaunchType", "CapacityProviderStrategy", "EnableECSManagedTags", "EnableExecuteCommand", "Group",
    "PlacementConstraints", "PlacementStrategy", "PlatformVersion", "PropagateTags", "ReferenceId",
)  # fmt: skip


class NothingStarted(Exception):  # noqa: N818 - says what RunTask did
    """RunTask answered and started nothing, which the trigger takes for a start: ECS's reason."""


def run_task(aws: LocalAws, trigger: Trigger, target: dict[str, Any], text: str | None) -> str:
    """Run the task of a target; returns its ARN.

    Args:
        aws: the sandbox.
        trigger: on whose behalf.
        target: the target: the cluster with its EcsParameters, and the role.
        text: the overrides as JSON; None for none.

    Raises:
        StartError: RunTask was refused.
        NothingStarted: it was not, and there is no task.
    """
    from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError

    try:
        client = role_client(aws, "ecs", trigger, target)
        answer = client.run_task(**request_of(trigger, target, text))
    except RoleNotAssumable as error:
        code = code_of(trigger, "FAILED_TO_ASSUME_ROLE", "AccessDeniedException")
        raise StartError(code, str(error), False) from None
    except ParamValidationError as error:
        code = code_of(trigger, "INVALID_PARAMETER", "ValidationException")
        raise StartError(code, " ".join(str(error).split()), False) from None
    except (ClientError, HTTPClientError) as error:
        raise start_error(trigger, error) from None
    if not answer["tasks"]:
        raise NothingStarted(", ".join(failure["reason"] for failure in answer["failures"]))
    return answer["tasks"][0]["taskArn"]


def request_of(trigger: Trigger, target: dict[str, Any], text: str | None) -> dict[str, Any]:
    """The request of RunTask that a trigger makes; raises StartError for overrides that are none."""
    given = target["EcsParameters"]
    request = {_small(name): given[name] for name in _SAME if name in given}
    if network := given.get("NetworkConfiguration", {}).get("awsvpcConfiguration"):
        configuration = {_small(name): value for name, value in network.items()}
        request["networkConfiguration"] = {"awsvpcConfiguration": configuration}
    if text is not None:
        request["overrides"] = _overrides(trigger, text)
    return {
        "cluster": target["Arn"],
        "taskDefinition": given["TaskDefinitionArn"],
        "count": 1,
        "startedBy": f"{_STARTED_BY[trigger.service]}{trigger.name}"[:_LONGEST_STARTED_BY],
        **request,
    }


def _overrides(trigger: Trigger, text: str) -> dict[str, Any]:
    try:
        overrides = json.loads(text)
    except ValueError as error:
        raise StartError(code_of(trigger, "INVALID_JSON", "ValidationException"), str(error), False) from None
    if not isinstance(overrides, dict):
        code = code_of(trigger, "INVALID_PARAMETER", "ValidationException")
        raise StartError(code, "The input of an ECS task is the overrides of RunTask, an object.", False)
    return overrides


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
