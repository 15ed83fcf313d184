"""Waits for the end of a run."""

from __future__ import annotations

import time
from collections.abc import Callable

from ops.aws import Aws
from ops.runs import Run, read_run
from ops.stack import DeployedJob

_FIRST_SECONDS, _MORE, _MOST_SECONDS = 0.5, 1.5, 10.0
# DescribeExecution is eventually consistent: what has just begun may not be there yet.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
_UNSEEN_SECONDS = 60.0


def wait_for_end(
    aws: Aws,
    job: DeployedJob,
    execution_arn: str,
    *,
    redrives: int = 0,
    on_look: Callable[[], None] = lambda: None,
) -> Run:
    """The run at its end, which it is asked for twice a second at first, and every ten seconds later on.

    Args:
        aws: where it is.
        job: its job.
        execution_arn: its ARN.
        redrives: how often it has been redriven: an end before the last of them is none.
        on_look: called after each look, the last one included.

    Raises:
        botocore's errors.
    """
    states = aws("stepfunctions")
    began, pause = time.monotonic(), _FIRST_SECONDS
    while True:
        try:
            run = read_run(aws, job.name, execution_arn)
        except states.exceptions.ExecutionDoesNotExist:
            if time.monotonic() - began > _UNSEEN_SECONDS:
                raise
            run = None
        on_look()
        if run and run.status != "RUNNING" and run.redrives >= redrives:
            return run
        time.sleep(pause)
        pause = min(pause * _MORE, _MOST_SECONDS)
