"""Reads one run of a job: an execution, which Step Functions tells of, or a task without a state machine."""

from __future__ import annotations

from ops.aws import Aws
from ops.errors import NotFoundError
from ops.ledger import told_run
from ops.runs import Run, read_run
from ops.stack import DeployedJob
from ops.task_runs import read_task


def read_job_run(aws: Aws, job: DeployedJob, arn: str) -> Run:
    """A run of a job.

    Raises:
        NotFoundError: it is a task that nobody knows.
        botocore's errors, as ExecutionDoesNotExist.
    """
    if job.state_machine_arn is None:
        return told_run(job.name, read_task(aws, job, arn))
    return read_run(aws, job.name, arn)


def find_job_run(aws: Aws, job: DeployedJob, arn: str) -> Run | None:
    """A run of a job; None of one that nobody knows, which may be too young for that. Raises botocore's errors."""
    try:
        return read_job_run(aws, job, arn)
    except (NotFoundError, aws("stepfunctions").exceptions.ExecutionDoesNotExist):
        return None
