"""What is deployed of a stack: state machines, found by name and tags, and the executions that run on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ops.errors import aws_errors_in_a_line
from ops.runs import Clients

# As definitions/tags.py calls them.
STACK_TAG = "longhaul:stack"
JOB_TAG = "longhaul:job"


@dataclass(frozen=True, kw_only=True)
class RunningExecution:
    """An execution that has not ended."""

    arn: str
    started: datetime


@dataclass(frozen=True, kw_only=True)
class DeployedJob:
    """A job that has a state machine, and the executions that ran on it when it was looked at, the newest first."""

    name: str
    state_machine_arn: str
    running: tuple[RunningExecution, ...]


def jobs_to_be_removed(clients: Clients, prefix: str, stack: str, jobs: Collection[str]) -> list[DeployedJob]:
    """The deployed jobs of a stack that are not among `jobs`.

    Lists are eventually consistent: an execution that has just started may be missing.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html

    Args:
        clients: of the account and region that the stack is in.
        prefix: what the names of the stack's machines begin with, before the name of the job.
        stack: the stack's name, which its machines are tagged with.
        jobs: names of the jobs that stay.

    Returns:
        By name. A job that got another name is among them under its old one.

    Raises:
        AwsError: AWS refused, or the environment leads nowhere.
    """
    with aws_errors_in_a_line():
        states = clients("stepfunctions")
        staying = {f"{prefix}{job}" for job in jobs}
        found = []
        for page in states.get_paginator("list_state_machines").paginate():
            for machine in page["stateMachines"]:
                if machine["name"].startswith(prefix) and machine["name"] not in staying:
                    arn = machine["stateMachineArn"]
                    tags = _tags(states, arn)
                    if tags.get(STACK_TAG) == stack and JOB_TAG in tags:
                        found.append(
                            DeployedJob(name=tags[JOB_TAG], state_machine_arn=arn, running=_running(states, arn))
                        )
    return sorted(found, key=lambda job: job.name)


def _tags(states, arn: str) -> dict[str, str]:
    """The machine's tags; none for one that is gone by now."""
    try:
        tags = states.list_tags_for_resource(resourceArn=arn)["tags"]
    except states.exceptions.ResourceNotFound:
        return {}
    return {tag["key"]: tag["value"] for tag in tags}


def _running(states, arn: str) -> tuple[RunningExecution, ...]:
    """The executions that run on the machine; none on one that is gone by now."""
    try:
        pages = list(states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING"))
    except states.exceptions.StateMachineDoesNotExist:
        return ()
    return tuple(
        RunningExecution(arn=execution["executionArn"], started=execution["startDate"])
        for page in pages
        for execution in page["executions"]
    )
