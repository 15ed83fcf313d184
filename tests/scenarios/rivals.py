"""The rows of runs that meet: who goes on, who waits, who is left out, and what becomes of a dead run's lock."""

from __future__ import annotations

from definitions import names
from tests.scenarios.endings import exited, succeeded
from tests.scenarios.scenario import (
    CLEARS,
    FINDS_NONE,
    FINDS_SOME,
    LOOKS,
    MEETS,
    STARTS,
    SUCCEEDS,
    TRIES,
    End,
    Repeated,
    Scenario,
)
from tests.scenarios.steps import (
    IGNORES_SIGTERM,
    TAKES_TIME_TO_STOP,
    WAITS,
    Step,
    answers_lag,
    ends,
    gives_rights_back,
    is_ready,
    opens,
    reaches,
    start,
    stops_execution,
    time_flies,
    time_flows,
    time_passes,
    without,
)

QUEUE = {"overlap": "queue"}
REPLACE = {"overlap": "replace"}
ALONE = succeeded(0, ["on demand"])
# What becomes of a run that somebody, or a newer one, stops while its task runs.
STOPPED = End(outcome="ABORTED Operator", tasks=["on demand"], path=STARTS[:-1])
REPLACED = End(outcome="ABORTED Job.Replaced", tasks=["on demand"], path=STARTS[:-1], says="a newer run of job-")
WAITS_FOR_TURN = (*MEETS, names.JOIN, names.WAIT_FOR_TURN)
CLAIMS = (*MEETS, names.DISPLACE, names.STOP_OTHER, names.WAIT_FOR_TURN)


def running(run: str, job: str = "job", script: str = WAITS) -> list[Step]:
    """The steps until a run's container does its work."""
    return [start(run, script, job=job), is_ready(run)]


def skipped(because: str, path: tuple[str, ...] = (), says: str = " still runs") -> End:
    return End(outcome="SKIPPED", path=[*(path or MEETS), names.SKIPPED], says=says, because=because)


def runs_after(*before: str | Repeated) -> End:
    """A run whose turn it is after these states."""
    return End(
        outcome="SUCCEEDED",
        attempts=1,
        start_retries=0,
        tasks=["on demand"],
        path=[*before, *TRIES, *SUCCEEDS],
    )


SKIP = [
    Scenario(
        name="skip: a run that meets another one is left out",
        steps=[*running("first"), start("second"), ends("second"), opens("first"), ends("first"), start("third")],
        ends={"first": ALONE, "second": skipped("first"), "third": ALONE},
    ),
    Scenario(
        name="skip: a run that is too new to be found counts as one that runs",
        steps=[answers_lag(30), *running("first"), start("second"), ends("second"), opens("first")],
        ends={"first": ALONE, "second": skipped("first")},
    ),
    Scenario(
        name="skip: a run that is not known yet to have been stopped counts as one that runs",
        steps=[*running("first"), answers_lag(30), stops_execution("first"), start("second")],
        ends={"first": STOPPED, "second": skipped("first")},
        left=["first"],
    ),
]

