"""Waits for the end of a run."""

from __future__ import annotations

import time

from ops.aws import Aws
from ops.job_runs import read_job_run, watched_run
from ops.runs import Run
from ops.stack import DeployedJob

_FIRST_SECONDS, _MORE, _MOST_SECONDS = 0.5, 1.5, 10.0
# DescribeExecution is eventually consistent: what has just begun may not be there yet.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_UNSEEN_SECONDS = 60.0


def wait_until_seen(aws: Aws, job: DeployedJob, execution_arn: str) -> None:
    """Wait until AWS tells of a run that has just been started. Raises as `read_job_run` does."""
    began = time.monotonic()
    while watched_run(aws, job, execution_arn) is None:
        if time.monotonic() - began > _UNSEEN_SECONDS:
            read_job_run(aws, job, execution_arn)
            return
        time.sleep(_FIRST_SECONDS)


def wait_for_end(aws: Aws, job: DeployedJob, execution_arn: str, *, redrives: int = 0) -> Run:
    """The run at its end, which it is asked for twice a second at first, and every ten seconds later on.

    Args:
        aws: where it is.
        job: its job.
        execution_arn: its ARN.
        redrives: how often it has been redriven: an end before the last of them is none.

    Raises:
        as `read_job_run` does.
    """
    wait_until_seen(aws, job, execution_arn)
    pause = _FIRST_SECONDS
    while True:
        run = watched_run(aws, job, execution_arn) or read_job_run(aws, job, execution_arn)
        if run.status != "RUNNING" and run.redrives >= redrives:
            return run
        time.sleep(pause)
        pause = min(pause * _MORE, _MOST_SECONDS)
