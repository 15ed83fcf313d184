"""Does each job do its work as often as its schedule says?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile

from ops.doctor.finding import Finding, utc_text
from ops.doctor.patient import Patient
from ops.doctor.recent_runs import RecentRuns, recent_runs
from ops.firing import firings
from ops.history import KEPT
from ops.ledger import Change
from ops.stack import DeployedJob, Trigger
from ops.status import GRACE

INTERVALS = 3
"""How many times of its schedule a job may go without a success."""
_MOST_COUNTED = 1000


def check(patient: Patient, written: dict[str, list[Change]], intervals: int) -> list[Finding]:
    """Jobs that have not succeeded for more than so many intervals of their schedule, or never. Jobs that are switched
    off are none of them."""
    return patient.each_job(
        "the runs",
        lambda job: _of_job(patient, job, written.get(job.arn, []), intervals),
    )


def _of_job(patient: Patient, job: DeployedJob, written: list[Change], intervals: int) -> Iterator[Finding]:
    trigger = job.trigger
    if trigger is None or not trigger.enabled:
        return
    runs = recent_runs(patient.aws, job, written)
    since = runs.last_success
    if since is None:
        yield from _never(patient, job, trigger, runs)
        return
    passed = _passed(trigger, since, patient.now)
    if len(passed) >= intervals:
        times = f"{len(passed)}{' or more' if len(passed) == _MOST_COUNTED else ''} times"
        yield Finding(
            check="no-success",
            job=job.name,
            problem=f"{job.name} has not succeeded since {utc_text(since)}: {times} of {trigger.expression} went by."
            + _going_on(runs),
            advice=_what_to_look_at(job, runs),
            arn=job.arn,
        )


def _never(patient: Patient, job: DeployedJob, trigger: Trigger, runs: RecentRuns) -> Iterator[Finding]:
    since = max(_made(patient, job), patient.now - KEPT)
    passed = _passed(trigger, since, patient.now)
    # The first run may take its time.
    if not passed or (runs.running and not runs.failed):
        return
    yield Finding(
        check="never-succeeded",
        job=job.name,
        problem=f"{job.name} has never succeeded, although {trigger.expression} fired at {utc_text(passed[0])}."
        + _going_on(runs),
        advice=_what_to_look_at(job, runs),
        arn=job.arn,
    )


def _made(patient: Patient, job: DeployedJob) -> datetime:
    """When its state machine was made, or the task definition that its trigger runs."""
    if job.state_machine_arn is None:
        return patient.task_definition(patient.task_start(job).task_definition)["registeredAt"]
    return patient.machine(job).created


def _passed(trigger: Trigger, since: datetime, now: datetime) -> list[datetime]:
    """The times after `since` whose start is overdue by now, some at most. A rate counts from `since`."""
    overdue = now - GRACE - timedelta(minutes=trigger.window_minutes)
    coming = firings(trigger, since, since) or iter(())
    return list(islice(takewhile(lambda moment: moment < overdue, coming), _MOST_COUNTED))


def _going_on(runs: RecentRuns) -> str:
    oldest = min((execution.started for execution in runs.running), default=None)
    return f" A run goes on since {utc_text(oldest)}." if oldest else ""


def _what_to_look_at(job: DeployedJob, runs: RecentRuns) -> str:
    if runs.running:
        return f"`./longhaul show {job.name}@latest` tells what it is doing."
    if runs.failed:
        return f"`./longhaul show {job.name}@failed` tells what happened, and what to do."
    return "Nothing has run it: look at its trigger and at `./longhaul dead-letters list`."
