"""The attempts of a run, read from the history of its execution: which task each was, how it ended, and when.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws
from ops.errors import AwsError

_ENDS = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
}
GOES_ON = "RUNNING"
"""The outcome of an attempt that has not ended."""
ABANDONED = "ABORTED"
"""The outcome of an attempt whose execution ended before it."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One start of the job's task. What AWS told nothing about is None.

    Attributes:
        number: 1, 2, ...
        outcome: SUCCEEDED, one of the errors that a failed run has (`Job.ExitedNonZero`, ...), GOES_ON or ABANDONED.
        requested: when ECS was asked for the task; for one that could not even be asked for, when that was clear.
        ended: when its end was known.
        task: the ECS task as it was last told of, in PascalCase as Step Functions writes it; empty without one.
        exit_code: of the job's container.
        stop_code: ECS's own, such as `SpotInterruption`.
        reason: ECS's words for why it stopped or did not start.
        start_error: the error's name where RunTask failed.
    """

    number: int
    outcome: str
    requested: datetime
    ended: datetime | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    stop_code: str | None = None
    reason: str | None = None
    start_error: str | None = None

    @property
    def task_arn(self) -> str | None:
        return self.task.get("TaskArn")

    @property
    def task_id(self) -> str | None:
        return self.task_arn.rpartition("/")[2] if self.task_arn else None

    def time(self, key: str) -> datetime | None:
        """A time of the task: CreatedAt, PullStartedAt, PullStoppedAt, StartedAt, StoppedAt."""
        return moment(self.task.get(key))


@dataclass(frozen=True, kw_only=True)
class Course:
    """What the history of an execution tells.

    Attributes:
        attempts: in their order.
        state: the state that a run which goes on is in; None for one that has ended.
        state_since: since when.
        last_event: when something last happened.
    """

    attempts: tuple[Attempt, ...]
    state: str | None
    state_since: datetime | None
    last_event: datetime


def read_course(aws: Aws, execution_arn: str) -> Course:
    """The course of a run up to now; a call for each thousand events. Raises botocore's errors."""
    pages = (
        aws("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution_arn, PaginationConfig={"PageSize": 1000})
    )
    return course_of(event for page in pages for event in page["events"])


def course_of(events: Iterable[Mapping[str, Any]]) -> Course:
    """The course that the events of an execution tell, oldest first."""
    attempts: list[Attempt] = []
    state = since = last = None
    for event in events:
        kind, last = event["type"], event["timestamp"]
        if kind.endswith("StateEntered"):
            state, since = event["stateEnteredEventDetails"]["name"], last
        elif kind.startswith("Execution") and kind not in ("ExecutionStarted", "ExecutionRedriven"):
            state = since = None
            if attempts and attempts[-1].ended is None:
                attempts[-1] = replace(attempts[-1], outcome=ABANDONED, ended=last)
        if kind == "TaskStateExited":
            _record(attempts, event)
        else:
            _follow(attempts, event)
    if last is None:
        raise AwsError("AWS tells nothing of what happened in that run: its history is empty")
    return Course(attempts=tuple(attempts), state=state, state_since=since, last_event=last)


def _follow(attempts: list[Attempt], event: Mapping[str, Any]) -> None:
    """Follow a task of ECS from the request to its end."""
    kind, at = event["type"], event["timestamp"]
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    if details.get("resourceType") != "ecs" or not details.get("resource", "").startswith("runTask"):
        return
    if kind == "TaskScheduled":
        attempts.append(Attempt(number=len(attempts) + 1, outcome=GOES_ON, requested=at))
    elif not attempts:
        return
    elif kind == "TaskSubmitted":
        tasks = _parsed(details.get("output")).get("Tasks") or [{}]
        attempts[-1] = replace(attempts[-1], task=tasks[0])
    elif kind == "TaskSucceeded":
        attempts[-1] = _ended(attempts[-1], at, "SUCCEEDED", _parsed(details.get("output")))
    elif kind in _ENDS:
        attempts[-1] = _ended(
            attempts[-1], at, details.get("error", "States.TaskFailed"), _parsed(details.get("cause"))
        )


def _ended(attempt: Attempt, at: datetime, outcome: str, task: Mapping[str, Any]) -> Attempt:
    # A cause that is no task: RunTask's own answer, or text.
    task = task if "TaskArn" in task else attempt.task
    return replace(attempt, ended=at, outcome=outcome, task=task, **_told(task))


def _record(attempts: list[Attempt], event: Mapping[str, Any]) -> None:
    """Take over what the machine itself made of an attempt: the variable `run`."""
    variables = event["stateExitedEventDetails"].get("assignedVariables") or {}
    run = _parsed(variables.get("run"))
    if not str(run.get("outcome", "")).startswith(("Job.", "SUCCEEDED")):
        return
    same = attempts and run.get("taskArn") is not None and run["taskArn"] == attempts[-1].task_arn
    if not attempts or (attempts[-1].outcome.startswith("Job.") and not same):
        # ECS was not asked: its input is too large.
        attempts.append(Attempt(number=len(attempts) + 1, outcome="", requested=event["timestamp"]))
    attempts[-1] = replace(
        attempts[-1],
        ended=attempts[-1].ended or event["timestamp"],
        outcome=run["outcome"],
        exit_code=run.get("exitCode"),
        stop_code=run.get("stopCode"),
        reason=run.get("reason"),
        start_error=run.get("startError"),
    )


def with_task(attempt: Attempt, task: Mapping[str, Any]) -> Attempt:
    """An attempt with what DescribeTasks says of its task now, in PascalCase."""
    told = {key: value for key, value in _told(task).items() if value is not None}
    return replace(attempt, task=task, **(told if attempt.outcome in (GOES_ON, ABANDONED, "Job.TimedOut") else {}))


def _told(task: Mapping[str, Any]) -> dict[str, Any]:
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


def _parsed(text: Any) -> dict[str, Any]:
    """An object that was written as JSON; empty for anything else."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
