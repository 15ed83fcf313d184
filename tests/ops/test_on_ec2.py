"""What is told of runs on EC2 instances: where they waited, and that one whose time was over never had one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ops.advice import advice, in_words
from sandbox.local_aws import LocalAws
from tests.ops.operated import OBEYS, Operated, deployed
from tests.ops.test_show import outcomes, shown

PROVIDER = "yard-of-the-operator"
_ON_EC2 = {
    "image": "example.com/obeys:1",
    "entrypoint": ["python", "-c", OBEYS],
    "overlap": "allow",
    "timeout": "10m",
    "runOn": {"kind": "ec2", "capacityProvider": PROVIDER, "networkMode": "bridge"},
}
JOBS = {
    "small": _ON_EC2,
    "too-large": _ON_EC2 | {"memory": 4096, "startRetries": {"attempts": 1}},
    "patient": _ON_EC2 | {"memory": 4096, "startRetries": {"attempts": 0}, "timeout": "2h"},
}


class Yard(Operated):
    """`acme`'s `yard`, on one instance of 2 GiB."""

    name = "yard"


@pytest.fixture(scope="module")
def yard(local_aws: LocalAws) -> Iterator[Yard]:
    group = f"arn:aws:autoscaling:{local_aws.region}:{local_aws.account}:autoScalingGroup:1:autoScalingGroupName/yard"
    managed = {"autoScalingGroupArn": group, "managedScaling": {"status": "ENABLED"}}
    local_aws.client("ecs").create_capacity_provider(name=PROVIDER, autoScalingGroupProvider=managed)
    local_aws.container_instances.register(PROVIDER, 1, memory_mib=2048)
    stack = deployed(local_aws, Yard, JOBS)
    yield stack
    stack.deployment.destroy()


def test_a_run_is_told_of_as_on_fargate(yard: Yard) -> None:
    found = shown(yard, yard.run("small", {"input": {"lines": 2, "exit": 3}}))
    (only,) = found.course.attempts
    assert (only.outcome, only.exit_code, only.task["CapacityProviderName"]) == ("Job.ExitedNonZero", 3, PROVIDER)
    assert found.last_lines == ("1 0", "1 1")
    assert yard.job("small").run_on == "ec2"


def test_a_timeout_without_an_instance_is_one_attempt_that_says_so(yard: Yard) -> None:
    execution_arn = yard.run("too-large")
    found = shown(yard, execution_arn)
    assert outcomes(found) == ["Job.NotPlaced", "Job.NotPlaced"]
    first, second = found.course.attempts
    assert first.task_arn != second.task_arn
    assert (first.exit_code, found.last_lines) == (None, ())
    assert first.reason == "no instance had room for it within its timeout of 10m"
    assert in_words(first) == "no instance took it"
    assert "Start more instances" in (advice(first) or "")
    assert found.time["running"] == timedelta(0)
    assert found.run.error == "Job.NotPlaced"


def test_a_task_that_ecs_gave_up_was_not_placed(yard: Yard) -> None:
    (only,) = shown(yard, yard.run("patient")).course.attempts
    assert (only.outcome, only.stop_code) == ("Job.NotPlaced", "TaskFailedToStart")
    assert only.reason == "TaskFailedToStart: RESOURCE:MEMORY"
