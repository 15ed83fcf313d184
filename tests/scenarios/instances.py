"""The rows of runs on EC2 instances: what there is no room for, waits for room, or fits none."""

from __future__ import annotations

from typing import Any

from definitions import names
from sandbox.faults import LoseHost, RefuseCapacity
from tests.scenarios.endings import exited, never_started, refused, succeeded
from tests.scenarios.scenario import (
    FAILS,
    STARTS,
    STARTS_AGAIN,
    SUCCEEDS,
    TRIES,
    End,
    Scenario,
    one_run,
)
from tests.scenarios.scene import INSTANCE
from tests.scenarios.stack import FIXED, SCALED
from tests.scenarios.steps import WAITS, ends, is_ready, meets, opens, start, stops_task, time_passes, without

# The stack's instances have 2 GiB each, and each provider has one.
WHOLE, TOO_LARGE = {"memory": 2048}, {"memory": 2049}
TWO_STARTS = {"startRetries": {"attempts": 2}}
NO_STARTS = {"startRetries": {"attempts": 0}}
TIMES_OUT = {"timeout": "2m"}
LOOKS_FOR_IT = (
    names.RUN,
    names.LET_IT_STOP,
    names.LIST_STOPPED,
    names.IS_IT_FOUND,
    names.DESCRIBE_STOPPED,
    names.IS_IT_FOUND,
    names.DECIDE,
)


def on(provider: str, *more: dict[str, Any]) -> dict[str, Any]:
    """The fields of a job on a provider's instances."""
    fields: dict[str, Any] = {"runOn": {"kind": "ec2", "capacityProvider": provider, "networkMode": "bridge"}}
    for each in more:
        fields |= each
    return fields


def not_placed(says: str, tasks: int = 1) -> End:
    return End(
        outcome="Job.NotPlaced",
        attempts=1,
        start_retries=tasks - 1,
        tasks=[INSTANCE] * tasks,
        path=[*STARTS, *STARTS_AGAIN * (tasks - 1), *FAILS, "Not placed"],
        says=says,
    )


