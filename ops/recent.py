"""The last executions of jobs, many at a time: as the ledger has them, and as Step Functions has those that it may
not know well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ops.aws import Aws
from ops.execution import Execution
from ops.job_runs import watched_run
from ops.ledger import Change, Ledger, latest
from ops.stack import DeployedJob

LOOKED_AT = 100
"""Executions of a job that are looked at: a page of ListExecutions as AWS gives it by default."""

_BELIEVED = timedelta(minutes=15)
"""For how long the ledger is believed that a run goes on: the line with its end may never come."""
_LOOKS_BACK_DAYS = (1, 8, 35, 90)


def written_changes(
    ledger: Ledger, jobs: Collection[DeployedJob], now: datetime, counts: Callable[[Change], bool], enough: int
) -> dict[str, list[Change]]:
    """The last change of each execution that the ledger knows, by the ARN of its job, in no order.

    Args:
        ledger: the stack's ledger.
        jobs: whose executions.
        now: the time from which it looks back.
        counts: which changes count.
        enough: it looks back until each job has so many that count, as long as that takes few calls.

    Returns:
        An entry for each of the jobs. Raises botocore's errors.
    """
    arns = [job.arn for job in jobs]
    found: dict[str, list[Change]] = {}
    changes: list[Change] = []
    until, most_calls = None, max(5, len(arns) // 8)
    for days in _LOOKS_BACK_DAYS:
        start = now - timedelta(days=days)
        changes += ledger.changes(jobs, start, until)
        until, found = start, {arn: [] for arn in arns}
        for change in latest(changes).values():
            found[change["stateMachineArn"]].append(change)
        if ledger.calls >= most_calls or all(sum(map(counts, of_job)) >= enough for of_job in found.values()):
            break
    return found


def checked(aws: Aws, job: DeployedJob, executions: Iterable[Execution], now: datetime) -> list[Execution]:
    """Executions of the ledger, with what Step Functions, or ECS, says of those that have gone on for long by it.

    Raises botocore's errors.
    """
    found = []
    for execution in executions:
        if execution.goes_on and now - execution.started > _BELIEVED:
            run = watched_run(aws, job, execution.arn)
            if run is None:
                continue
            execution = replace(execution, status=run.status, stopped=run.stopped)
        found.append(execution)
    return found
