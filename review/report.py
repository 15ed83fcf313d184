"""What a review finds: plain data, one object for each stack. Empty where nothing differs."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from spec.model import Loc

Kind = Literal["added", "removed", "changed"]


class Unset(Enum):
    """The value of a field that is not there."""

    UNSET = "not set"


UNSET = Unset.UNSET


@dataclass(frozen=True)
class FieldChange:
    """One field in YAML's terms, before and after; UNSET where it is not there."""

    loc: Loc
    old: Any
    new: Any


@dataclass(frozen=True)
class Timetable:
    """A schedule, and the runs it starts next in UTC: none when it is not enabled, or fires no more."""

    expression: str
    timezone: str
    words: str
    enabled: bool
    runs: tuple[datetime, ...]


@dataclass(frozen=True)
class ScheduleChange:
    """When a job runs, before and after; None: by no schedule, or no such job."""

    before: Timetable | None
    after: Timetable | None


@dataclass(frozen=True)
class OverlapChange:
    """What becomes of a run that meets another one, in words, before and after; None: no such job."""

    before: str | None
    after: str


@dataclass(frozen=True)
class Grant:
    """What one role or queue policy says: `who` (such as "task role") may, or with Deny may not, do what.

    `condition` is in words, empty when there is none.
    """

    who: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str = ""


@dataclass(frozen=True)
class GrantChange:
    """IAM statements gained and lost."""

    gained: tuple[Grant, ...] = ()
    lost: tuple[Grant, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost)


@dataclass(frozen=True)
class Growth:
    """A task gets more of something: `what` is the field, `unit` that of both amounts."""

    what: str
    unit: str
    old: int
    new: int

    @property
    def factor(self) -> float:
        """New by old."""
        return self.new / self.old


@dataclass(frozen=True)
class MoveLine:
    """One thing that differs between two places to run in, in words."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Move:
    """A job gets another place to run in.

    `before`, `after`: the places. `lines`: what differs between them. `notes`: what of the job has no effect in the new
    one, or comes near a limit. `prices`: which ones the costs are at, None where no costs are told.
    """

    before: str
    after: str
    lines: tuple[MoveLine, ...]
    notes: tuple[str, ...]
    prices: str | None


@dataclass(frozen=True, kw_only=True)
class JobReview:
    """What differs in one job. Of an added job, `changes` are the fields that are not as by default.

    `build_files`: files that differ in what the image is built from, relative to the repository.
    """

    name: str
    kind: Kind
    changes: tuple[FieldChange, ...] = ()
    schedule: ScheduleChange | None = None
    overlap: OverlapChange | None = None
    move: Move | None = None
    grants: GrantChange = GrantChange()
    growth: tuple[Growth, ...] = ()
    build_files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StackReview:
    """What differs in one stack; `kind` is None when nothing does.

    `settings`: what the stack says beside its jobs. `grants`: those of the roles that its jobs share.
    `warnings`: of the stack as it becomes, those that did not hold before. `keeps_logs`: of the stack as it was.
    """

    stack: str
    kind: Kind | None
    settings: tuple[FieldChange, ...] = ()
    grants: GrantChange = GrantChange()
    jobs: tuple[JobReview, ...] = ()
    warnings: tuple[str, ...] = ()
    keeps_logs: bool = False


@dataclass(frozen=True, kw_only=True)
class StackMistakes:
    """A stack that cannot be compared: what is wrong with it in each revision, a line for each mistake."""

    stack: str
    base: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
