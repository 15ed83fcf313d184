"""The deployed jobs, and runs of them as they are seen from outside: by their states, and by their tasks at ECS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.deploy import Deployment, deploy
from sandbox.faults import Fault
from sandbox.local_aws import LocalAws
from tests.project import new_project
from tests.scenarios.stack import provide_instances
from tests.scenarios.stepped.jobs import BUCKET, JOBS, PROVIDER
from tests.waiting import until, until_left

PROJECT = "steps"
# At this speed a step's two minutes are less than half a second.
_FAST = 300.0
# Neither what earlier tests left is in the lists of tasks then, nor who they were in a lock.
_FORGOTTEN_SECONDS = 3700


@dataclass(frozen=True)
class Task:
    """A task of a run, as ECS tells of it."""

    arn: str
    status: str
    created: datetime
    stopped: datetime | None
    exit_code: int | None
    environment: dict[str, str]

    @property
    def step(self) -> str:
        return self.environment.get("LONGHAUL_STEP", "")

    @property
    def input(self) -> Any:
        return json.loads(self.environment["LONGHAUL_INPUT"])


class World:
    """The stack of all jobs."""

    def __init__(self, aws: LocalAws, root: Path) -> None:
        self.aws = aws
        self.states, self.ecs = aws.client("stepfunctions"), aws.client("ecs")
        config = {"aws:region": aws.region, "longhaul:network": {"availabilityZones": 1}, "longhaul:jobs": JOBS}
        new_project(root, PROJECT, config)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
        for key in ("in/a", "in/b", "in/c", "out/d"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        provide_instances(aws, {PROVIDER: "ENABLED"})
        self.deployment: Deployment = deploy(root, "dev", aws)
        (self.results_bucket,) = (made.id for made in self.deployment.resources if made.token == "aws:s3/bucket:Bucket")
        self.cluster: str = self.deployment.outputs["cluster"]
        (self.lock_table,) = (made.id for made in self.deployment.resources if made.token == "aws:dynamodb/table:Table")

    def destroy(self) -> None:
        self.deployment.destroy()
        s3 = self.aws.client("s3")
        for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
            s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
        s3.delete_bucket(Bucket=BUCKET)

    def machine(self, job: str) -> str:
        return self.deployment.outputs["stateMachines"][job]

    def meets(self, fault: type[Fault], of: str, **settings: Any) -> None:
        """From now on the tasks of a family, such as `line_second`, meet a fault."""
        self.aws.faults.add(fault(of=f"{PROJECT}-dev-{of}", **settings))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that comes by itself, with time jumping whenever nothing works."""
        until(self.aws.clock, condition, lambda: what)

    def time_passes(self, seconds: float) -> None:
        """So much of it while containers run, over which the clock does not jump."""
        with self.hurry():
            self.aws.clock.wait(self.aws.clock.now() + seconds)

    @contextmanager
    def hurry(self) -> Iterator[None]:
        """Time passes while containers run."""
        self.aws.clock.speed = _FAST
        try:
            yield
        finally:
            self.aws.clock.speed = 1

    @contextmanager
    def without(self, action: str, job: str) -> Iterator[None]:
        """Take an action away from the role of a job's machine."""
        iam = self.aws.client("iam")
        role = self.states.describe_state_machine(stateMachineArn=self.machine(job))["roleArn"].rpartition("/")[2]
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        own = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        statements = [
            {**each, "Action": [one for one in _listed(each["Action"]) if one != action]} for each in own["Statement"]
        ]
        less = {**own, "Statement": [statement for statement in statements if statement["Action"]]}
        assert less["Statement"] != own["Statement"]
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(own))

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks of the cluster that ECS still shows."""
        found: list[dict[str, Any]] = []
        for status in ("RUNNING", "STOPPED"):
            pages = self.ecs.get_paginator("list_tasks").paginate(cluster=self.cluster, desiredStatus=status)
            for arns in (page["taskArns"] for page in pages):
                found += self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        return found


class Play:
    """One test's runs in the world; what they wait for is in its folder."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self._folder = folder
        self._runs: list[Run] = []
        clock = world.aws.clock
        world.until(lambda: clock.advance_to(clock.now() + _FORGOTTEN_SECONDS), "nothing works")

    def start(self, job: str, does: dict[str, Any] | None = None, *, begin: str = "", **execution_input: Any) -> Run:
        """Start a run, with the step `begin` if there is one; `does`: see jobs.does."""
        run = Run(self.world, job, self._folder / f"run{len(self._runs)}")
        run.folder.mkdir()
        given = {**execution_input, "environment": {**execution_input.get("environment", {})}}
        if begin:
            given["from"] = begin
        for name, script in (does or {}).get("environment", {}).items():
            given["environment"][name] = run.placed(script)
        if isinstance(given.get("input"), str):
            given["input"] = run.placed(given["input"])
        run.begin(given)
        self._runs.append(run)
        return run

    def tasks_of(self, job: str) -> list[Task]:
        """All tasks of a job's runs, whoever started them."""
        found = [_task(task) for task in self.world.tasks()]
        return [task for task in found if task.environment["LONGHAUL_JOB"] == job]

    def line(self, job: str) -> list[str]:
        """Who stands in the line of a job's lock, as ARNs of executions, the holder first."""
        overlap = JOBS[job].get("overlap")
        group = overlap.get("group") if isinstance(overlap, dict) else None
        key = {"key": {"S": f"lock#group#{group}" if group else f"lock#job#{job}"}}
        item = self.world.aws.client("dynamodb").get_item(TableName=self.world.lock_table, Key=key, ConsistentRead=True)
        return [entry["S"].split()[0] for entry in item.get("Item", {}).get("line", {"L": []})["L"]]

    def end(self) -> None:
        """End what still runs, and leave no lock behind."""
        self.world.aws.faults.clear()
        self.world.aws.clock.speed = 1
        for run in self._runs:
            if run.told()["status"] == "RUNNING":
                run.stop()
        for task in self.world.tasks():
            if task["lastStatus"] != "STOPPED":
                self.world.ecs.stop_task(cluster=self.world.cluster, task=task["taskArn"])
        dynamodb = self.world.aws.client("dynamodb")
        for item in dynamodb.scan(TableName=self.world.lock_table)["Items"]:
            dynamodb.delete_item(TableName=self.world.lock_table, Key={"key": item["key"]})


