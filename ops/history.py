"""The runs of a job, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice, takewhile

from ops.aws import CALLS_AT_ONCE, Aws
from ops.executions import Execution, executions
from ops.runs import Run, read_run
from ops.stack import DeployedJob

STATUSES = ("RUNNING", "SUCCEEDED", "SKIPPED", "FAILED", "TIMED_OUT", "ABORTED")
"""What a run may be: Step Functions' own statuses, and SKIPPED, which is SUCCEEDED to it."""


def read_history(
    aws: Aws, job: DeployedJob, *, statuses: Collection[str] = (), since: datetime | None = None, limit: int
) -> list[Run]:
    """The runs of a job, asked of Step Functions: a call for each hundred, and one for each run.

    Args:
        aws: where the job is.
        job: the job.
        statuses: only these of STATUSES; any when there are none.
        since: only runs that started then or later.
        limit: how many at most, the newest.

    Returns:
        Those that started last come first. Raises botocore's errors.
    """
    matching = (run for run in _runs(aws, job, statuses, since) if not statuses or run.status in statuses)
    return sorted(islice(matching, limit), key=lambda run: run.started, reverse=True)


def _runs(aws: Aws, job: DeployedJob, statuses: Collection[str], since: datetime | None) -> Iterator[Run]:
    found = _listed(aws, job, statuses)
    if since is not None:
        # By whichever time they are listed, none that follows one that had ended by then started since.
        found = takewhile(lambda execution: (execution.stopped or execution.started) >= since, found)
        found = (execution for execution in found if execution.started >= since)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        while several := list(islice(found, CALLS_AT_ONCE)):
            yield from pool.map(lambda execution: read_run(aws, job.name, execution.arn), several)


def _listed(aws: Aws, job: DeployedJob, statuses: Collection[str]) -> Iterator[Execution]:
    """The executions that may have one of these statuses."""
    told = {"SUCCEEDED" if status == "SKIPPED" else status for status in statuses}
    if len(told) == 1:
        return executions(aws, job, *told)
    return (execution for execution in executions(aws, job) if not told or execution.status in told)
