"""Which deployed jobs would be removed, and the executions that run on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ops.aws import Aws
from ops.stack import find_machines


@dataclass(frozen=True, kw_only=True)
class RunningExecution:
    """An execution that has not ended."""

    arn: str
    started: datetime


@dataclass(frozen=True, kw_only=True)
class RemovedJob:
    """A job that would be removed, and the executions that ran on it when it was looked at, the newest first."""

    name: str
    state_machine_arn: str
    running: tuple[RunningExecution, ...]


def jobs_to_be_removed(aws: Aws, project: str, stack: str, jobs: Collection[str]) -> list[RemovedJob]:
    """The deployed jobs of a stack that are not among `jobs`.

    Lists are eventually consistent: an execution that has just started may be missing.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html

    Args:
        aws: of the account and Region that the stack is in.
        project: the project's name.
        stack: the stack's name.
        jobs: names of the jobs that stay.

    Returns:
        By name. A job that got another name is among them under its old one.

    Raises:
        botocore's errors.
    """
    return [
        RemovedJob(name=job.name, state_machine_arn=job.state_machine_arn, running=_running(aws, job.state_machine_arn))
        for job in find_machines(aws, project, stack)
        if job.name not in jobs
    ]


def _running(aws: Aws, arn: str) -> tuple[RunningExecution, ...]:
    """The executions that run on the machine; none on one that is gone by now."""
    states = aws("stepfunctions")
    try:
        pages = list(states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING"))
    except states.exceptions.StateMachineDoesNotExist:
        return ()
    return tuple(
        RunningExecution(arn=execution["executionArn"], started=execution["startDate"])
        for page in pages
        for execution in page["executions"]
    )
