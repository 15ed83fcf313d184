"""Jobs without a state machine, deployed once a module, and all that becomes of their runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.play import Run, play
from tests.firing import only
from tests.project import new_project
from tests.queues import Queue, attributes, subscribed
from tests.waiting import PATIENCE_SECONDS, until

NAME = "lone-dev"
HOURLY = "cron(0 * * * ? *)"
SAYS = "echo $LONGHAUL_JOB $LONGHAUL_SCHEDULED_TIME $LONGHAUL_ATTEMPT $LONGHAUL_INPUT $LONGHAUL_EXECUTION; "
# Ends well where it is asked to end, once it has said that it would.
OBEYS = "trap 'exit 0' TERM; echo ready; while :; do sleep 1 & wait $!; done"
JOBS: dict[str, dict[str, Any]] = {
    "works": {"command": ["sh", "-c", SAYS], "input": {"shop": "<all>"}},
    "fails": {"command": ["sh", "-c", f"{SAYS}exit 3"]},
    "waits": {"command": ["sh", "-c", OBEYS]},
    "spotty": {"command": ["sh", "-c", OBEYS], "capacity": {"spot": True}},
    "secretive": {"command": ["true"], "secrets": {"TOKEN": "/lone/token"}},
    "zoned": {"command": ["sh", "-c", SAYS], "timezone": "Europe/Dublin"},
}


@dataclass(frozen=True)
class World:
    """The deployed stack, with a queue that hears what its topic says. Its rules are off until a test plays one."""

    aws: LocalAws
    deployment: Deployment
    heard: Queue

    def name(self, job: str) -> str:
        return f"{NAME}-{job}"

    @property
    def cluster(self) -> str:
        return self.deployment.outputs["cluster"]

    def play(self, job: str, *, hours: int = 1) -> list[Run]:
        """Let the job's rule fire for some hours; its runs."""
        events = self.aws.client("events")
        events.enable_rule(Name=self.name(job))
        try:
            return self.play_all(hours)
        finally:
            events.disable_rule(Name=self.name(job))

    def play_all(self, hours: int) -> list[Run]:
        """Let all of the stack fire for some hours; the runs."""
        start = datetime.fromtimestamp(self.aws.clock.now(), UTC)
        with only(f"{NAME}-"):
            return play(self.aws, start, start + timedelta(hours=hours))

    def fire_zoned(self) -> Any:
        """Have the one schedule start its job, for its one time; the delivery."""
        from sandbox.triggers import Triggers

        (schedule,) = self.aws.client("scheduler").list_schedules(GroupName=NAME)["Schedules"]
        due = datetime(2199, 1, 1, 3, 15, tzinfo=UTC)
        with only(f"{NAME}-"):
            (delivery,) = Triggers(self.aws, due - timedelta(hours=1), due).fire(due)
        assert delivery.trigger == schedule["Name"]
        if delivery.started_arn:
            self.finish(delivery.started_arn)
        return delivery

    def finish(self, task_arn: str) -> dict[str, Any]:
        assert self.aws.tasks.stopped(task_arn).wait(PATIENCE_SECONDS)
        return self.aws.client("ecs").describe_tasks(cluster=self.cluster, tasks=[task_arn])["tasks"][0]

    def lines(self, job: str, task_arn: str) -> list[str]:
        """What the job's container wrote."""
        events = self.aws.client("logs").get_log_events(
            logGroupName=self.deployment.outputs["logGroups"][job],
            logStreamName=f"run/job/{task_arn.rpartition('/')[2]}",
            startFromHead=True,
        )["events"]
        return [event["message"] for event in events]

    def ledger(self, *task_arns: str) -> list[dict[str, Any]]:
        """The details of the ledger's lines about these tasks, each task's by its version."""
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        found = [
            json.loads(event["message"])["detail"]
            for page in pages.paginate(logGroupName=self.deployment.outputs["ledger"])
            for event in page["events"]
        ]
        of_tasks = [each for each in found if each["taskArn"] in task_arns]
        return sorted(of_tasks, key=lambda each: (task_arns.index(each["taskArn"]), each["version"]))

    def alerts(self) -> list[dict[str, Any]]:
        """What the topic has said since the last look."""
        return [json.loads(json.loads(message["Body"])["Message"]) for message in self.heard.take_all()]

    def dead_letters(self) -> list[dict[str, str]]:
        """The attributes of the letters in the dead-letter queue, which is empty then."""
        return [
            attributes(letter) for letter in Queue(self.aws, self.deployment.outputs["deadLetterQueueUrl"]).take_all()
        ]

    def end_the_alarm(self) -> None:
        """Let the minute end in which a dead letter was seen: CloudWatch tells of an alarm that was off before."""
        clock = self.aws.clock
        over = clock.now() + 61
        until(clock, lambda: clock.advance_to(over), lambda: "nothing works")
        (alarm,) = self.aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-dead-letters")["MetricAlarms"]
        assert alarm["StateValue"] == "OK"

    @contextmanager
    def holding(self, role: str, document: dict[str, Any]) -> Iterator[None]:
        """Have a role hold another policy, and its own again afterwards."""
        iam, name = self.aws.client("iam"), self.role_name(role)
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        own = self.policy(role)
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(own))

    def policy(self, role: str) -> dict[str, Any]:
        """The document of the one policy that a role holds."""
        iam, name = self.aws.client("iam"), self.role_name(role)
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        return iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]

    def role_name(self, role: str) -> str:
        """The generated name of a role that is called `<job>-start` and so on in the program."""
        (name,) = [
            made.id
            for made in self.deployment.resources
            if made.token == "aws:iam/role:Role" and made.name == f"{NAME}-{role}"
        ]
        return name


def write_project(root: Path) -> None:
    common = {
        "image": "public.ecr.aws/docker/library/alpine:3",
        "runOn": "task",
        "overlap": "allow",
        "stopTimeout": "2s",
    }
    rules = {"schedule": HOURLY, "enabled": False}
    schedules = {"schedule": "cron(15 3 1 1 ? 2199)"}
    config = {
        "aws:region": "eu-west-1",
        "longhaul:network": {"nat": "none", "availabilityZones": 1},
        "longhaul:alerts": {"email": ["ops@example.com"]},
        "longhaul:jobs": {
            name: {**common, **(schedules if "timezone" in job else rules), **job} for name, job in JOBS.items()
        },
    }
    new_project(root, "lone", config)


@pytest.fixture(scope="package")
def deployed(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("lone")
    local_aws.client("ssm").put_parameter(Name="/lone/token", Value="t0ken", Type="SecureString", Overwrite=True)
    write_project(root)
    deployment = deploy(root, "dev", local_aws)
    with subscribed(local_aws, deployment.outputs["alertsTopic"]) as heard:
        yield World(local_aws, deployment, heard)
    deployment.destroy()


@pytest.fixture
def world(deployed: World) -> Iterator[World]:
    """The stack, with nothing heard yet and nothing that goes wrong."""
    deployed.alerts()
    deployed.dead_letters()
    yield deployed
    deployed.aws.faults.clear()
