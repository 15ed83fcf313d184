"""What happens in a scenario, one step after the other; and what a job's container does, as a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.faults import Fault
from sandbox.play import play
from tests.firing import only
from tests.scenarios.scene import Scene

Step = Callable[[Scene], None]

WAITS = "echo ready; until [ -e GATE ]; do sleep 0.02; done"
"""Runs until the step `opens`; a SIGTERM ends it at once."""

ENDS_WITH_0_ON_SIGTERM = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done"
IGNORES_SIGTERM = "trap '' TERM; echo ready; while :; do sleep 0.02; done"
TAKES_TIME_TO_STOP = "trap 'sleep 0.2; exit 5' TERM; echo ready; while :; do sleep 0.02; done"

# At this speed a job's two minutes are less than half a second, and half an hour's wait leaves time to slow down again.
_FAST = 300.0
# Between any two moments that a scenario takes there is less than a second.
_STANDING = 1e-6


def start(run: str = "run", script: str = "exit 0", *, job: str = "job", **more: Any) -> Step:
    """A person starts a run; `more` is what else the execution's input says."""

    def step(scene: Scene) -> None:
        scene.start(run, job, {"input": script.replace("GATE", str(scene.gate(run))), **more})

    return step


def is_ready(run: str = "run") -> Step:
    """Its container runs, and has come to where it waits."""
    return lambda scene: scene.until(lambda: scene.is_ready(run), f"{run} is ready")


def reaches(run: str, state: str, *, times: int = 1) -> Step:
    """It has entered a state so many times."""
    return lambda scene: scene.until(lambda: scene.states(run).count(state) >= times, f"{run} reaches {state!r}")


def ends(run: str = "run") -> Step:
    """The execution has ended, and its tasks have stopped."""

    def over(scene: Scene) -> bool:
        return scene.describe(run)["status"] != "RUNNING" and all(
            task["lastStatus"] == "STOPPED" for task in scene.tasks(run)
        )

    return lambda scene: scene.until(lambda: over(scene), f"{run} ends")


def opens(run: str = "run") -> Step:
    """What its container waits for has come."""
    return lambda scene: scene.gate(run).touch()


def meets(fault: type[Fault], *, job: str = "job", **settings: Any) -> Step:
    """From now on the job's runs meet a fault."""

    def step(scene: Scene) -> None:
        scene.aws.faults.add(fault(of=scene.stack.family(scene.job(job)), **settings))

    return step


def stops_task(run: str = "run") -> Step:
    """A person stops the latest task of a run."""

    def step(scene: Scene) -> None:
        task = scene.tasks(run)[-1]
        scene.aws.client("ecs").stop_task(cluster=task["clusterArn"], task=task["taskArn"], reason="wrong day")

    return step


def stops_execution(run: str = "run") -> Step:
    """A person stops a run; Step Functions has done all that it does then, of which its own StopTask is a part."""

    def step(scene: Scene) -> None:
        scene.aws.client("stepfunctions").stop_execution(executionArn=scene.runs[run], error="Operator", cause="why")
        scene.until_left(run)

    return step


def redrives(run: str = "run") -> Step:
    def step(scene: Scene) -> None:
        scene.aws.client("stepfunctions").redrive_execution(executionArn=scene.runs[run])

    return step


def delivers(*runs: str, job: str = "job", minutes: int = 15) -> Step:
    """The job's schedule comes for so many minutes; the runs are in the order of their delivery, the skipped ones last
    among those that came within one of these.
    """

    def step(scene: Scene) -> None:
        begin = datetime.fromtimestamp(scene.clock.now(), UTC)
        with only(scene.stack.family("")):
            played = play(scene.aws, begin, begin + timedelta(minutes=minutes))
        own = [run for run in played if run.trigger == scene.stack.family(scene.job(job))]
        assert len(own) == len(runs), own
        states = scene.aws.client("stepfunctions")

        def order(arn: str) -> tuple[datetime, bool]:
            told = states.describe_execution(executionArn=arn)
            return told["startDate"].replace(second=0, microsecond=0), "SKIPPED" in told.get("output", "")

        arns = sorted((run.execution_arn for run in own), key=order)
        scene.runs |= zip(runs, arns, strict=True)

    return step


def starts_for_the_time_of(other: str, run: str, **more: Any) -> Step:
    """A person starts a run for the scheduled time that another one has had."""

    def step(scene: Scene) -> None:
        time = json.loads(scene.describe(other)["input"])["scheduledTime"]
        scene.start(run, "job", {"scheduledTime": time, **more})

    return step


def without(action: str, *, job: str = "job") -> Step:
    """Take an action away from the role of the job's machine."""

    return lambda scene: take_action(scene, scene.stack.role(scene.job(job)), action)


def take_action(scene: Scene, role: str, action: str) -> None:
    """Take an action away from a role, by its name."""
    iam = scene.aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    own = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    less = json.loads(json.dumps(own))
    for statement in less["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [each for each in actions if each != action]
    less["Statement"] = [statement for statement in less["Statement"] if statement["Action"]]
    assert less != own
    scene.take_away(iam, {"RoleName": role, "PolicyName": name}, less=less, own=own)


def gives_rights_back(scene: Scene) -> None:
    """What `without` has taken away."""
    scene.rights.close()


def loses_its_task_definition(scene: Scene) -> None:
    """Somebody deregisters the revision that the job's machine starts."""
    ecs, family = scene.aws.client("ecs"), scene.stack.family(scene.job("job"))
    (revision,) = ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
    ecs.deregister_task_definition(taskDefinition=revision)


def time_passes(seconds: float) -> Step:
    """So much of it while containers run, over which the clock does not jump."""

    def step(scene: Scene) -> None:
        scene.clock.speed = _FAST
        scene.clock.wait(scene.clock.now() + seconds)
        scene.clock.speed = 1

    return step


def time_flies(scene: Scene) -> None:
    """From now on it passes while containers run."""
    scene.clock.speed = _FAST


def time_flows(scene: Scene) -> None:
    """From now on it passes as it does."""
    scene.clock.speed = 1


def time_stands(scene: Scene) -> None:
    """From now on it passes only where nothing works."""
    scene.clock.speed = _STANDING


def answers_lag(seconds: float) -> Step:
    """What roles are told of executions and tasks is so old."""

    def step(scene: Scene) -> None:
        scene.aws.stale_reads.seconds = seconds

    return step
