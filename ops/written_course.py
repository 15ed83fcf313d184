"""The course of an execution that Step Functions knows no more: what its end tells of its last attempt."""

from __future__ import annotations

from typing import Any

from ops.attempts import Attempt, moment, task_facts
from ops.course import Course
from ops.ledger import Change, told_run
from ops.runs import end_facts


def written_course(change: Change) -> Course:
    """The course that the last change of an execution tells; without an attempt where that tells of none, as of a run
    that was stopped, or that succeeded with steps."""
    run, facts = told_run("", change), end_facts(change)
    ended = run.stopped or run.started
    attempts: tuple[Attempt, ...] = ()
    if run.attempts is not None:
        task = task_facts(facts)
        last = Attempt(
            number=run.attempts + (run.start_retries or 0),
            step=run.step,
            outcome=run.error or run.status,
            requested=_time(task.get("StartedAt")) or run.started,
            ended=_time(task.get("StoppedAt")) or ended,
            task=task,
            exit_code=run.exit_code,
            stop_code=facts["stopCode"] if isinstance(facts.get("stopCode"), str) else None,
            reason=facts["reason"] if isinstance(facts.get("reason"), str) else None,
        )
        attempts = (last,)
    return Course(attempts=attempts, state=None, state_since=None, last_event=ended, forgotten=True)


def _time(value: Any) -> Any:
    found = moment(value)
    return found if found is not None and found.tzinfo else None
