"""The rows of redrives: Step Functions goes on in the state that did not finish, after the one that took the lock."""

from __future__ import annotations

from definitions import names
from tests.scenarios.attempts import TWO_RETRIES
from tests.scenarios.endings import EXITED
from tests.scenarios.rivals import ALONE, QUEUE, WAITS_FOR_TURN, running, runs_after
from tests.scenarios.scenario import CLEARS, LOOKS, MEETS, STARTS, SUCCEEDS, TRIES, End, Repeated, Scenario
from tests.scenarios.scene import REDRIVEN
from tests.scenarios.steps import (
    ends,
    gives_rights_back,
    opens,
    reaches,
    redrives,
    start,
    stops_execution,
    time_flies,
    time_flows,
    without,
)

# The task state is not entered anew: it says that the lock may be another's by now.
LOSES_ITS_TURN = (*STARTS[:-1], REDRIVEN, names.DECIDE, *LOOKS)
TWO_TASKS = ["on demand"] * 2


def redriven(*path: str, attempts: int = 1) -> End:
    return End(
        outcome="SUCCEEDED",
        attempts=attempts,
        start_retries=0,
        tasks=TWO_TASKS,
        path=[*path, *TRIES, *SUCCEEDS],
    )


SCENARIOS = [
    Scenario(
        name="redrive: a stopped run goes back for the lock, and runs its task again",
        steps=[*running("first"), stops_execution("first"), opens("first"), redrives("first")],
        ends={"first": redriven(*LOSES_ITS_TURN, *CLEARS, names.TAKE)},
    ),
    Scenario(
        name="redrive: a stopped run goes on with its counters",
        jobs={"job": TWO_RETRIES},
        steps=[
            start("first", "[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3"),
            reaches("first", names.WAIT_TO_RETRY),
            stops_execution("first"),
            redrives("first"),
        ],
        ends={
            "first": redriven(
                *STARTS,
                names.WAIT_TO_RETRY,
                REDRIVEN,
                names.RUN,
                names.DECIDE,
                *LOOKS,
                *CLEARS,
                names.TAKE,
                attempts=2,
            )
        },
    ),
    Scenario(
        name="redrive: another run has the lock by now, and the redriven one is left out",
        steps=[
            *running("first"),
            stops_execution("first"),
            *running("second"),
            redrives("first"),
            ends("first"),
            opens("second"),
        ],
        ends={
            "first": End(
                outcome="SKIPPED",
                tasks=["on demand"],
                path=[*LOSES_ITS_TURN, names.SKIPPED],
                says=" still runs",
                because="second",
            ),
            "second": runs_after(*MEETS, *CLEARS, names.TAKE),
        },
    ),
    Scenario(
        name="redrive: another run has the lock by now, and the redriven one waits its turn",
        jobs={"job": QUEUE},
        steps=[
            *running("first"),
            stops_execution("first"),
            *running("second"),
            opens("first"),
            redrives("first"),
            reaches("first", names.WAIT_FOR_TURN),
            opens("second"),
        ],
        ends={
            "first": redriven(*LOSES_ITS_TURN, names.JOIN, names.WAIT_FOR_TURN, *LOOKS),
            "second": runs_after(*MEETS, *CLEARS, names.TAKE),
        },
    ),
    Scenario(
        name="redrive: a run that was stopped while it waited stands in the line again",
        jobs={"job": QUEUE},
        steps=[
            *running("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            stops_execution("second"),
            redrives("second"),
            # It waits anew, while the first one's container runs.
            time_flies,
            reaches("second", names.JOIN, times=2),
            time_flows,
            opens("first"),
        ],
        ends={
            "first": ALONE,
            "second": runs_after(
                *WAITS_FOR_TURN, REDRIVEN, *LOOKS, names.JOIN, Repeated((names.WAIT_FOR_TURN, *LOOKS)), *CLEARS
            ),
        },
    ),
    Scenario(
        name="redrive: a run that AWS did not let take the lock goes on there",
        steps=[
            without("dynamodb:UpdateItem"),
            start("first"),
            ends("first"),
            gives_rights_back,
            redrives("first"),
        ],
        ends={"first": runs_after(names.TAKE, REDRIVEN)},
    ),
    Scenario(
        name="redrive: a run that ended under a name of its own fails again",
        steps=[start("first", "exit 3"), ends("first"), redrives("first")],
        ends={
            "first": End(
                outcome="Job.ExitedNonZero",
                attempts=1,
                start_retries=0,
                tasks=["on demand"],
                path=[*STARTS, *EXITED, REDRIVEN],
                says="exited with code 3",
            )
        },
    ),
    Scenario(
        name="redrive: without a lock a stopped run runs its task again at once",
        jobs={"job": {"overlap": "allow"}},
        steps=[*running("first"), stops_execution("first"), opens("first"), redrives("first")],
        ends={
            "first": End(
                outcome="SUCCEEDED",
                attempts=1,
                start_retries=0,
                tasks=TWO_TASKS,
                path=[names.RUN, REDRIVEN, names.DECIDE, names.SUCCEEDED],
            )
        },
    ),
]