class Run:
    """An execution of a job with steps."""

    def __init__(self, world: World, job: str, folder: Path) -> None:
        self.world, self.job, self.folder, self.arn = world, job, folder, ""

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    def placed(self, script: str) -> str:
        """A script with the files of its step in the place of READY and OPEN."""
        return script.replace("READY", f"{self.folder}/$LONGHAUL_STEP$LONGHAUL_INDEX.ready").replace(
            "OPEN", f"{self.folder}/open"
        )

    def begin(self, execution_input: dict[str, Any]) -> None:
        answer = self.world.states.start_execution(
            stateMachineArn=self.world.machine(self.job), input=json.dumps(execution_input)
        )
        self.arn = answer["executionArn"]

    def told(self) -> dict[str, Any]:
        return self.world.states.describe_execution(executionArn=self.arn)

    def ready(self, *steps: str) -> Run:
        """Wait until the containers of these steps do their work; `each0` is the first of several."""
        self.world.until(lambda: all((self.folder / f"{step}.ready").exists() for step in steps), f"{steps} are ready")
        return self

    def opens(self) -> None:
        """What its containers wait for has come."""
        (self.folder / "open").touch()

    def reaches(self, state: str) -> None:
        self.world.until(lambda: state in self.path(), f"it reaches {state!r}")

    def end(self) -> dict[str, Any]:
        """Wait until the execution has ended, and its tasks have stopped; what DescribeExecution tells."""
        self.world.until(
            lambda: self.told()["status"] != "RUNNING" and all(task.status == "STOPPED" for task in self.tasks()),
            f"{self.job} ends: {self.path()}",
        )
        return self.told()

    def succeeds(self) -> dict[str, Any]:
        """Wait for its success; the output."""
        told = self.end()
        assert told["status"] == "SUCCEEDED", told
        return json.loads(told["output"])

    def fails(self) -> tuple[str, str]:
        """Wait for its failure; error and cause."""
        told = self.end()
        assert told["status"] == "FAILED", told
        return told["error"], told["cause"]

    def stop(self) -> None:
        """Stop it, and return when Step Functions has done all that it does then."""
        self.world.states.stop_execution(executionArn=self.arn, error="Operator", cause="why")
        until_left(self.name, "map-run-")

    def redrive(self) -> None:
        self.world.states.redrive_execution(executionArn=self.arn)

    def path(self) -> list[str]:
        """The names of the states that it entered; of a redrive "(redriven)"."""
        pages = self.world.states.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        return [
            event["stateEnteredEventDetails"]["name"] if "stateEnteredEventDetails" in event else "(redriven)"
            for page in pages
            for event in page["events"]
            if "stateEnteredEventDetails" in event or event["type"] == "ExecutionRedriven"
        ]

    def tasks(self, step: str = "") -> list[Task]:
        """Its tasks, or those of one step, the first first."""
        found = [_task(task) for task in self.world.tasks() if task["group"] == self.name]
        return sorted((task for task in found if step in ("", task.step)), key=lambda task: task.created)


def _task(told: dict[str, Any]) -> Task:
    (override,) = told["overrides"]["containerOverrides"]
    return Task(
        arn=told["taskArn"],
        status=told["lastStatus"],
        created=told["createdAt"],
        stopped=told.get("stoppedAt"),
        exit_code=told["containers"][0].get("exitCode"),
        environment={each["name"]: each["value"] for each in override["environment"]},
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
