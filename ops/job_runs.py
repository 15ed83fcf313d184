"""Reads one run of a job: an execution, which Step Functions tells of, or a task without a state machine.

Which of the two it is its ARN says: a job that has moved has runs of both kinds.
"""

from __future__ import annotations

from ops.aws import Aws
from ops.ledger import Change, told_run, written_change
from ops.runs import Run, read_run
from ops.stack import DeployedJob
from ops.task_changes import is_task
from ops.task_runs import read_task, told_by_ecs


def read_job_run(aws: Aws, job: DeployedJob, arn: str) -> Run:
    """A run of a job.

    Raises:
        NotFoundError: it is a task that nobody knows.
        botocore's errors, as ExecutionDoesNotExist.
    """
    if is_task(arn):
        return told_run(job.name, read_task(aws, job, arn))
    try:
        return read_run(aws, job.name, arn)
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        if change := forgotten(aws, job, arn):
            return told_run(job.name, change)
        raise


def forgotten(aws: Aws, job: DeployedJob, execution_arn: str) -> Change | None:
    """The end of an execution that Step Functions does not know, as the ledger has it; None where nobody knows how it
    ended. Raises botocore's errors."""
    change = written_change(aws, [job], execution_arn)
    return change if change and change["status"] != "RUNNING" else None


def watched_run(aws: Aws, job: DeployedJob, arn: str) -> Run | None:
    """A run of a job that goes on, or did a moment ago; None of one that is not seen yet, or not any more.

    Of a task ECS alone is asked, which remembers its end for an hour. Raises botocore's errors.
    """
    if is_task(arn):
        change = told_by_ecs(aws, [job], arn)
        return told_run(job.name, change) if change else None
    try:
        return read_run(aws, job.name, arn)
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        return None
