"""The stack that the operator's tests work on: deployed once in a process, with real runs of real programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from ops.aws import Aws
from ops.stack import DeployedJob, DeployedStack, find_stack
from ops.starting import new_name, start_run
from sandbox.deploy import Deployment, deploy
from sandbox.instances_of_jobs import provide_instances
from sandbox.local_aws import LocalAws
from spec.load import load_stack
from tests.project import new_project
from tests.waiting import until, until_left

# Does what its input says: so many lines, then a pause, or one while a file is there, then an end with that exit code.
OBEYS = """\
import json, os, sys, time
wanted = json.loads(os.environ["LONGHAUL_INPUT"])
for number in range(wanted.get("lines", 0)):
    print(os.environ["LONGHAUL_ATTEMPT"], number, flush=True)
time.sleep(wanted.get("seconds", 0))
while os.path.exists(wanted.get("while", "")):
    time.sleep(0.01)
sys.exit(wanted.get("exit", 0))
"""
_OBEYING = {"image": "example.com/obeys:1", "entrypoint": ["python", "-c", OBEYS]}
JOBS = {
    "obeys": _OBEYING
    | {
        "description": "Does as it is told",
        "schedule": "cron(15 3 * * ? *)",
        "timeout": "10m",
        "overlap": "allow",
        "retries": {"attempts": 1, "interval": "1m", "finalExitCodes": [64]},
    },
    "obeys-alone": _OBEYING | {"schedule": "cron(0 6 ? * MON-FRI *)", "timezone": "Europe/Paris", "overlap": "skip"},
    "obeys-in-line": _OBEYING | {"overlap": "queue"},
    # Does what each of `items` says, in a map run, and then what `last` says.
    "many": _OBEYING
    | {
        "overlap": "allow",
        "steps": [
            {"name": "one", "forEach": {"items": "{% $input.items %}", "distributed": True}},
            {"name": "last", "input": "{% $input.last %}"},
        ],
    },
    "absent": {"image": "example.com/absent:1", "startRetries": {"attempts": 0}, "overlap": "allow"},
    # Has three seconds.
    "cut-off": _OBEYING | {"runOn": "lambda", "timeout": "3s", "overlap": "allow"},
    # On an EC2 instance.
    "lodger": _OBEYING
    | {"runOn": {"kind": "ec2", "capacityProvider": "night-warehouse", "networkMode": "bridge"}, "overlap": "allow"},
    # Nobody runs it.
    "idle": _OBEYING | {"schedule": "rate(1 hour)", "enabled": False},
    # Without a state machine, by a rule and by a schedule.
    "tick": _OBEYING | {"runOn": "task", "overlap": "allow", "schedule": "cron(0 4 29 2 ? *)"},
    "tock": _OBEYING
    | {"runOn": "task", "overlap": "allow", "schedule": "cron(0 5 29 2 ? *)", "timezone": "Europe/Paris"},
}


class Operated:
    """A deployed stack, `acme`'s `night`."""

    project = "acme"
    name = "night"

    def __init__(self, local_aws: LocalAws, root: Path, deployment: Deployment) -> None:
        self.local_aws = local_aws
        self.root = root
        self.deployment = deployment
        self.states = local_aws.client("stepfunctions")
        self.aws = Aws()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.local_aws.clock.now(), UTC)

    def found(self) -> DeployedStack:
        return find_stack(self.aws, self.project, self.name)

    def job(self, name: str) -> DeployedJob:
        return next(job for job in self.found().jobs if job.name == name)

    def start(self, job: str, execution_input: Any = None, **more: Any) -> str:
        """StartExecution; the execution's ARN."""
        machine = self.deployment.outputs["stateMachines"][job]
        answer = self.states.start_execution(
            stateMachineArn=machine, input=json.dumps({} if execution_input is None else execution_input), **more
        )
        return answer["executionArn"]

    def run(self, job: str, execution_input: Any = None, **more: Any) -> str:
        """Start a run and wait for its end, and until the ledger has it; the execution's ARN."""
        execution_arn = self.start(job, execution_input, **more)
        self.to_end(execution_arn)
        until_left(execution_arn.rpartition(":")[2])
        return execution_arn

    def run_task(self, job: str, given: Any, *, waited_for: bool = True) -> str:
        """Start a task of a job without a state machine, and wait until it works, or for its end; its ARN."""
        task_arn = start_run(self.aws, self.job(job), new_name("manual"), {"trigger": "manual", "input": given})
        if waited_for:
            assert self.local_aws.tasks.stopped(task_arn).wait(120)
        else:
            self.until_running(task_arn)
        return task_arn

    def stop_task(self, task_arn: str) -> None:
        self.local_aws.client("ecs").stop_task(cluster=task_arn.split("/")[-2], task=task_arn)
        assert self.local_aws.tasks.stopped(task_arn).wait(120)

    def to_end(self, execution_arn: str) -> None:
        """Wait for a run's end, jumping over its waits while nothing else works: that keeps the clock from jumping."""

        def has_ended() -> bool:
            return self.states.describe_execution(executionArn=execution_arn)["status"] != "RUNNING"

        until(self.local_aws.clock, has_ended, lambda: f"{execution_arn} ends")

    def until_submitted(self, execution_arn: str) -> None:
        """Wait until ECS has taken the run's task."""
        while not any(event["type"] == "TaskSubmitted" for event in self.events(execution_arn)):
            pass

    def until_working(self, execution_arn: str) -> None:
        """Wait until the run's task works: one that is stopped before has no exit code."""
        self.until_submitted(execution_arn)
        (submitted,) = [event for event in self.events(execution_arn) if event["type"] == "TaskSubmitted"]
        self.until_running(json.loads(submitted["taskSubmittedEventDetails"]["output"])["Tasks"][0]["TaskArn"])

    def until_running(self, task_arn: str) -> None:
        """Wait until a task works."""
        while self.described(task_arn)["lastStatus"] != "RUNNING":
            pass

    def described(self, task_arn: str) -> dict[str, Any]:
        """DescribeTasks, of one."""
        ecs = self.local_aws.client("ecs")
        (task,) = ecs.describe_tasks(cluster=task_arn.split("/")[-2], tasks=[task_arn])["tasks"]
        return task

    def hurried(self, execution_arn: str) -> None:
        """Wait for the end of a run whose task works for longer than a test should: the clock goes faster."""
        self.until_submitted(execution_arn)
        clock = self.local_aws.clock
        clock.speed = 10_000.0
        try:
            self.to_end(execution_arn)
        finally:
            clock.speed = 1.0

    def events(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
        return [event for page in pages for event in page["events"]]

    def stop(self, execution_arn: str, **why: str) -> None:
        self.states.stop_execution(executionArn=execution_arn, **why)


StackT = TypeVar("StackT", bound=Operated)


def deployed(local_aws: LocalAws, kind: type[StackT], jobs: Mapping[str, Any]) -> StackT:
    """A stack of these jobs, which ends with the local AWS."""
    root = Path(mkdtemp(prefix="longhaul-operated-"))
    config = {"aws:region": local_aws.region, "longhaul:jobs": jobs}
    new_project(root, kind.project, config, stack=kind.name)
    provide_instances(local_aws, load_stack(root, kind.name).containers)
    return kind(local_aws, root, deploy(root, kind.name, local_aws))


@cache
def operated_stack(local_aws: LocalAws) -> Operated:
    """The stack, deployed when it is first asked for."""
    return deployed(local_aws, Operated, JOBS)
