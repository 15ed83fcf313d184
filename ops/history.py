"""The runs of a job, the newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from ops.aws import CALLS_AT_ONCE, Aws
from ops.execution import Execution
from ops.executions import executions
from ops.job_runs import watched_run
from ops.ledger import BEGINNING, Change, Ledger, is_whole, latest, told_run
from ops.runs import Run, read_run
from ops.stack import DeployedJob
from ops.task_changes import is_task
from ops.task_runs import job_changes, unlisted_changes

STATUSES = ("RUNNING", "SUCCEEDED", "SKIPPED", "FAILED", "TIMED_OUT", "ABORTED")
"""What a run may be: Step Functions' own statuses, and SKIPPED, which is SUCCEEDED to it."""


KEPT = timedelta(days=90)
"""How long Step Functions remembers an execution that has ended.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
_COARSE = timedelta(seconds=1)
"""A line of the ledger has its time in whole seconds."""


def read_history(
    aws: Aws,
    job: DeployedJob,
    *,
    statuses: Collection[str] = (),
    since: datetime | None = None,
    limit: int,
    ledger: Ledger | None = None,
) -> list[Run]:
    """The runs of a job.

    Step Functions lists them, at most a thousand a call. What else there is to tell of each is read from the ledger,
    many runs a call, as far as the two agree on its end, and of the others from Step Functions, a call for each run.
    Runs that Step Functions does not list, because it has forgotten them or they were tasks before the job had a state
    machine, are told of as the ledger has them. Of a job without a state machine nothing else remembers any for longer
    than an hour: there the ledger is read even where it is not given.

    Args:
        aws: where the job is.
        job: the job.
        statuses: only these of STATUSES; any when there are none.
        since: only runs that started then or later.
        limit: how many at most, the newest.
        ledger: the stack's ledger.

    Returns:
        Those that started last come first. Raises botocore's errors.
    """
    if job.state_machine_arn is None:
        runs = (told_run(job.name, change) for change in job_changes(aws, job, since=since))
    else:
        runs = _runs(aws, job, statuses, since, limit, ledger)
    matching = (
        run for run in runs if (not statuses or run.status in statuses) and (since is None or run.started >= since)
    )
    return sorted(islice(matching, limit), key=lambda run: run.started, reverse=True)


def _runs(
    aws: Aws,
    job: DeployedJob,
    statuses: Collection[str],
    since: datetime | None,
    limit: int,
    ledger: Ledger | None,
) -> Iterator[Run]:
    found = _listed(aws, job, statuses, page_size=min(max(limit, 100), 1000))
    if since is not None:
        # By whichever time they are listed, none that follows one that had ended by then started since.
        found = takewhile(lambda execution: (execution.stopped or execution.started) >= since, found)
        found = (execution for execution in found if execution.started >= since)
    several, seen, changes, until = max(limit, CALLS_AT_ONCE) if ledger else CALLS_AT_ONCE, set(), [], None
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        while listed := list(islice(found, several)):
            seen |= {execution.arn for execution in listed}
            if ledger:
                start = min(execution.started for execution in listed) - _COARSE
                if until is None or start < until:
                    changes += ledger.changes([job], start, until)
                    until = start
            written = latest(changes)
            yield from pool.map(lambda each, written=written: _read(aws, job, each, written.get(each.arn)), listed)
    if ledger:
        start = since or BEGINNING
        if until is None or start < until:
            changes += ledger.changes([job], start, until)
        yield from _unlisted(aws, job, changes, seen, statuses)


def _read(aws: Aws, job: DeployedJob, execution: Execution, change: Change | None) -> Run:
    """A run by the ledger where that agrees with what Step Functions lists, and else by Step Functions."""
    if change is not None and is_whole(change) and change["status"] == execution.status and not execution.goes_on:
        told = told_run(job.name, change)
        if told.stopped and execution.stopped and abs(told.stopped - execution.stopped) < _COARSE:
            return told
    return read_run(aws, job.name, execution.arn)


def _unlisted(
    aws: Aws,
    job: DeployedJob,
    changes: list[Change],
    seen: set[str],
    statuses: Collection[str],
) -> Iterator[Run]:
    """The runs that Step Functions has not listed, the newest first."""
    before = datetime.now(UTC) - KEPT
    for change in unlisted_changes(aws, job, changes, seen):
        run = told_run(job.name, change)
        if statuses and run.status not in statuses:
            continue
        # Of some statuses only, it has not listed all that it knows: this one may have another status to it.
        if statuses and not is_task(run.execution_arn) and (run.stopped is None or run.stopped > before):
            run = watched_run(aws, job, run.execution_arn) or run
        yield run


def _listed(aws: Aws, job: DeployedJob, statuses: Collection[str], page_size: int) -> Iterator[Execution]:
    """The executions that may have one of these statuses."""
    told = {"SUCCEEDED" if status == "SKIPPED" else status for status in statuses}
    if len(told) == 1:
        return executions(aws, job, *told, page_size=page_size)
    return (
        execution for execution in executions(aws, job, page_size=page_size) if not told or execution.status in told
    )
