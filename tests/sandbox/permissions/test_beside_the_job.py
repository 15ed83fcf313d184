"""What a job's roles may not do, although the action is granted: it is another's cluster, family, role or machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.permissions.deployed import Jobs
from tests.sandbox.permissions.project import NAME

Definition = dict[str, Any]


@contextmanager
def running(jobs: Jobs, change: Callable[[Definition], None]) -> Iterator[None]:
    """Have the machine of `plain` do something else, by a change of its RunTask's arguments."""
    client, arn = jobs.aws.client("stepfunctions"), jobs.machine("plain")
    own = client.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(own)
    change(definition["States"]["Run the job"]["Arguments"])
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=arn, definition=own)


def denial(jobs: Jobs, change: Callable[[Definition], None]) -> str:
    """What the run says when its machine has been changed."""
    with running(jobs, change):
        failed = jobs.run("plain").event("TaskFailed")
    assert failed["error"] == "ECS.AccessDeniedException"
    return failed["cause"]


@pytest.fixture(scope="module")
def other_cluster(jobs: Jobs) -> Iterator[str]:
    ecs = jobs.aws.client("ecs")
    yield ecs.create_cluster(clusterName="of-another-team", capacityProviders=["FARGATE"])["cluster"]["clusterArn"]
    ecs.delete_cluster(cluster="of-another-team")


def test_no_task_on_another_cluster(jobs: Jobs, other_cluster: str) -> None:
    def change(arguments: Definition) -> None:
        arguments["Cluster"] = other_cluster

    family = f"task-definition/{NAME}-plain:"
    assert f"is not authorized to perform: ecs:RunTask on resource: {jobs.arn('ecs', family)}" in denial(jobs, change)


def test_no_task_of_another_job(jobs: Jobs) -> None:
    definition = jobs.deployment.outputs["taskDefinitions"]["permitted"]

    def change(arguments: Definition) -> None:
        arguments["TaskDefinition"] = definition

    assert f"is not authorized to perform: ecs:RunTask on resource: {definition}" in denial(jobs, change)


@pytest.mark.parametrize("override", ["TaskRoleArn", "ExecutionRoleArn"])
def test_no_role_of_another_job(jobs: Jobs, override: str) -> None:
    role_arn = jobs.role_arn("permitted-task" if override == "TaskRoleArn" else "secretive-exec")

    def change(arguments: Definition) -> None:
        arguments["Overrides"][override] = role_arn

    assert f"is not authorized to perform: iam:PassRole on resource: {role_arn}" in denial(jobs, change)


def test_a_task_is_tagged_when_it_starts_and_not_later(jobs: Jobs) -> None:
    execution_arn, task_arn = jobs.running_task("plain")
    client = jobs.acting("plain-states", "ecs", "states.amazonaws.com", jobs.machine("plain"))
    with pytest.raises(ClientError, match=f"ecs:TagResource on resource: {task_arn} because"):
        client.tag_resource(resourceArn=task_arn, tags=[{"key": "longhaul:job", "value": "permitted"}])
    jobs.abort(execution_arn)
    jobs.stop_task(task_arn)


def test_no_look_at_another_cluster(jobs: Jobs, other_cluster: str) -> None:
    client = jobs.acting("plain-states", "ecs", "states.amazonaws.com", jobs.machine("plain"))
    for action, call in {
        "ecs:DescribeTasks": lambda: client.describe_tasks(cluster=other_cluster, tasks=["0" * 32]),
        "ecs:StopTask": lambda: client.stop_task(cluster=other_cluster, task="0" * 32),
    }.items():
        with pytest.raises(
            ClientError, match=f"perform: {action} on resource: .*:task/of-another-team/0{{32}} because"
        ):
            call()


def test_no_start_of_a_machine_beside_the_stacks(jobs: Jobs) -> None:
    other = jobs.machine("plain").replace(NAME, "bite-prod")
    rule = jobs.arn("events", f"rule/{NAME}-plain")
    client = jobs.acting("trigger", "stepfunctions", "events.amazonaws.com", rule)
    with pytest.raises(ClientError, match=f"states:StartExecution on resource: {other} because"):
        client.start_execution(stateMachineArn=other)
