"""Reads one run of a job: an execution, which Step Functions tells of, or a task without a state machine."""

from __future__ import annotations

from ops.aws import Aws
from ops.ledger import told_run
from ops.runs import Run, read_run
from ops.stack import DeployedJob
from ops.task_runs import read_task, told_by_ecs


def read_job_run(aws: Aws, job: DeployedJob, arn: str) -> Run:
    """A run of a job.

    Raises:
        NotFoundError: it is a task that nobody knows.
        botocore's errors, as ExecutionDoesNotExist.
    """
    if job.state_machine_arn is None:
        return told_run(job.name, read_task(aws, job, arn))
    return read_run(aws, job.name, arn)


def watched_run(aws: Aws, job: DeployedJob, arn: str) -> Run | None:
    """A run of a job that goes on, or did a moment ago; None of one that is not seen yet, or not any more.

    Of a task ECS alone is asked, which remembers its end for an hour. Raises botocore's errors.
    """
    if job.state_machine_arn is None:
        change = told_by_ecs(aws, job, arn)
        return told_run(job.name, change) if change else None
    try:
        return read_run(aws, job.name, arn)
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        return None
