"""How each step of a run went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

NOT_NEEDED = "NOT_NEEDED"
"""The status of a step whose `when` was not true."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """How it went with what a step runs for. Failed ones timed out, too; aborted ones were stopped with the step."""

    total: int
    succeeded: int
    failed: int
    running: int
    aborted: int

    @property
    def pending(self) -> int:
        """How many have not begun."""
        return max(self.total - self.succeeded - self.failed - self.running - self.aborted, 0)


@dataclass(frozen=True, kw_only=True)
class InnerRun:
    """A run of another job that a step started.

    Attributes:
        arn: its ARN; None where Step Functions did not start it.
        status: as that of any run: RUNNING, SUCCEEDED, SKIPPED, FAILED, TIMED_OUT, ABORTED.
        index: of the item, in a step that runs for each of several.
    """

    arn: str | None
    status: str
    index: int | None = None


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """A step.

    Attributes:
        name: its name; of a job with a count `task`.
        within: the step within whose `parallel` it is.
        status: NOT_NEEDED, RUNNING, SUCCEEDED, FAILED, or ABORTED where what it is in ended first.
        started, ended: when; None where it has not.
        items: of a step that runs for each of several.
        map_run: the ARN of the map run in which those are executions of their own.
        runs: of a step that runs another job.
        result: JSON text of its result; None where it left none that is known.
        error: the error with which it failed; None where nothing tells.
    """

    name: str
    within: str | None
    status: str
    started: datetime | None
    ended: datetime | None
    items: Items | None
    map_run: str | None
    runs: tuple[InnerRun, ...]
    result: str | None
    error: str | None
