"""The rows of jobs that run as Lambda functions: how an invocation ends, and what follows as nothing stops one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from definitions import names
from sandbox.faults import RefuseInvoke, RunOutOfMemory, TimeOutFunction
from tests.scenarios.on_lambda.endings import (
    CLAIMS,
    CLEARS,
    EXITED,
    NEVER_STARTED,
    OUT_OF_MEMORY,
    STEP_BY_STEP,
    TIMED_OUT,
    TWO_RETRIES,
    TWO_STARTS,
    WAITS_FOR_FUNCTION,
    WAITS_FOR_TURN,
    failed,
    refused,
    succeeded,
)
from tests.scenarios.on_lambda.scene import FunctionScene
from tests.scenarios.on_lambda.secret_rows import SECRETS
from tests.scenarios.scenario import (
    FAILS,
    LOOKS,
    MEETS,
    STARTS,
    STARTS_AGAIN,
    SUCCEEDS,
    TRIES,
    End,
    Scenario,
    one_run,
)
from tests.scenarios.scene import REDRIVEN, Scene
from tests.scenarios.steps import (
    Step,
    ends,
    is_ready,
    meets,
    opens,
    reaches,
    redrives,
    start,
    stops_execution,
    time_passes,
    without,
)

WAITS = "echo ready GATE; until [ -e GATE ]; do sleep 0.02; done"
"""Runs until the step `opens`; nothing else ends it before its time is up."""

# Long enough for whoever sped the clock up to slow it down.
RETRIES_TIMEOUTS = {"retries": {"attempts": 1, "onTimeout": True, "interval": "30m"}}


def has_concurrency(most: int) -> Step:
    """The account may run so many functions at once."""
    return lambda scene: scene.aws.quotas.apply("lambda", "L-B99A9384", most)


def loses_its_function(scene: Scene) -> None:
    """Somebody deletes the version that the job's machine invokes."""
    client, name = scene.aws.client("lambda"), scene.stack.family(scene.job("job"))
    told = client.list_versions_by_function(FunctionName=name)["Versions"]
    # Its number is above those of a function that was there before under this name.
    (version,) = [each["Version"] for each in told if each["Version"] != "$LATEST"]
    client.delete_function(FunctionName=name, Qualifier=version)


def loses_its_role(scene: Scene) -> None:
    """Somebody has the function's role trust another service."""
    assert isinstance(scene, FunctionScene)
    iam, name = scene.aws.client("iam"), scene.stack.role_of_function(scene.job("job"))
    own = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    less = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=less)
    scene.rights.callback(iam.update_assume_role_policy, RoleName=name, PolicyDocument=json.dumps(own))