QUEUED = [
    Scenario(
        name="queue: each waits its turn, in their order",
        jobs={"job": QUEUE},
        steps=[
            *running("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            start("third"),
            reaches("third", names.WAIT_FOR_TURN),
            opens("first"),
        ],
        ends={
            "first": ALONE,
            "second": runs_after(*WAITS_FOR_TURN, *LOOKS),
            "third": runs_after(*WAITS_FOR_TURN, *LOOKS),
        },
        order=["first", "second", "third"],
    ),
    Scenario(
        name="queue: it is full",
        jobs={"job": {"overlap": {"policy": "queue", "queueLimit": 2}}},
        steps=[
            *running("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            start("third"),
            ends("third"),
            opens("first"),
        ],
        ends={
            "first": ALONE,
            "second": runs_after(*WAITS_FOR_TURN, *LOOKS),
            "third": skipped("first", says="2 runs are there already, of at most 2"),
        },
    ),
    Scenario(
        name="queue: a run that waits is stopped, and the next one clears its place away",
        jobs={"job": QUEUE},
        steps=[
            *running("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            start("third"),
            reaches("third", names.WAIT_FOR_TURN),
            stops_execution("second"),
            opens("first"),
        ],
        ends={
            "first": ALONE,
            "second": End(outcome="ABORTED Operator", path=WAITS_FOR_TURN),
            "third": runs_after(*WAITS_FOR_TURN, *LOOKS, *CLEARS),
        },
    ),
]

REPLACING = [
    Scenario(
        name="replace: the other one is stopped, and its task has stopped before the next one starts",
        jobs={"job": REPLACE},
        steps=[*running("first", script=TAKES_TIME_TO_STOP), start("second")],
        ends={"first": REPLACED, "second": runs_after(*CLAIMS, *LOOKS, *CLEARS)},
    ),
    Scenario(
        name="replace: the other one was stopped by a person, and the next one claims its place at once",
        jobs={"job": REPLACE},
        steps=[*running("first", script=TAKES_TIME_TO_STOP), stops_execution("first"), start("second")],
        ends={"first": STOPPED, "second": runs_after(*CLAIMS, *LOOKS, *CLEARS)},
    ),
    Scenario(
        name="replace: of two that wait for the other one to end, the newer one runs",
        jobs={"job": REPLACE},
        steps=[
            *running("first", script=TAKES_TIME_TO_STOP),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            start("third", WAITS),
            ends("second"),
            opens("third"),
        ],
        ends={
            "first": REPLACED,
            "second": skipped("third", (*CLAIMS, *LOOKS), says="a newer run came before it had started"),
            "third": runs_after(*CLAIMS, *LOOKS, *CLEARS),
        },
    ),
]

DEAD = [
    Scenario(
        name="the holder is stopped, and the next start waits for its task",
        steps=[*running("first", script=TAKES_TIME_TO_STOP), stops_execution("first"), start("second")],
        ends={"first": STOPPED, "second": runs_after(*MEETS, *CLEARS, names.TAKE)},
    ),
    Scenario(
        name="the holder is stopped, its task runs on, and the next start stops it and waits until it is killed",
        jobs={"job": {"stopTimeout": "2m"}},
        steps=[
            *running("first", script=IGNORES_SIGTERM),
            without("ecs:StopTask"),
            stops_execution("first"),
            gives_rights_back,
            time_flies,
            start("second"),
            reaches("second", names.RUN),
            time_flows,
        ],
        ends={
            "first": STOPPED,
            "second": runs_after(
                *MEETS,
                names.SETTLE,
                *FINDS_SOME,
                names.CONFIRM,
                names.STOP_TASK,
                names.WAIT_FOR_TASKS,
                *FINDS_NONE,
                names.SETTLE,
                *FINDS_SOME,
                Repeated((names.WAIT_FOR_TASKS, *FINDS_SOME)),
                names.CLEAR,
                *LOOKS,
                names.TAKE,
            ),
        },
    ),
    Scenario(
        name="the holder took too long and left its lock, and the next start clears it away",
        jobs={"job": {"timeout": "2m"}},
        steps=[*running("first"), time_passes(120), ends("first"), start("second")],
        ends={
            "first": End(
                outcome="Job.TimedOut",
                attempts=1,
                start_retries=0,
                tasks=["on demand"],
                path=[*STARTS, names.WHAT_FAILED, "Timed out"],
            ),
            "second": runs_after(*MEETS, *CLEARS, names.TAKE),
        },
    ),
    Scenario(
        name="the holder could not give its lock back, and the next start clears it away",
        steps=[
            *running("first"),
            without("dynamodb:UpdateItem"),
            opens("first"),
            ends("first"),
            gives_rights_back,
            start("second"),
        ],
        ends={"first": ALONE, "second": runs_after(*MEETS, *CLEARS, names.TAKE)},
    ),
    Scenario(
        name="a run that fails gives the lock back",
        steps=[start("first", "exit 3"), ends("first"), start("second")],
        ends={"first": exited(1), "second": ALONE},
    ),
]

ONE = {"overlap": {"policy": "skip", "group": "pair"}}
OTHER = {"overlap": {"policy": "queue", "group": "pair"}}
GROUP = {"one": ONE, "other": OTHER}

GROUPS = [
    Scenario(
        name="group: a run waits for another job's, whose next one is left out",
        jobs=GROUP,
        steps=[
            *running("first", "one"),
            start("second", WAITS, job="other"),
            reaches("second", names.WAIT_FOR_TURN),
            opens("first"),
            is_ready("second"),
            start("third", job="one"),
            ends("third"),
            opens("second"),
        ],
        ends={
            "first": ALONE,
            "second": runs_after(*WAITS_FOR_TURN, *LOOKS),
            "third": skipped("second"),
        },
    ),
    Scenario(
        name="group: a run clears the lock of another job's dead one",
        jobs=GROUP,
        steps=[
            *running("first", "one", TAKES_TIME_TO_STOP),
            stops_execution("first"),
            start("second", job="other"),
        ],
        ends={"first": STOPPED, "second": runs_after(*MEETS, *CLEARS, names.TAKE)},
    ),
]

ALLOWED = [
    Scenario(
        name="allow: both run",
        jobs={"job": {"overlap": "allow"}},
        steps=[*running("first"), *running("second"), opens("first"), opens("second")],
        ends={
            run: End(outcome="SUCCEEDED", attempts=1, start_retries=0, tasks=["on demand"], path=[*TRIES, "Succeeded"])
            for run in ("first", "second")
        },
    ),
]

SCENARIOS = [*SKIP, *QUEUED, *REPLACING, *DEAD, *GROUPS, *ALLOWED]
