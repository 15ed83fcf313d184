"""Which deployed jobs would be removed or moved, and the executions that run on them."""

from __future__ import annotations

from collections.abc import Mapping
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
class DisturbedJob:
    """A job that would be removed or moved, and the executions that ran on it when it was looked at, the newest first.

    Attributes:
        runs_on: where it runs.
        moves_to: where it would run; None for one that would be removed.
    """

    name: str
    state_machine_arn: str
    runs_on: str
    moves_to: str | None
    running: tuple[RunningExecution, ...]


def jobs_to_be_disturbed(aws: Aws, project: str, stack: str, jobs: Mapping[str, str]) -> list[DisturbedJob]:
    """The deployed jobs of a stack that are not among `jobs`, or run elsewhere than these.

    Lists are eventually consistent: an execution that has just started may be missing.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html

    Args:
        aws: of the account and Region that the stack is in.
        project: the project's name.
        stack: the stack's name.
        jobs: the kinds of place where the jobs that stay run, by their names.

    Returns:
        By name. A job that got another name is among them under its old one.

    Raises:
        botocore's errors.
    """
    return [
        DisturbedJob(
            name=job.name,
            state_machine_arn=job.state_machine_arn,
            runs_on=job.run_on,
            moves_to=jobs.get(job.name),
            running=_running(aws, job.state_machine_arn),
        )
        for job in find_machines(aws, project, stack)
        if jobs.get(job.name) != job.run_on
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
