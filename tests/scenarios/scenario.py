"""The columns of the tables of scenarios, and the stretches of states that many runs pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from definitions import names
from tests.scenarios.stack import Fields
from tests.scenarios.steps import Step, start


@dataclass(frozen=True)
class Repeated:
    """States that are passed any number of times, in this order: how often a run looks depends on real time."""

    states: tuple[str, ...]


Path = Sequence[str | Repeated]


@dataclass(frozen=True, kw_only=True)
class End:
    """What is expected of a run.

    Attributes:
        outcome: the execution's error, the status in its output (SUCCEEDED, SKIPPED), or ABORTED.
        attempts, start_retries: what it tells of both budgets; None where it tells nothing.
        tasks: what each task that it started ran on, such as `on demand` or `spot`.
        path: the states that it passed.
        says: a part of its output, or of its cause.
        because: which run was in its way, of one that was skipped.
    """

    outcome: str
    attempts: int | None = None
    start_retries: int | None = None
    tasks: Sequence[str] = ()
    path: Path
    says: str = ""
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row.

    Attributes:
        name: what happens.
        jobs: the fields of its jobs, by what the steps call them.
        steps: what is done, in order; all runs go on to their ends afterwards.
        ends: what is expected of each run.
        order: runs whose tasks start in this order.
        left: the runs that are left in the line of the lock: dead ones, which the next run clears away.
    """

    name: str
    jobs: Mapping[str, Fields] = field(default_factory=lambda: {"job": {}})
    steps: Sequence[Step]
    ends: Mapping[str, End]
    order: Sequence[str] = ()
    left: Sequence[str] = ()

    @property
    def is_exclusive(self) -> bool:
        """Whether no two tasks of its runs may run at the same time: its jobs share a lock, or there is one of them."""
        return all(_policy(fields) != "allow" for fields in self.jobs.values())


def one_run(
    name: str,
    end: End,
    *,
    job: Fields | None = None,
    script: str = "exit 0",
    before: Sequence[Step] = (),
    after: Sequence[Step] = (),
    left: bool = False,
) -> Scenario:
    """A row of one run of one job with these fields."""
    return Scenario(
        name=name,
        jobs={"job": job or {}},
        steps=[*before, start(script=script), *after],
        ends={"run": end},
        left=["run"] if left else [],
    )


def _policy(fields: Fields) -> str:
    overlap = fields.get("overlap", "skip")
    return overlap if isinstance(overlap, str) else overlap["policy"]


def matches(path: Path, states: Sequence[str]) -> bool:
    """Whether a run that passed these states went that way."""

    def quoted(each: str | Repeated) -> str:
        if isinstance(each, str):
            return re.escape(each) + "\n"
        return f"(?:{''.join(quoted(state) for state in each.states)})*"

    return re.fullmatch("".join(map(quoted, path)), "".join(f"{state}\n" for state in states)) is not None


def names_of(path: Path) -> set[str]:
    """The states on a path."""
    return {state for each in path for state in ([each] if isinstance(each, str) else each.states)}


TRIES = (names.RUN, names.DECIDE)
STARTS = (names.TAKE, *TRIES)
STARTS_AGAIN = (names.WAIT_TO_START, *TRIES)
RETRIES = (names.WAIT_TO_RETRY, *TRIES)
SUCCEEDS = (names.RELEASE, names.SUCCEEDED)
FAILS = (names.RELEASE_FAILED, names.WHAT_FAILED)
LOOKS = (names.LOOK, names.ASK, names.TURN)
MEETS = (names.TAKE, *LOOKS)

FINDS_NONE = (names.LIST_TASKS, names.LEFT_OVER)
FINDS_SOME = (*FINDS_NONE, names.DESCRIBE_TASKS, names.LEFT_OVER)
SEARCHES = (names.SETTLE, *FINDS_NONE, names.SETTLE, *FINDS_SOME)
"""For tasks left over: none should run, and those that should stop have stopped."""
CLEARS = (*SEARCHES, names.CLEAR, *LOOKS)