PROGRAM = [
    one_run("the function exits with 0", succeeded()),
    one_run(
        "the function exits with 3",
        failed("Job.ExitedNonZero", "exited with code 3 after 1 attempt", *EXITED),
        script="exit 3",
    ),
    one_run(
        "the function exits with 3 at each of three attempts",
        failed("Job.ExitedNonZero", "exited with code 3 after 3 of 3 attempts", *EXITED, attempts=3),
        script="exit 3",
        job=TWO_RETRIES,
    ),
    one_run(
        "the function exits with 3 at its first attempt",
        succeeded(attempts=2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
        job=TWO_RETRIES,
    ),
    one_run(
        "the function exits with a code that is final",
        failed("Job.ExitedNonZero", "exited with code 64, which is never retried, after 1 of 3", *EXITED),
        script="exit 64",
        job=TWO_RETRIES,
    ),
    one_run(
        "SIGKILL of the program alone is not for want of memory",
        failed("Job.ExitedNonZero", "exited with code 137", *EXITED),
        script="kill -KILL $$",
    ),
    one_run(
        "an attempt is an invocation by itself, in the environment of the one before",
        succeeded(attempts=2),
        script="[ -e /tmp/GONE$PPID ] && exit 0; touch /tmp/GONE$PPID; exit 3".replace("/tmp", "$HOME"),
        job=TWO_RETRIES,
    ),
]

NOT_THERE = [
    one_run(
        "its program is not there",
        refused("cannot start nowhere"),
        job={"entrypoint": ["nowhere"], **TWO_RETRIES},
    ),
]

ENVIRONMENT = [
    one_run(
        "the environment runs out of memory at each of three attempts",
        failed("Job.OutOfMemory", "ran out of its 1024 MiB of memory after 3 of 3", *OUT_OF_MEMORY, attempts=3),
        script=WAITS,
        before=[meets(RunOutOfMemory, once_said="ready")],
        job={**TWO_RETRIES, "memory": 1024},
    ),
    one_run(
        "the bootstrap is killed",
        failed("Job.OutOfMemory", "signal: killed", *OUT_OF_MEMORY),
        script="kill -KILL $PPID; sleep 10",
    ),
    one_run(
        "the bootstrap ends by itself",
        failed("Job.Unexplained", "Runtime exited", *FAILS, "Failed without a reason"),
        script="kill -USR1 $PPID; sleep 10",
    ),
    one_run(
        "the function takes too long",
        failed("Job.TimedOut", "ran longer than its timeout of 2m", *TIMED_OUT),
        script=WAITS,
        after=[is_ready(), time_passes(120)],
    ),
    one_run(
        "the function takes too long, which is to be retried",
        succeeded(attempts=2),
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] && exit 0; " + WAITS,
        after=[is_ready(), time_passes(120)],
        job=RETRIES_TIMEOUTS,
    ),
    one_run(
        "Lambda says that the function has taken too long",
        failed("Job.TimedOut", "ran longer than its timeout of 2m", *TIMED_OUT),
        script=WAITS,
        before=[meets(TimeOutFunction, once_said="ready")],
    ),
]

LOST_VERSION = one_run(
    "somebody has deleted the function's version",
    refused("Lambda.ResourceNotFoundException"),
    before=[loses_its_function],
    job={"description": "loses its function", **TWO_RETRIES},
)

SERVICE = [
    one_run(
        "Lambda throttles three times",
        succeeded(start_retries=3),
        before=[meets(RefuseInvoke, first=3)],
    ),
    one_run(
        "Lambda throttles until the budget is used up",
        failed("Job.NeverStarted", "Lambda.TooManyRequestsException", *NEVER_STARTED, start_retries=2),
        before=[meets(RefuseInvoke)],
        job=TWO_STARTS,
    ),
    Scenario(
        name="the account runs as many functions as it may, until one of them ends",
        jobs={"job": {"overlap": "allow"}},
        steps=[
            has_concurrency(1),
            start("first", WAITS),
            is_ready("first"),
            start("second"),
            reaches("second", names.WAIT_TO_START),
            opens("first"),
        ],
        ends={
            "first": succeeded(*TRIES, "Succeeded"),
            "second": succeeded(*TRIES, *STARTS_AGAIN, "Succeeded", start_retries=1),
        },
    ),
    one_run(
        "Lambda's own error, after which the function may run all the same",
        succeeded(*STARTS, *WAITS_FOR_FUNCTION, names.DECIDE, *STARTS_AGAIN, *SUCCEEDS, start_retries=1),
        before=[meets(RefuseInvoke, throttled=False, first=1)],
    ),
    one_run(
        "Lambda's own error, after which the function runs all the same: once, until it has ended",
        succeeded(*STARTS, *WAITS_FOR_FUNCTION, names.DECIDE, *STARTS_AGAIN, *SUCCEEDS, start_retries=1),
        script=WAITS,
        before=[meets(RefuseInvoke, throttled=False, runs_on=True, first=1)],
        after=[is_ready(), reaches("run", names.WAIT_FOR_FUNCTION), opens()],
    ),
    one_run(
        "the machine may not invoke the function",
        refused("is not authorized to perform: lambda:InvokeFunction"),
        before=[without("lambda:InvokeFunction")],
        job=TWO_RETRIES,
    ),
    LOST_VERSION,
    one_run(
        "the function's role trusts another service",
        refused("cannot be assumed by Lambda"),
        before=[loses_its_role],
        job=TWO_RETRIES,
    ),
    one_run(
        "a person gives more input than a function is given",
        refused("its input and what goes with it take 9"),
        script=f"exit 0 #{'x' * 8992}",
        job=TWO_RETRIES,
    ),
]

