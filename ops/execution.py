"""An execution in a few words, as lists tell of many at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ops.task_changes import run_name

FAILED_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
"""Step Functions' statuses of an execution that did not do its work."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution in a few words, or a task without a state machine.

    Attributes:
        arn: its ARN.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; SKIPPED where its output was read. ListExecutions takes
            a skipped run for one that succeeded.
        started: when.
        stopped: when it ended; None while it runs.
        trigger: what started it, as its input says; None where that was not read.
    """

    arn: str
    status: str
    started: datetime
    stopped: datetime | None
    # What the ledger tells of it is the same execution as what a list does not.
    trigger: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return run_name(self.arn)

    @property
    def goes_on(self) -> bool:
        return self.status == "RUNNING"

    @property
    def failed(self) -> bool:
        return self.status in FAILED_STATUSES

    @property
    def is_by_event(self) -> bool:
        """Whether another job's end, a step of one or an object started it, whatever the schedule did."""
        return self.trigger in ("job", "step", "object")

    @property
    def duration(self) -> timedelta | None:
        return self.stopped - self.started if self.stopped else None


def newest_first(found: Iterable[Execution]) -> list[Execution]:
    """Executions by their start."""
    return sorted(found, key=lambda execution: execution.started, reverse=True)
