"""What the last runs of jobs let one expect of the next: how long they take, and what still goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import islice
from statistics import median

from ops.aws import CALLS_AT_ONCE, Aws
from ops.execution import Execution
from ops.executions import newest_executions
from ops.firing import is_rate
from ops.ledger import Change, Ledger, execution_of, told_run
from ops.recent import LOOKED_AT, checked, written_changes
from ops.runs import Run, read_run
from ops.stack import DeployedJob
from ops.task_runs import job_changes

COUNTED = 10
"""Of how many of the last runs that succeeded the expected length is the median."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is known of the runs of a job.

    Attributes:
        length: the median of its last runs that succeeded, from the start of the execution to its end, without those
            that were redriven; None where there is none.
        running: the runs that go on.
        fired: a time at which its trigger fired, the last that is known; None where none is, and where the times of
            the schedule can be told without.
    """

    length: timedelta | None = None
    running: tuple[Execution, ...] = ()
    fired: datetime | None = None


def read_expected(
    aws: Aws, jobs: Collection[DeployedJob], *, now: datetime, ledger: Ledger | None = None
) -> dict[str, Expected]:
    """What is known of the runs of each job, by the job's name.

    Step Functions is asked of the jobs of which the ledger knows no run that succeeded: a call, and one for each of
    the last runs, which it does not tell from skipped ones otherwise. With a ledger that is none or few of the jobs,
    and without one all. Raises botocore's errors.
    """
    known = written_changes(ledger, jobs, now, lambda change: _counts(told_run("", change)), COUNTED) if ledger else {}

    def of(job: DeployedJob) -> Expected:
        written = _written(aws, job, known.get(job.arn, ()), now)
        return _asked(aws, job) if written.length is None else written

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        return dict(zip((job.name for job in jobs), pool.map(of, jobs), strict=True))


def _written(aws: Aws, job: DeployedJob, changes: Iterable[Change], now: datetime) -> Expected:
    """What the ledger knows."""
    going_on = [execution_of(change) for change in changes if change["status"] == "RUNNING"]
    return _told(job, changes, checked(aws, job, going_on, now))


def _told(job: DeployedJob, changes: Iterable[Change], executions: Iterable[Execution]) -> Expected:
    """What changes of status tell, with the executions that may go on."""
    runs = sorted((told_run(job.name, change) for change in changes), key=lambda run: run.started, reverse=True)
    return Expected(
        length=_median(run.duration for run in runs if _counts(run)),
        running=tuple(execution for execution in executions if execution.goes_on),
        fired=_fired(job, runs),
    )


def _asked(aws: Aws, job: DeployedJob) -> Expected:
    """What Step Functions knows; of a job without a state machine the ledger and ECS."""
    if job.state_machine_arn is None:
        changes = list(islice(job_changes(aws, job), LOOKED_AT))
        return _told(job, changes, [execution_of(change) for change in changes])
    read = cache(partial(read_run, aws, job.name))
    found = newest_executions(aws, job, LOOKED_AT)
    succeeded = (read(execution.arn) for execution in found if execution.status == "SUCCEEDED")
    return Expected(
        length=_median(run.duration for run in islice(filter(_counts, succeeded), COUNTED)),
        running=tuple(execution for execution in found if execution.goes_on),
        fired=_fired(job, (read(execution.arn) for execution in found)),
    )


def _counts(run: Run) -> bool:
    return run.status == "SUCCEEDED" and not run.redrives


def _median(lengths: Iterable[timedelta | None]) -> timedelta | None:
    seconds = [length.total_seconds() for length in lengths if length is not None][:COUNTED]
    return timedelta(seconds=median(seconds)) if seconds else None


def _fired(job: DeployedJob, newest_first: Iterable[Run]) -> datetime | None:
    if job.trigger is None or not is_rate(job.trigger):
        return None
    return next((run.due or run.started for run in newest_first if run.trigger == "schedule"), None)
