"""The course of a run that is one task: its only attempt, as ECS tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ops.attempts import Attempt, moment
from ops.course import Course
from ops.ledger import Change, started
from ops.task_outcome import exit_code, outcome_of, reason_of

_TIMES = ("CreatedAt", "PullStartedAt", "PullStoppedAt", "StartedAt", "StoppingAt", "StoppedAt")


def task_course(change: Change) -> Course:
    """The course of a task that a change tells of."""
    task: Mapping[str, Any] = change["task"]
    times = [time for key in _TIMES if (time := moment(task.get(key))) is not None and time.tzinfo]
    asked, last = started(change), max(times)
    ended = datetime.fromtimestamp(change["stopDate"] / 1000, UTC) if "stopDate" in change else None
    attempt = Attempt(
        number=1,
        outcome=outcome_of(task),
        requested=asked,
        ended=ended,
        task=task,
        exit_code=exit_code(task),
        stop_code=task.get("StopCode") if isinstance(task.get("StopCode"), str) else None,
        reason=reason_of(task),
    )
    return Course(
        attempts=(attempt,),
        state=task["LastStatus"] if ended is None else None,
        state_since=last if ended is None else None,
        last_event=max(last, ended or last),
    )
