"""The rows of one run by itself: what is tried again, out of which budget, and how it ends."""

from __future__ import annotations

from definitions import names
from sandbox.faults import (
    FailPull,
    InterruptSpot,
    LoseHost,
    RefuseCapacity,
    RetireTask,
    RunOutOfMemory,
    SpoilCause,
    Throttle,
)
from tests.scenarios.endings import exited, interrupted, never_started, refused, succeeded
from tests.scenarios.scenario import (
    FAILS,
    RETRIES,
    SEARCHES,
    STARTS,
    SUCCEEDS,
    TRIES,
    End,
    Scenario,
    one_run,
)
from tests.scenarios.steps import (
    ENDS_WITH_0_ON_SIGTERM,
    WAITS,
    ends,
    is_ready,
    loses_its_task_definition,
    meets,
    opens,
    start,
    stops_task,
    time_passes,
    time_stands,
    without,
)

TWO_RETRIES = {"retries": {"attempts": 2, "finalExitCodes": [64]}}
TWO_STARTS = {"startRetries": {"attempts": 2}}
TIMES_OUT = {"timeout": "2m"}
# Long enough for whoever sped the clock up to slow it down.
RETRIES_TIMEOUTS = {**TIMES_OUT, "retries": {"attempts": 1, "onTimeout": True, "interval": "30m"}}
SPOT = {"capacity": {"spot": True}}
FALLS_BACK = {"capacity": {"spot": True, "onDemandAfter": 2}}

