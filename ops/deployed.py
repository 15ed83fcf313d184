"""Which deployed jobs would be removed or moved, and their runs: executions, or tasks without a state machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ops.aws import Aws
from ops.errors import NotFoundError
from ops.execution import newest_first
from ops.ledger import execution_of
from ops.stack import DeployedJob, find_machines, find_task_jobs
from ops.task_runs import tasks_of_ecs


@dataclass(frozen=True, kw_only=True)
class RunningExecution:
    """An execution that has not ended, or a task without a state machine."""

    arn: str
    started: datetime


@dataclass(frozen=True, kw_only=True)
class DisturbedJob:
    """A job that would be removed or moved, and the executions that ran on it when it was looked at, the newest first.

    Attributes:
        runs_on: where it runs, as `DeployedJob.place` has it.
        moves_to: where it would run; None for one that would be removed.
    """

    name: str
    state_machine_arn: str | None
    runs_on: str
    moves_to: str | None
    running: tuple[RunningExecution, ...]

    @property
    def stays_on_lambda(self) -> bool:
        """Whether its functions are deleted and made anew, with the permissions that they had."""
        return all((place or "").partition(" ")[0] == "lambda" for place in (self.runs_on, self.moves_to))


def jobs_to_be_disturbed(aws: Aws, project: str, stack: str, jobs: Mapping[str, str]) -> list[DisturbedJob]:
    """The deployed jobs of a stack that are not among `jobs`, or run elsewhere than these.

    Lists are eventually consistent: an execution that has just started may be missing.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html

    Args:
        aws: of the account and Region that the stack is in.
        project: the project's name.
        stack: the stack's name.
        jobs: where the jobs that stay run, by their names, as `DeployedJob.place` has it.

    Returns:
        By name. A job that got another name is among them under its old one.

    Raises:
        botocore's errors.
    """
    found = (*find_machines(aws, project, stack), *find_task_jobs(aws, project, stack))
    return [
        DisturbedJob(
            name=job.name,
            state_machine_arn=job.state_machine_arn,
            runs_on=job.place,
            moves_to=jobs.get(job.name),
            running=_running(aws, job),
        )
        for job in sorted(found, key=lambda job: job.name)
        if jobs.get(job.name) != job.place
    ]


def _running(aws: Aws, job: DeployedJob) -> tuple[RunningExecution, ...]:
    """The runs of the job that go on; none of one that is gone by now."""
    if job.state_machine_arn is None:
        return _running_tasks(aws, job)
    states, arn = aws("stepfunctions"), job.state_machine_arn
    try:
        pages = list(states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING"))
    except states.exceptions.StateMachineDoesNotExist:
        return ()
    return tuple(
        RunningExecution(arn=execution["executionArn"], started=execution["startDate"])
        for page in pages
        for execution in page["executions"]
    )


def _running_tasks(aws: Aws, job: DeployedJob) -> tuple[RunningExecution, ...]:
    events = aws("events")
    try:
        tasks = tasks_of_ecs(aws, job)
    except (NotFoundError, events.exceptions.ResourceNotFoundException):  # What started them is gone by now.
        return ()
    running = [execution_of(change) for change in tasks if change["status"] == "RUNNING"]
    return tuple(RunningExecution(arn=each.arn, started=each.started) for each in newest_first(running))