MEETING = [
    Scenario(
        name="a second run is left out while the function of the first runs",
        steps=[start("first", WAITS), is_ready("first"), start("second"), ends("second"), opens("first")],
        ends={
            "first": succeeded(),
            "second": End(outcome="SKIPPED", path=[*MEETS, names.SKIPPED], because="first"),
        },
    ),
    Scenario(
        name="a second run waits until the function of the first has ended",
        jobs={"job": {"overlap": "queue"}},
        steps=[
            start("first", WAITS),
            is_ready("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_TURN),
            opens("first"),
        ],
        ends={"first": succeeded(), "second": succeeded(*WAITS_FOR_TURN, *LOOKS, *TRIES, *SUCCEEDS)},
    ),
    Scenario(
        name="a newer run takes the place of one whose function runs to its end",
        jobs={"job": {"overlap": "replace", "timeout": "15m"}},
        steps=[
            start("first", WAITS),
            is_ready("first"),
            start("second"),
            # It waits for its turn while a function runs, over which the clock does not jump. Were time to fly until it
            # has looked, it could fly beyond the function's timeout.
            reaches("second", names.WAIT_FOR_TURN),
            time_passes(15),
            reaches("second", names.WAIT_FOR_FUNCTION),
            opens("first"),
        ],
        ends={
            "first": End(outcome="ABORTED Job.Replaced", path=STARTS[:-1]),
            "second": succeeded(*CLAIMS, *LOOKS, *CLEARS, *TRIES, *SUCCEEDS),
        },
    ),
    Scenario(
        name="a person stops a run, and the next one waits until its function must have ended",
        steps=[
            start("first", WAITS),
            is_ready("first"),
            stops_execution("first"),
            start("second"),
            reaches("second", names.WAIT_FOR_FUNCTION),
            opens("first"),
        ],
        ends={
            "first": End(outcome="ABORTED Operator", path=STARTS[:-1]),
            "second": succeeded(*MEETS, *CLEARS, *STARTS, *SUCCEEDS),
        },
    ),
    one_run(
        "a run that was stopped is redriven, and waits until its own function must have ended",
        succeeded(*STARTS[:-1], REDRIVEN, names.DECIDE, *LOOKS, *CLEARS, *STARTS, *SUCCEEDS),
        script="[ -e GATE ] && exit 0; " + WAITS,
        after=[
            is_ready(),
            stops_execution(),
            redrives(),
            reaches("run", names.WAIT_FOR_FUNCTION),
            opens(),
        ],
    ),
]


def results(leave: str, **job: Any) -> list[Scenario]:
    """The rows of functions that leave results, by a command, of jobs with these fields."""
    first_step = {"name": "first", "input": f"{leave} 7", "results": True}
    second_step = {"name": "second", "input": "{% '[ ' & $string($first) & ' = 7 ]' %}"}
    return [
        one_run(
            "the function leaves a result",
            replace(succeeded(names.TAKE, names.RUN, names.READ_RESULT, *SUCCEEDS), says='"result":{"rows":896}'),
            script=f"""{leave} '{{"rows": 896}}'""",
            job={"results": True, **job},
        ),
        one_run(
            "a step gets what the function of the one before it left",
            End(outcome="SUCCEEDED", path=STEP_BY_STEP),
            job={"steps": [first_step, second_step], **job},
        ),
    ]


RESULTS = results(f"python {Path(__file__).parent.with_name('leave.py')}")

SCENARIOS = [*PROGRAM, *NOT_THERE, *ENVIRONMENT, *SERVICE, *SECRETS, *MEETING, *RESULTS]