SCENARIOS: list[Scenario] = [
    one_run("on an instance: the job exits with 0", succeeded(0, [INSTANCE]), job=on(SCALED)),
    one_run(
        "on an instance: with a network interface of its own, packed and constrained",
        succeeded(0, [INSTANCE]),
        job={
            "runOn": {
                "kind": "ec2",
                "capacityProvider": FIXED,
                "placement": ["spread:attribute:ecs.availability-zone", "binpack:memory"],
                "constraints": ["attribute:ecs.instance-type =~ m5.*"],
            }
        },
    ),
    one_run(
        "on an instance: the job exits with 3",
        End(
            outcome="Job.ExitedNonZero",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=exited(1).path,
            says="exited with code 3",
        ),
        script="exit 3",
        job=on(SCALED),
    ),
    one_run(
        "on an instance: no room, three times",
        succeeded(3, [INSTANCE]),
        before=[meets(RefuseCapacity, first=3)],
        job=on(FIXED),
    ),
    one_run(
        "on an instance: too many tasks wait already",
        succeeded(2, [INSTANCE]),
        before=[meets(RefuseCapacity, first=2, as_error=True)],
        job=on(SCALED),
    ),
    Scenario(
        name="on an instance: another run has all the room, and no more is coming",
        jobs={"job": on(FIXED, WHOLE, TWO_STARTS, {"overlap": "allow"})},
        steps=[start("first", WAITS), is_ready("first"), start("second"), ends("second"), opens("first")],
        ends={
            "first": End(
                outcome="SUCCEEDED", attempts=1, start_retries=0, tasks=[INSTANCE], path=[*TRIES, "Succeeded"]
            ),
            "second": End(
                outcome="Job.NeverStarted",
                attempts=1,
                start_retries=2,
                path=[*TRIES, *STARTS_AGAIN * 2, "Never started"],
                says="in its only attempt and 2 of 2 start retries: AmazonECS.Unknown (RESOURCE:MEMORY)",
            ),
        },
    ),
    Scenario(
        name="on an instance: another run has all the room, and the task waits for it",
        jobs={"job": on(SCALED, WHOLE, {"overlap": "allow"})},
        steps=[start("first", WAITS), is_ready("first"), start("second"), opens("first")],
        ends={
            run: End(outcome="SUCCEEDED", attempts=1, start_retries=0, tasks=[INSTANCE], path=[*TRIES, "Succeeded"])
            for run in ("first", "second")
        },
        order=["first", "second"],
    ),
    one_run(
        "on an instance: the task is larger than any, and ECS looks until it gives up",
        not_placed(
            "was not placed on any instance in its only attempt and 1 of 1 start retries "
            "(TaskFailedToStart: RESOURCE:MEMORY)",
            tasks=2,
        ),
        # ECS shows a task for an hour, and each of these waits half of that.
        job=on(SCALED, TOO_LARGE, {"startRetries": {"attempts": 1}}),
    ),
    one_run(
        "on an instance: the task is larger than any, and ECS says so at once",
        never_started(
            "never started in its only attempt and 2 of 2 start retries: AmazonECS.Unknown (RESOURCE:MEMORY)"
        ),
        job=on(FIXED, TOO_LARGE, TWO_STARTS),
    ),
    one_run(
        "on an instance: its processor is another one",
        refused("was refused and did not start in its only attempt: AmazonECS.Unknown (ATTRIBUTE)"),
        job=on(FIXED, {"architecture": "arm64"}),
    ),
    one_run(
        "on an instance: ECS looks for another processor until it gives up",
        End(
            outcome="Job.Refused",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=refused("").path,
            says="(TaskFailedToStart: ATTRIBUTE)",
        ),
        job=on(SCALED, {"architecture": "arm64"}),
    ),
    one_run(
        "on an instance: its timeout is over before it has one",
        End(
            outcome="Job.NotPlaced",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=[names.TAKE, *LOOKS_FOR_IT, *FAILS, "Not placed"],
            says="was not placed on any instance in its only attempt "
            "(no instance had room for it within its timeout of 2m)",
        ),
        job=on(SCALED, TOO_LARGE, TIMES_OUT, NO_STARTS),
    ),
    one_run(
        "on an instance: its timeout is over before it has one, and it starts again",
        End(
            outcome="Job.NotPlaced",
            attempts=1,
            start_retries=2,
            tasks=[INSTANCE] * 3,
            path=[*LOOKS_FOR_IT, *(names.WAIT_TO_START, *LOOKS_FOR_IT) * 2, "Not placed"],
            says="in its only attempt and 2 of 2 start retries (no instance had room for it within its timeout of 2m)",
        ),
        job=on(SCALED, TOO_LARGE, TIMES_OUT, TWO_STARTS, {"overlap": "allow"}),
    ),
    one_run(
        "on an instance: the job takes too long",
        End(
            outcome="Job.TimedOut",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=[names.TAKE, *LOOKS_FOR_IT, *FAILS, "Timed out"],
            says="ran longer than its timeout of 2m, its wait for an instance included, in its only attempt and was "
            "stopped",
        ),
        script=WAITS,
        after=[is_ready(), time_passes(120)],
        job=on(SCALED, TIMES_OUT),
    ),
    one_run(
        "on an instance: it times out, and nobody may look at its task",
        End(
            outcome="Job.TimedOut",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=[names.RUN, names.LET_IT_STOP, names.LIST_STOPPED, names.DECIDE, "Timed out"],
            says="ran longer than its timeout of 2m",
        ),
        before=[without("ecs:ListTasks")],
        job=on(SCALED, TOO_LARGE, TIMES_OUT, NO_STARTS, {"overlap": "allow"}),
    ),
    one_run(
        "on an instance: a person stops the task that waits for one",
        End(
            outcome="Job.Stopped",
            attempts=1,
            start_retries=0,
            tasks=[INSTANCE],
            path=[*STARTS, *FAILS, "Stopped"],
            says="(wrong day)",
        ),
        after=[lambda scene: scene.until(lambda: bool(scene.tasks("run")), "it waits"), stops_task()],
        job=on(SCALED, TOO_LARGE),
    ),
    one_run(
        "on an instance: the machine is terminated",
        End(
            outcome="SUCCEEDED",
            attempts=1,
            start_retries=1,
            tasks=[INSTANCE] * 2,
            path=[*STARTS, *STARTS_AGAIN, *SUCCEEDS],
        ),
        script=f"[ $LONGHAUL_ATTEMPT -ge 2 ] || {{ {WAITS}; }}",
        before=[meets(LoseHost, once_said="ready", first=1)],
        job=on(SCALED),
    ),
]
