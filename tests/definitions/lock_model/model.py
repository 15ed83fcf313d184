"""The lock's protocol as a small model: what there is to know of three runs, their line and their tasks, as one tuple.

A step is one call of AWS, atomic, as `steps.py` says; what the world may do between two of them is in `world.py`. Time
is not counted: an answer may be as old as it likes until somebody has waited, as the protocol's waits do, for what it
tells of to settle.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Policy = Literal["skip", "queue", "replace"]

Step = Literal[
    "new",  # not started
    "take",  # TransactWriteItems: stand in the empty line
    "look",  # BatchGetItem: the line, and who was started for the scheduled time
    "ask",  # DescribeExecution of the head's execution, and the decision
    "join",  # TransactWriteItems: stand at the end of the line
    "displace",  # TransactWriteItems: stand behind the head in the place of all who wait
    "stop",  # StopExecution of the head's execution
    "list running",  # ListTasks of those that should run, DescribeTasks
    "list stopped",  # ListTasks of those that should stop, DescribeTasks
    "confirm",  # UpdateItem that changes nothing: whether the head is still the dead run's
    "stop task",  # StopTask
    "clear",  # UpdateItem: take the dead head away
    "run",  # RunTask
    "running",  # waiting for the task
    "release",  # UpdateItem: take the own entry away
    "end",
]


class Entry(NamedTuple):
    """An entry of the line. A run makes at most one a life, so the time it was made is left out."""

    run: int
    redrives: int


class Run(NamedTuple):
    """An execution.

    Attributes:
        life: 0 not started, 1 running, 2 ended, 3 redriven and running, 4 ended again, ...
        step: what it does next; of an aborted one, where a redrive resumes.
        aborted: whether it ended so that it can be redriven.
        forgotten: whether DescribeExecution has forgotten it.
        known: the oldest `life` that DescribeExecution may still tell; 0 is not found.
        seen: the head of the line when it last looked; during a search for tasks, the entry they belong to.
        mine: the redrive count of its own entry in the line when it last looked; -1: it was not in it.
        note: what else it saw: "full", or "started" (another run has its scheduled time); during a search for tasks
            "own" if the search is for its own, between two attempts.
        held: the variable `redrive`; -1 before it is set.
        joined: the redrive count with which it last joined the line, as far as it knows.
        target: the life (redrive count) of the task that it is about to stop.
    """

    life: int = 0
    step: Step = "new"
    aborted: bool = False
    forgotten: bool = False
    known: int = 0
    seen: Entry | None = None
    mine: int = -1
    note: str = ""
    held: int = -1
    joined: int = -1
    target: int = -1

    @property
    def lives(self) -> bool:
        return self.life % 2 == 1

    @property
    def redrives(self) -> int:
        return (self.life - 1) // 2


class Task(NamedTuple):
    """A task that has not stopped.

    `should_run`: its desired status. `hidden`: a list may not show yet that it was started, or that it should stop.
    """

    run: int
    redrives: int
    should_run: bool
    hidden: bool


class Late(NamedTuple):
    """A call that was under way when its execution was aborted, and that may still take effect."""

    step: Step
    run: int
    redrives: int
    seen: Entry | None
    held: int


class Faults(NamedTuple):
    """How often the world may still do it to all runs together."""

    aborts: int = 0
    redrives: int = 0
    lost: int = 0
    conflicts: int = 0
    late: int = 0
    timeouts: int = 0
    retries: int = 0
    forgets: int = 0


NOTHING_GOES_WRONG = Faults()


class State(NamedTuple):
    """Everything. `time`: the run that has the scheduled time, or -1. `ran`: the scheduled runs that had a task."""

    runs: tuple[Run, ...]
    line: tuple[Entry, ...]
    task: Task | None
    time: int
    ran: tuple[int, ...]
    late: Late | None
    faults: Faults


@dataclass(frozen=True)
class Guards:
    """What the protocol takes care of. Each is needed: without it the search finds what goes wrong."""

    entry_is_compared: bool = True
    """CLEAR and RELEASE take the head away only if it is the entry that was meant."""
    redrives_are_compared: bool = True
    """An execution is dead only if what is told of it is told of the entry's redrive count, or of a later one."""
    later_is_dead: bool = True
    """What is told of a later redrive count says that the entry's life is over."""
    running_before_stopped: bool = True
    """The tasks that should run are listed before those that should stop."""
    settles: bool = True
    """A list of tasks counts only 60 s after the end of the run."""
    settles_first: bool = True
    """That time has passed before the first list is asked for, not just before the decision."""
    stopped_settles: bool = True
    """Those that should stop are listed 60 s after those that should run."""
    young_lives: bool = True
    """An execution that is not found counts as alive while its entry is young."""
    old_is_dead: bool = True
    """An execution that is not found is dead when its entry is old."""
    forgotten_settles: bool = True
    """Of an execution that is not found any more, the 60 s begin when that was told."""
    run_is_guarded: bool = True
    """RUN goes back for the lock when the execution was redriven."""
    present_count: bool = True
    """An entry is a run's own only with the redrive count that it has when it decides."""
    former_is_dead: bool = True
    """A run's own entry of an earlier life is dead, whatever is told of it."""
    confirms: bool = True
    """Before a task is stopped, the head must still be the dead run's."""
    checks_before_retry: bool = True
    """Before an attempt follows one whose task may live, that task is looked for."""
    leaves_to_next: bool = True
    """A run whose last task may live ends without giving the lock back."""
    stops_again: bool = True
    """`replace`: a run that waits behind a live head stops it, whether or not it has tried before."""
    makes_way: bool = True
    """`replace`: a run whose place in the line a newer one has taken ends, even when that one is done."""
    takes_only_empty: bool = True
    """TAKE never writes over a line that has entries."""
    joins_once: bool = True
    """JOIN does nothing when the entry is in the line."""
    head_is_compared: bool = True
    """DISPLACE does nothing when the head is another one than was seen."""
    time_is_compared: bool = True
    """The first write of a run fails when its scheduled time is another's."""
    function_ends: bool = True
    """On Lambda: a dead run's entry is cleared, and another attempt follows one, when the function must have ended."""
    late_function_ends: bool = True
    """On Lambda: that is so also of an invocation that was under way when its execution ended."""


ALL_GUARDS = Guards()


@dataclass(frozen=True)
class Scenario:
    """What is searched: the policies of the runs, which of them are for one scheduled time, and what may go wrong.

    `functions`: they run Lambda functions, which nobody can stop or ask after, and which end by themselves: a run waits
    for that, in the place of a search for tasks. What it waits for has ended in the step that it waits in.
    """

    policies: tuple[Policy, ...]
    scheduled: frozenset[int] = frozenset()
    faults: Faults = NOTHING_GOES_WRONG
    limit: int = 3
    guards: Guards = ALL_GUARDS
    functions: bool = False

    def start(self) -> State:
        return State(tuple(Run() for _ in self.policies), (), None, -1, (), None, self.faults)


class Move(NamedTuple):
    """A transition: who, what, with which answer; `fair` if it is bound to come when nothing more goes wrong."""

    run: int
    action: str
    answer: str
    fair: bool
    state: State
    violation: str | None = None
