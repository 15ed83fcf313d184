"""The attempts of a run: which task each was, how it ended, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

GOES_ON = "RUNNING"
"""The outcome of an attempt that has not ended."""
ABANDONED = "ABORTED"
"""The outcome of an attempt whose execution ended before it."""

# As definitions/verdict.py calls them, and as an attempt has them.
_TASK_FACTS = {
    "taskArn": "TaskArn",
    "requestId": "RequestId",
    "kubernetesJob": "KubernetesJob",
    "startedAt": "StartedAt",
    "stoppedAt": "StoppedAt",
    "logGroup": "LogGroup",
    "logStream": "LogStream",
    "log": "Log",
}

Key = tuple[str | None, int | None, str | None, int]
"""What tells the attempts of a run apart: step, index, child execution, number."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One start of a task of the job. What AWS told nothing about is None.

    Attributes:
        number: 1, 2, ... of the job; of a job with steps, of the step and its item.
        step: whose task it was, of a job with steps or a count.
        index: of the item, counted from 0, where the step runs for each of several; None where a task got several.
        child: the ARN of the execution of its own that the item, or several of them, had in a map run.
        outcome: SUCCEEDED, one of the errors that a failed run has (`Job.ExitedNonZero`, ...), GOES_ON or ABANDONED.
        requested: when ECS was asked for the task; for one that could not even be asked for, when that was clear.
        ended: when its end was known.
        task: the ECS task as it was last told of, in PascalCase as Step Functions writes it; empty without one. Of a
            Lambda function what was told of its invocation: FunctionArn, WaitedSeconds, RequestId, LogGroup, LogStream,
            StartedAt, StoppedAt; of a Job in a cluster: KubernetesJob, StartedAt, StoppedAt, Log, MayRunOn.
        exit_code: of the job's container.
        stop_code: ECS's own, such as `SpotInterruption`.
        reason: ECS's words for why it stopped or did not start.
        start_error: the error's name where RunTask failed.
    """

    number: int
    step: str | None = None
    index: int | None = None
    child: str | None = None
    outcome: str
    requested: datetime
    ended: datetime | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    stop_code: str | None = None
    reason: str | None = None
    start_error: str | None = None

    @property
    def key(self) -> Key:
        return self.step, self.index, self.child, self.number

    @property
    def task_arn(self) -> str | None:
        return self.task.get("TaskArn")

    @property
    def function_arn(self) -> str | None:
        """The version of the Lambda function that was invoked."""
        return self.task.get("FunctionArn")

    @property
    def request_id(self) -> str | None:
        """Of its invocation."""
        return self.task.get("RequestId")

    @property
    def kubernetes_job(self) -> str | None:
        """`namespace/name` of the Job in the cluster."""
        return self.task.get("KubernetesJob")

    @property
    def kept_lines(self) -> tuple[str, ...]:
        """The last lines of its log, where they are kept with the execution: of a Job in a cluster."""
        return tuple(str(self.task.get("Log", "")).splitlines())

    @property
    def task_id(self) -> str | None:
        return self.task_arn.rpartition("/")[2] if self.task_arn else None

    def time(self, key: str) -> datetime | None:
        """A time of the task: CreatedAt, PullStartedAt, PullStoppedAt, StartedAt, StoppedAt."""
        return moment(self.task.get(key))


def with_task(attempt: Attempt, task: Mapping[str, Any]) -> Attempt:
    """An attempt with what DescribeTasks says of its task now, in PascalCase."""
    told = {key: value for key, value in told_by(task).items() if value is not None}
    return replace(attempt, task=task, **(told if attempt.outcome in (GOES_ON, ABANDONED, "Job.TimedOut") else {}))


def told_by(task: Mapping[str, Any]) -> dict[str, Any]:
    """What a task says of its own end."""
    containers = task.get("Containers") or [{}]
    reasons = dict.fromkeys(filter(None, (task.get("StoppedReason"), containers[0].get("Reason"))))
    return {
        "exit_code": containers[0].get("ExitCode"),
        "stop_code": task.get("StopCode"),
        "reason": "; ".join(reasons) or None,
    }


def moment(value: Any) -> datetime | None:
    """A time as AWS writes it in a task: a datetime, milliseconds or seconds since 1970, or ISO text."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parsed(text: Any) -> dict[str, Any]:
    """An object that was written as JSON; empty for anything else."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def task_facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's own facts tell of the task of an attempt, by the keys that it has in `Attempt.task`."""
    return {key: told[name] for name, key in _TASK_FACTS.items() if isinstance(told.get(name), str)}
