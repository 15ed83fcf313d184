"""Which deployed jobs would go, of what is really deployed in the local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from definitions.tags import JOB_TAG, PACKAGE_TAG, RUN_ON_TAG, STACK_TAG
from ops.aws import Aws
from ops.deployed import DisturbedJob, jobs_to_be_disturbed
from sandbox.local_aws import LocalAws

HOUR_LONG = {
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}},
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class Machines:
    """State machines of this test, made by hand."""

    def __init__(self, aws: LocalAws, role_arn: str) -> None:
        self.client = aws.client
        self.states: Any = aws.client("stepfunctions")
        self.role_arn = role_arn
        self.arns: list[str] = []

    def make(self, name: str, **tags: str) -> str:
        """A machine whose executions wait for an hour; `stack` and `job` become Longhaul's tags."""
        names = {"stack": STACK_TAG, "job": JOB_TAG, "run_on": RUN_ON_TAG, "package": PACKAGE_TAG}
        made = self.states.create_state_machine(
            name=name,
            definition=json.dumps(HOUR_LONG),
            roleArn=self.role_arn,
            tags=[{"key": names.get(key, key), "value": value} for key, value in tags.items()],
        )
        self.arns.append(made["stateMachineArn"])
        return made["stateMachineArn"]

    def start(self, machine: str) -> str:
        return self.states.start_execution(stateMachineArn=machine)["executionArn"]

    def is_left(self, arn: str) -> bool:
        """Whether a machine is there, if only to be deleted."""
        try:
            self.states.describe_state_machine(stateMachineArn=arn)
        except self.states.exceptions.StateMachineDoesNotExist:
            return False
        return True

    def removed(self, *staying: str) -> list[DisturbedJob]:
        return self.disturbed(**dict.fromkeys(staying, "fargate"))

    def disturbed(self, **staying: str) -> list[DisturbedJob]:
        return jobs_to_be_disturbed(Aws(), "going", "dev", staying)


@pytest.fixture
def machines(local_aws: LocalAws) -> Iterator[Machines]:
    iam = local_aws.client("iam")
    role = iam.create_role(RoleName="waits", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    machines = Machines(local_aws, role)
    yield machines
    for arn in machines.arns:
        for execution in machines.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            machines.states.stop_execution(executionArn=execution["executionArn"])
        machines.states.delete_state_machine(stateMachineArn=arn)
    # It goes when its executions have ended, and until then its name is taken.
    while any(map(machines.is_left, machines.arns)):
        local_aws.clock.wait_idle()
    iam.delete_role(RoleName="waits")


def test_what_stays_is_not_told_of_and_what_goes_is_with_its_running_executions(machines: Machines) -> None:
    hello = machines.make("going-dev-hello", stack="dev", job="hello")
    report = machines.make("going-dev-report", stack="dev", job="report")
    ended, first, second = (machines.start(report) for _ in range(3))
    machines.start(hello)
    machines.states.stop_execution(executionArn=ended)

    (removed,) = machines.removed("hello")

    assert (removed.name, removed.state_machine_arn) == ("report", report)
    assert {run.arn for run in removed.running} == {first, second}
    began = machines.states.describe_execution(executionArn=first)["startDate"]
    assert began in {run.started for run in removed.running}
    assert machines.removed("hello", "report") == []


def test_a_job_at_rest_goes_without_executions(machines: Machines) -> None:
    machines.make("going-dev-report", stack="dev", job="report")
    assert [(job.name, job.running) for job in machines.removed()] == [("report", ())]


def test_a_job_that_would_run_elsewhere_is_told_of_with_its_running_executions(machines: Machines) -> None:
    hello = machines.make("going-dev-hello", stack="dev", job="hello")
    machines.make("going-dev-load", stack="dev", job="load", run_on="ec2")
    running = machines.start(hello)

    (moved,) = machines.disturbed(hello="lambda", load="ec2")
    (back,) = machines.disturbed(hello="fargate", load="fargate")

    assert (moved.name, moved.runs_on, moved.moves_to) == ("hello", "fargate", "lambda")
    assert [run.arn for run in moved.running] == [running]
    assert (back.name, back.runs_on, back.moves_to, back.running) == ("load", "ec2", "fargate", ())


def test_a_job_whose_functions_are_to_be_made_from_something_else_is_told_of(machines: Machines) -> None:
    machines.make("going-dev-hello", stack="dev", job="hello", run_on="lambda")
    machines.make("going-dev-load", stack="dev", job="load", run_on="lambda", package="zip")

    hello, load = machines.disturbed(hello="lambda with package: zip", load="lambda")

    assert (hello.runs_on, hello.moves_to) == ("lambda", "lambda with package: zip")
    assert (load.runs_on, load.moves_to) == ("lambda with package: zip", "lambda")
    assert hello.stays_on_lambda
    assert load.stays_on_lambda
    (moved,) = machines.disturbed(hello="fargate", load="lambda with package: zip")
    assert not moved.stays_on_lambda


def test_machines_that_only_have_such_a_name_are_nobody_s_business(machines: Machines) -> None:
    # Of another stack whose name begins so, of a person, of another project.
    for arn in (
        machines.make("going-dev-eu-report", stack="dev-eu", job="report"),
        machines.make("going-dev-by-hand"),
        machines.make("going-develop", stack="dev", job="report"),
    ):
        machines.start(arn)
    assert machines.removed() == []


def test_more_than_a_page_of_executions_is_told_of(machines: Machines) -> None:
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html: 100 at a time.
    report = machines.make("going-dev-report", stack="dev", job="report")
    started = {machines.start(report) for _ in range(101)}
    (removed,) = machines.removed()
    assert {run.arn for run in removed.running} == started
