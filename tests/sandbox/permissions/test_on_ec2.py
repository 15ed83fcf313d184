"""Every right of the machine of a job on EC2 instances is needed: one more than on Fargate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from sandbox.deploy import deploy
from sandbox.instances_of_jobs import provide_instances
from sandbox.local_aws import LocalAws
from spec.load import load_stack
from tests.project import new_project
from tests.sandbox.permissions.deployed import Jobs
from tests.sandbox.permissions.policies import Part
from tests.sandbox.permissions.project import SCRIPT
from tests.sandbox.permissions.scenarios import NOT_FOR_A_RUN, Outcome, outcome

HOLDER = "packed-states"
WAITED = "no instance had room for it within its timeout of 2m"


@pytest.fixture(scope="module")
def jobs(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """The job, deployed, on a provider of its own."""
    root, provider = tmp_path_factory.mktemp("packed"), "packed-warehouse"
    job = {
        "image": "public.ecr.aws/docker/library/alpine:3",
        "entrypoint": ["sh", "-c"],
        "command": [SCRIPT],
        "overlap": "allow",
        "timeout": "2m",
        "startRetries": {"attempts": 0},
        "runOn": {"kind": "ec2", "capacityProvider": provider, "networkMode": "bridge"},
    }
    config = {"aws:region": local_aws.region, "longhaul:network": {"nat": "none"}, "longhaul:jobs": {"packed": job}}
    new_project(root, "bite", config)
    provide_instances(local_aws, load_stack(root, "dev").containers)
    deployment = deploy(root, "dev", local_aws)
    yield Jobs(local_aws, deployment)
    deployment.destroy()
    local_aws.client("ecs").delete_capacity_provider(capacityProvider=provider)


@dataclass(frozen=True)
class Use:
    """What needs a right, and what is seen without it: AWS's error, or how the run ends then."""

    act: Callable[[Jobs], Outcome]
    without_it: str


def run(jobs: Jobs) -> Outcome:
    return outcome(jobs.run("packed"))


def abort(jobs: Jobs) -> Outcome:
    """Stop an execution while its task runs: the task is to stop too."""
    execution_arn, task_arn = jobs.running_task("packed")
    jobs.abort(execution_arn)
    task = jobs.task(task_arn)
    jobs.stop_task(task_arn)
    return Outcome() if task["desiredStatus"] == "STOPPED" else Outcome("the task runs on")


def wait_in_vain(jobs: Jobs) -> Outcome:
    """Have a task wait for an instance until its timeout: that it was never placed is to be told."""
    instances = jobs.aws.container_instances.of(["packed-warehouse"])
    whole = [instance.memory_mib for instance in instances]
    for instance in instances:
        instance.memory_mib = 0
    try:
        ended = jobs.run("packed")
    finally:
        for instance, memory_mib in zip(instances, whole, strict=True):
            instance.memory_mib = memory_mib
    if ended.error == "Job.NotPlaced":
        assert WAITED in ended.cause
        return Outcome()
    return Outcome(ended.error, ended.cause)


USES = {
    "ecs:RunTask": Use(run, "ECS.AccessDeniedException"),
    "ecs:TagResource": Use(run, "ECS.AccessDeniedException"),
    "iam:PassRole": Use(run, "ECS.AccessDeniedException"),
    "ecs:DescribeTasks": Use(wait_in_vain, "Job.TimedOut"),
    "ecs:ListTasks": Use(wait_in_vain, "Job.TimedOut"),
    "ecs:StopTask": Use(abort, "the task runs on"),
}


def test_its_machine_may_do_what_is_used_here_and_what_a_deployment_needs(jobs: Jobs) -> None:
    of_deployments = {action for entry in NOT_FOR_A_RUN if entry["role"] == "states" for action in entry["actions"]}
    assert {part.action for part in jobs.parts(HOLDER)} == {*USES, *of_deployments}


@pytest.mark.parametrize("action", USES)
def test_without_a_right_what_needs_it_fails(jobs: Jobs, action: str, subtests: pytest.Subtests) -> None:
    use = USES[action]
    of_action: list[Part] = [part for part in jobs.parts(HOLDER) if part.action == action]
    assert of_action
    for part in of_action:
        with subtests.test(str(part)):
            with jobs.without(HOLDER, part):
                assert use.act(jobs).error == use.without_it
            assert use.act(jobs) == Outcome()