APPLICATION = [
    one_run("the job exits with 0", succeeded(0, ["on demand"])),
    one_run(
        "the job exits with 0, and its runs may overlap",
        End(outcome="SUCCEEDED", attempts=1, start_retries=0, tasks=["on demand"], path=[*TRIES, "Succeeded"]),
        job={"overlap": "allow"},
    ),
    one_run("the job exits with 3", exited(1), script="exit 3"),
    one_run("the job exits with 3 at each of three attempts", exited(3), script="exit 3", job=TWO_RETRIES),
    one_run(
        "the job exits with 3 at its first attempt",
        succeeded(0, ["on demand"] * 2, attempts=2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
        job=TWO_RETRIES,
    ),
    one_run(
        "the job exits with a code that is final",
        exited(1, "exited with code 64, which is never retried, after 1 of 3 attempts"),
        script="exit 64",
        job=TWO_RETRIES,
    ),
    one_run(
        "SIGKILL alone is not for want of memory",
        exited(1, "exited with code 137"),
        script="kill -KILL $$",
    ),
    one_run(
        "the job runs out of memory at each of three attempts",
        End(
            outcome="Job.OutOfMemory",
            attempts=3,
            start_retries=0,
            tasks=["on demand"] * 3,
            path=[*STARTS, *RETRIES * 2, *FAILS, "Ran out of memory"],
            says="ran out of its 512 MiB of memory (exit code 137) after 3 of 3 attempts",
        ),
        script=WAITS,
        before=[meets(RunOutOfMemory, once_said="ready")],
        job=TWO_RETRIES,
    ),
    one_run(
        "the job takes too long",
        End(
            outcome="Job.TimedOut",
            attempts=1,
            start_retries=0,
            tasks=["on demand"],
            path=[*STARTS, names.WHAT_FAILED, "Timed out"],
            says="ran longer than its timeout of 2m in its only attempt and was stopped",
        ),
        script=WAITS,
        after=[is_ready(), time_passes(120)],
        left=True,
        job=TIMES_OUT,
    ),
    one_run(
        "the job takes too long, which is to be retried: once its task has stopped",
        End(
            outcome="SUCCEEDED",
            attempts=2,
            start_retries=0,
            tasks=["on demand"] * 2,
            path=[*STARTS, *SEARCHES, names.DECIDE, *RETRIES, *SUCCEEDS],
        ),
        script=WAITS,
        after=[is_ready(), time_passes(120), opens()],
        job=RETRIES_TIMEOUTS,
    ),
]

STARTING = [
    one_run(
        "no capacity, three times",
        succeeded(3, ["on demand"]),
        before=[meets(RefuseCapacity, first=3)],
    ),
    one_run(
        "no capacity, as an error",
        succeeded(2, ["on demand"]),
        before=[meets(RefuseCapacity, first=2, as_error=True)],
    ),
    one_run(
        "no capacity until the budget is used up",
        never_started("never started in its only attempt and 2 of 2 start retries: AmazonECS.Unknown (Capacity is"),
        before=[meets(RefuseCapacity)],
        job=TWO_STARTS,
    ),
    one_run(
        "the two budgets are apart: no capacity twice, then exit code 3",
        succeeded(2, ["on demand"] * 2, attempts=2),
        script="[ $LONGHAUL_ATTEMPT -ge 4 ] || exit 3",
        before=[meets(RefuseCapacity, first=2)],
        job={**TWO_RETRIES, **TWO_STARTS},
    ),
    *(
        Scenario(
            name=f"ECS is asked twice in a second, and {what}",
            jobs={"job": {}},
            steps=[time_stands, meets(Throttle, a_second=1, by_ec2=by_ec2), start("first"), ends("first"), start()],
            ends={"first": succeeded(0, ["on demand"]), "run": succeeded(1, ["on demand"])},
        )
        for what, by_ec2 in (("throttles", False), ("is throttled by EC2", True))
    ),
    one_run(
        "the registry does not answer twice",
        succeeded(2, ["on demand"] * 3),
        before=[meets(FailPull, because="timeout", first=2)],
    ),
    one_run(
        "the registry does not answer until the budget is used up",
        never_started("CannotPullContainerError", tasks=3),
        before=[meets(FailPull, because="timeout")],
        job=TWO_STARTS,
    ),
    one_run(
        "there is no such image",
        refused("CannotPullContainerError: pull image manifest has been retried 5 time(s)", tasks=1),
        before=[meets(FailPull, because="missing")],
        job=TWO_RETRIES,
    ),
    one_run(
        "a secret is missing",
        refused("ResourceInitializationError", tasks=1),
        job={"secrets": {"TOKEN": "scenes/nobody"}, **TWO_RETRIES},
    ),
    one_run(
        "the machine may not run tasks",
        refused("is not authorized to perform: ecs:RunTask"),
        before=[without("ecs:RunTask")],
        job=TWO_RETRIES,
    ),
    one_run(
        "somebody has deregistered the task definition",
        refused("TaskDefinition is inactive"),
        before=[loses_its_task_definition],
        job={"description": "loses its task definition", **TWO_RETRIES},
    ),
    one_run(
        "a person gives more input than a container can be given",
        # 9,000 of the characters are the script and quotes, the rest is what else the container is told.
        refused("its input and what goes with it take 93"),
        script=f"exit 0 #{'x' * 8992}",
        job=TWO_RETRIES,
    ),
]

STOPPING = [
    one_run(
        "the host is lost",
        succeeded(1, ["on demand"] * 2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] && exit 0; " + WAITS,
        before=[meets(LoseHost, first=1, once_said="ready")],
    ),
    one_run(
        "the host is lost until the budget is used up",
        interrupted("lost its machine before it finished in its only attempt and 2 of 2 start", ["on demand"] * 3),
        script=WAITS,
        before=[meets(LoseHost, once_said="ready")],
        job=TWO_STARTS,
    ),
    one_run(
        "the task is retired",
        succeeded(1, ["on demand"] * 2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] && exit 0; " + WAITS,
        before=[meets(RetireTask, first=1, once_said="ready")],
    ),
    one_run(
        "Spot is interrupted, and the job answers SIGTERM with exit code 0",
        succeeded(1, ["spot"] * 2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] && exit 0; " + ENDS_WITH_0_ON_SIGTERM,
        before=[meets(InterruptSpot, first=1, once_said="ready")],
        job=SPOT,
    ),
    one_run(
        "Spot is interrupted until the budget is used up, with exit code 0 each time",
        interrupted(": SpotInterruption (Your Spot Task was interrupted.)", ["spot"] * 3),
        script=ENDS_WITH_0_ON_SIGTERM,
        before=[meets(InterruptSpot, once_said="ready")],
        job={**SPOT, **TWO_STARTS},
    ),
    one_run(
        "Spot is interrupted twice, and the run goes on on demand",
        succeeded(2, ["spot", "spot", "on demand"]),
        script="[ $LONGHAUL_ATTEMPT -ge 3 ] && exit 0; " + WAITS,
        before=[meets(InterruptSpot, once_said="ready")],
        job=FALLS_BACK,
    ),
    one_run(
        "Spot has no capacity, is interrupted, and the run goes on on demand",
        succeeded(2, ["spot", "on demand"]),
        script="[ $LONGHAUL_ATTEMPT -ge 3 ] && exit 0; " + WAITS,
        before=[meets(RefuseCapacity, first=1, spot_only=True), meets(InterruptSpot, once_said="ready")],
        job=FALLS_BACK,
    ),
    *(
        one_run(
            f"a person stops the task, which ends with {code}",
            End(
                outcome="Job.Stopped",
                attempts=1,
                start_retries=0,
                tasks=["on demand"],
                path=[*STARTS, *FAILS, "Stopped"],
                says="was stopped by a person or a tool in attempt 1 of 3 (wrong day)",
            ),
            script=script,
            after=[is_ready(), stops_task()],
            job=TWO_RETRIES,
        )
        for code, script in ((143, WAITS), (0, ENDS_WITH_0_ON_SIGTERM))
    ),
]

UNREADABLE = [
    one_run(
        "the Cause is no JSON: the next attempt waits for a task that may run on",
        End(
            outcome="SUCCEEDED",
            attempts=2,
            start_retries=0,
            tasks=["on demand"] * 2,
            path=[*STARTS, *SEARCHES, names.DECIDE, *RETRIES, *SUCCEEDS],
        ),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
        before=[meets(SpoilCause, into="text", first=1)],
        job=TWO_RETRIES,
    ),
    one_run(
        "the Cause is no JSON, and nothing is retried",
        End(
            outcome="Job.Unexplained",
            attempts=1,
            start_retries=0,
            tasks=["on demand"],
            path=[*STARTS, names.WHAT_FAILED, "Failed without a reason"],
            says="failed in its only attempt, and AWS did not explain it (Essential container in task exited)",
        ),
        script="exit 3",
        before=[meets(SpoilCause, into="text")],
        left=True,
    ),
    *(
        one_run(
            f"the Cause has {what}",
            succeeded(1, ["on demand"] * 2),
            script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
            before=[meets(SpoilCause, into=into, first=1)],
        )
        for what, into in (("no containers", "no-containers"), ("no exit code", "no-exit-code"))
    ),
]

SCENARIOS = [*APPLICATION, *STARTING, *STOPPING, *UNREADABLE]
