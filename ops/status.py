"""How each job of a stack is doing, and what needs attention."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ops.aws import CALLS_AT_ONCE, Aws
from ops.execution import Execution, newest_first
from ops.executions import newest_executions
from ops.firing import next_firing
from ops.ledger import Ledger, execution_of
from ops.recent import LOOKED_AT, checked, written_changes
from ops.runs import read_run
from ops.stack import DeployedJob, Trigger

GRACE = timedelta(minutes=15)
"""How late a start may be before it is missed: a trigger is exact to the minute, and tries again when it fails."""

WEIGHTS = {"failed": 0, "missed": 1, "overrun": 2, "skipped": 3, "off": 4, "never-ran": 5}
"""What needs attention, the most urgent first.

failed: the last run that ended failed. missed: a time went by at which a run should have started. overrun: a run goes
on although the next one is due. skipped: the last run that ended was skipped. off: its trigger is switched off.
never-ran: there is no run in the last 90 days.
"""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """How one job is doing.

    Attributes:
        job: the job.
        next_run: when its trigger fires next; None when it does not, or where that cannot be told.
        last: the run that started last.
        running: the runs that go on, newest first.
        succeeded: how many of the last runs that ended succeeded.
        ended: how many those are.
        missed: the first time at which a run should have started and did not.
        attention: keys of WEIGHTS, the most urgent first.
    """

    job: DeployedJob
    next_run: datetime | None
    last: Execution | None
    running: tuple[Execution, ...]
    succeeded: int
    ended: int
    missed: datetime | None
    attention: tuple[str, ...]

    @property
    def success_rate(self) -> float | None:
        """From 0 to 1; None where nothing has ended."""
        return self.succeeded / self.ended if self.ended else None


def read_status(
    aws: Aws, jobs: Collection[DeployedJob], *, now: datetime, runs: int, ledger: Ledger | None = None
) -> list[JobStatus]:
    """How jobs are doing.

    With a ledger, Step Functions is asked only of what that does not know: jobs without a line, jobs that missed a
    time by it, and runs that go on for long by it. Without one it is asked of every job: a call or two for each.

    Args:
        aws: where they are.
        jobs: the jobs.
        now: the time.
        runs: of how many of the last runs the success rate is.
        ledger: the stack's ledger.

    Returns:
        What needs attention first, then by name. Raises botocore's errors.
    """
    known = _written(ledger, jobs, now, runs) if ledger else {}

    def of(job: DeployedJob) -> JobStatus:
        executions = checked(aws, job, known.get(job.arn, ()), now)
        if executions:
            status = judge(job, executions, now=now, runs=runs)
            if status.missed is None:
                return status
        asked = _asked(aws, job)
        listed = {execution.arn for execution in asked}
        # Of before the job moved there is nothing in a list.
        others = [execution for execution in executions if execution.arn not in listed]
        return judge(job, newest_first([*asked, *others]), now=now, runs=runs)

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        found = list(pool.map(of, jobs))
    return sorted(found, key=lambda status: (_weight(status), status.job.name))


def judge(job: DeployedJob, executions: list[Execution], *, now: datetime, runs: int) -> JobStatus:
    """How a job is doing by its last executions, newest first."""
    running = tuple(execution for execution in executions if execution.goes_on)
    ended = [execution for execution in executions if not execution.goes_on]
    counted = [execution for execution in ended[:runs] if execution.status != "SKIPPED"]
    last = executions[0] if executions else None
    trigger = job.trigger if job.trigger and job.trigger.enabled else None
    counted_from = _counted_from(executions)
    missed = _missed(trigger, counted_from, now) if trigger and counted_from else None
    attention = {
        "failed": bool(ended) and ended[0].failed,
        "missed": missed is not None,
        "overrun": any(_overruns(trigger, execution, now) for execution in running) if trigger else False,
        "skipped": bool(ended) and ended[0].status == "SKIPPED",
        "off": job.trigger is not None and trigger is None,
        "never-ran": last is None,
    }
    return JobStatus(
        job=job,
        next_run=next_firing(trigger, now, counted_from) if trigger else None,
        last=last,
        running=running,
        succeeded=sum(execution.status == "SUCCEEDED" for execution in counted),
        ended=len(counted),
        missed=missed,
        attention=tuple(key for key in WEIGHTS if attention[key]),
    )


def _written(ledger: Ledger, jobs: Collection[DeployedJob], now: datetime, runs: int) -> dict[str, list[Execution]]:
    """The executions that the ledger knows, newest first, by the ARN of the job."""
    found = written_changes(ledger, jobs, now, lambda change: change["status"] != "RUNNING", runs)
    return {arn: newest_first(map(execution_of, changes)) for arn, changes in found.items()}


def _asked(aws: Aws, job: DeployedJob) -> list[Execution]:
    """The last executions of a job; of the last that ended well, whether it was skipped."""
    found = newest_executions(aws, job, LOOKED_AT)
    if job.trigger and job.has_starting_rules:
        _read_triggers(aws, job, found)
    for index, execution in enumerate(found):
        if not execution.goes_on:
            if execution.status == "SUCCEEDED" and job.state_machine_arn:
                found[index] = replace(execution, status=read_run(aws, job.name, execution.arn).status)
            break
    return found


def _read_triggers(aws: Aws, job: DeployedJob, newest_first: list[Execution]) -> None:
    """Read what started executions, down to the first one that no event started."""
    for index, execution in enumerate(newest_first):
        newest_first[index] = replace(execution, trigger=read_run(aws, job.name, execution.arn).trigger)
        if not newest_first[index].is_by_event:
            break


def _counted_from(newest_first: list[Execution]) -> datetime | None:
    """Since when the schedule has to have started something: the last start that was no event's.

    Where events started all that is known, the first of those: since then the schedule has started nothing.
    """
    others = (execution for execution in newest_first if not execution.is_by_event)
    counted = next(others, newest_first[-1] if newest_first else None)
    return counted.started if counted else None


def _missed(trigger: Trigger, since: datetime, now: datetime) -> datetime | None:
    due = next_firing(trigger, since, since)
    return due if due and due + GRACE + timedelta(minutes=trigger.window_minutes) < now else None


def _overruns(trigger: Trigger, execution: Execution, now: datetime) -> bool:
    due = next_firing(trigger, execution.started, execution.started)
    return due is not None and due < now


def _weight(status: JobStatus) -> int:
    return WEIGHTS[status.attention[0]] if status.attention else len(WEIGHTS)
