"""Jobs, and what ECS and Step Functions say of their tasks."""

import json
from typing import Any

from spec.job import JobSpec
from tests.definitions.walker import Failure

TASK_ARN = "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0123456789abcdef"
LOG_GROUP = "/longhaul/longhaul/dev/nightly-0a1b2c3"


def job(**fields: Any) -> JobSpec:
    """A job that says nothing beyond what it must, and these fields. Its runs may overlap unless they say otherwise."""
    said = {"name": "nightly", "image": "public.ecr.aws/docker/library/alpine:3.22", "overlap": "allow"}
    return JobSpec.model_validate({**said, **fields})


def task(exit_code: int | None = 0, **fields: Any) -> dict[str, Any]:
    """An ECS Task as Step Functions hands it over: PascalCase, times as milliseconds since 1970.

    Fields that are given as None are left out.
    """
    whole = {
        "TaskArn": TASK_ARN,
        "LastStatus": "STOPPED",
        "StopCode": "EssentialContainerExited",
        "StoppedReason": "Essential container in task exited",
        "CreatedAt": 1795490100000,
        "StartedAt": 1795490160000,
        "StoppedAt": 1795490220000,
        "Containers": [{"Name": "job", "LastStatus": "STOPPED", "ExitCode": exit_code}],
        **fields,
    }
    if exit_code is None and "Containers" not in fields:
        del whole["Containers"][0]["ExitCode"]
    return {key: value for key, value in whole.items() if value is not None}


def failed(exit_code: int | None = None, **fields: Any) -> Failure:
    """`ecs:runTask.sync` when a task ended badly: the Cause is the Task as JSON text."""
    return Failure("States.TaskFailed", json.dumps(task(exit_code, **fields), separators=(",", ":")))
