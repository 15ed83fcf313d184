"""Runs a job for past times of its schedule, one run for each time that none has done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from ops.aws import Aws
from ops.errors import NotFoundError, OpsError
from ops.history import read_history
from ops.job_runs import watched_run
from ops.ledger import ledger_of
from ops.runs import Run
from ops.stack import DeployedJob, Trigger
from ops.starting import start_run
from spec.schedule import Rate, ScheduleError, parse_schedule, times

MOST_TIMES = 1000
_MOST_RUNS = 10_000
_PAUSE_SECONDS = 1.0
_DONE = ("SUCCEEDED", "RUNNING")


class TooManyTimesError(OpsError):
    """More times than one backfill takes."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Due:
    """A time that is to be run, and the name of the execution for it: the same for whoever asks at the same time."""

    time: datetime
    name: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The times of a span, oldest first, that are to be run, and how many another run has done or is doing."""

    due: tuple[Due, ...]
    done: int


def plan(aws: Aws, job: DeployedJob, first: datetime, last: datetime) -> Plan:
    """What is to be run of the times from `first` up to `last`, both included, by the deployed schedule.

    Which times are done is read from the job's history.

    Raises:
        NotFoundError: the job has no schedule, or one whose past times nobody knows.
        TooManyTimesError: the span has more than MOST_TIMES.
        botocore's errors.
    """
    if job.trigger is None:
        raise NotFoundError(f"{job.name} has no schedule, and so no past times")
    moments = _times(job.trigger, first, last)
    # None of them can have been started before it was due.
    known = read_history(aws, job, since=first, limit=_MOST_RUNS, ledger=ledger_of(aws, job))
    runs = [(run.due, run) for run in known if run.due is not None]
    done = {due for due, run in runs if run.status in _DONE}
    tries = [due for due, run in runs if run.trigger == "backfill"]
    due = [
        Due(time=moment, name=f"backfill-{moment:%Y%m%dT%H%M%SZ}-{tries.count(moment) + 1}")
        for moment in moments
        if moment not in done
    ]
    return Plan(due=tuple(due), done=len(moments) - len(due))


def backfill(aws: Aws, job: DeployedJob, due: tuple[Due, ...], *, concurrency: int, max_failures: int) -> Iterator[Run]:
    """Run times in their order, so many at once; gives each run at its end.

    After `max_failures` runs that did not succeed, skipped ones among them, no more is started, and those that go on
    are waited for. Raises botocore's errors.
    """
    waiting, going_on, failures = iter(due), [], 0
    while True:
        while failures < max_failures and len(going_on) < concurrency and (one := next(waiting, None)):
            given = {"trigger": "backfill", "scheduledTime": f"{one.time:%Y-%m-%dT%H:%M:%SZ}"}
            going_on.append(start_run(aws, job, one.name, given))
        if not going_on:
            return
        time.sleep(_PAUSE_SECONDS)
        for execution_arn in tuple(going_on):
            run = watched_run(aws, job, execution_arn)
            # One that nobody knows is not seen yet.
            if run is not None and run.status != "RUNNING":
                going_on.remove(execution_arn)
                failures += run.status != "SUCCEEDED"
                yield run


def _times(trigger: Trigger, first: datetime, last: datetime) -> list[datetime]:
    try:
        schedule = parse_schedule(trigger.expression)
    except ScheduleError as error:
        raise NotFoundError(f"the times of {trigger.expression} are not known: {error}") from None
    if isinstance(schedule, Rate):
        counts = f"{trigger.expression} counts from when AWS made its trigger, which it does not tell"
        raise NotFoundError(f"{counts}: its past times are not known")
    coming = times(schedule, first.astimezone(UTC) - timedelta(microseconds=1), trigger.timezone)
    found = list(islice(takewhile(lambda moment: moment <= last, coming), MOST_TIMES + 1))
    if len(found) > MOST_TIMES:
        raise TooManyTimesError(f"there are more than {MOST_TIMES:,} times from {first} to {last}: take a shorter span")
    return [moment.astimezone(UTC) for moment in found]
