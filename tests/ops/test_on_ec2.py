"""What is told of runs on EC2 instances: where they waited, and that one whose time was over never had one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ops.advice import advice, in_words
from ops.attempts import Attempt
from ops.doctor import too_large
from ops.doctor.finding import Finding
from ops.doctor.patient import Patient
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
    "partly": _ON_EC2 | {"steps": [{"name": "first"}, {"name": "second", "cpu": 2049}]},
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


@pytest.mark.parametrize("outcome", ["Job.Interrupted", "Job.TimedOut"])
def test_advice_names_nothing_that_has_no_effect_on_an_instance(outcome: str) -> None:
    there, on_fargate = (
        Attempt(number=1, outcome=outcome, requested=datetime.now(UTC), task={"LaunchType": launch_type})
        for launch_type in ("EC2", "FARGATE")
    )
    assert "instance" in in_words(there)
    assert advice(there) != advice(on_fargate)
    assert "capacity." not in (advice(there) or "")


def examined(yard: Yard) -> list[Finding]:
    with ThreadPoolExecutor(4) as pool:
        patient = Patient(yard.aws, yard.found(), pool, now=datetime.now(UTC), ledger=None, triggers_known=True)
        found = too_large.check(patient)
        assert patient.unchecked == []
    return sorted(found, key=lambda finding: finding.job or "")


def test_a_task_that_is_larger_than_any_instance_of_its_provider(yard: Yard) -> None:
    found = examined(yard)
    assert [(finding.check, finding.job) for finding in found] == [
        ("task-too-large", "partly"),
        ("task-too-large", "patient"),
        ("task-too-large", "too-large"),
    ]
    of_a_step, _, whole = found
    assert of_a_step.problem == (
        "A task of step second of partly needs 2049 CPU units and 512 MiB, and no instance of its capacity provider "
        "yard-of-the-operator has them: there is 1 of 2048 CPU units and 2048 MiB."
    )
    assert "too-large needs 256 CPU units and 4096 MiB" in whole.problem
    assert "larger machines" in whole.advice
    assert (whole.arn or "").rpartition(":")[0].endswith("task-definition/acme-yard-too-large")


def test_one_instance_that_is_large_enough_will_do_and_what_runs_there_does_not_count(yard: Yard) -> None:
    (small,) = yard.local_aws.container_instances.of([PROVIDER])
    whole = small.cpu_units, small.memory_mib
    small.cpu_units, small.memory_mib = 2049, 4096
    execution_arn = yard.start("patient", {"input": {"seconds": 600}})
    yard.until_submitted(execution_arn)
    found = examined(yard)
    yard.stop(execution_arn)
    small.cpu_units, small.memory_mib = whole
    assert found == []


def test_enough_cpu_without_enough_memory_will_not_do(yard: Yard) -> None:
    (small,) = yard.local_aws.container_instances.of([PROVIDER])
    small.memory_mib = 511
    found = examined(yard)
    small.memory_mib = 2048
    assert {finding.job for finding in found} == {"small", "too-large", "patient", "partly"}


def test_of_a_provider_without_instances_nothing_is_said(yard: Yard) -> None:
    (small,) = yard.local_aws.container_instances.of([PROVIDER])
    small.provider = "another"
    found = examined(yard)
    small.provider = PROVIDER
    assert found == []
