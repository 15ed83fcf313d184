"""The runs of one job that are to come, and those that go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from ops.execution import Execution
from ops.expected import Expected
from ops.firing import firings
from ops.stack import DeployedJob

MOST_ENTRIES = 100_000
"""Runs of one calendar."""
SHORTEST = timedelta(minutes=1)
"""For how long a run is taken to be at work of which nobody knows how long it takes."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run that is to come, or that goes on.

    Attributes:
        job: its job's name.
        time: when its trigger fires, or when it started; in UTC.
        timezone: the zone in which its schedule is written; UTC for a job without one.
        window_minutes: how much later than its time its trigger may fire.
        running: the ARN of the execution of a run that goes on.
        expected: how long it is expected to take; None where nothing is known.
        expected_end: when it is then expected to have ended; None where nothing is known, and for a run that goes on
            for longer already.
        at_work: from when until when it is taken to be at work: from the calendar's beginning at the earliest, until
            its expected end or, where that is not known, for SHORTEST.
        starts_with: the other jobs that start in the same minute.
        meets: the other jobs of which a run that began before is expected to be still at work at its time.
        overlaps_itself: whether it is expected to be at work still at its job's own next time; None where it is not
            known how long it takes.
    """

    job: str
    time: datetime
    timezone: str
    window_minutes: int = 0
    running: str | None = None
    expected: timedelta | None
    expected_end: datetime | None
    at_work: tuple[datetime, datetime]
    starts_with: tuple[str, ...] = ()
    meets: tuple[str, ...] = ()
    overlaps_itself: bool | None


def coming_times(job: DeployedJob, known: Expected, start: datetime) -> Iterator[datetime] | None:
    """When the trigger of a job fires from `start` on; None where nobody can tell, as of a rate that has not fired."""
    if job.trigger is None or not job.trigger.enabled:
        return iter(())
    return firings(job.trigger, start - timedelta(microseconds=1), known.fired)


def entries_of(
    job: DeployedJob, known: Expected, coming: Iterator[datetime], start: datetime, end: datetime, now: datetime
) -> Iterator[Entry]:
    """The runs that go on `now` and are expected to reach `start`, and those of the coming times before `end`: of
    these at most one more than MOST_ENTRIES."""
    times: list[datetime] = []
    following = None
    for moment in islice(coming, MOST_ENTRIES + 1):
        if moment >= end:
            following = moment
            break
        times.append(moment)
    for execution in known.running:
        entry = _going_on(job, known, execution, next(iter(times), following), start, now)
        if start <= now or (entry.expected_end and entry.expected_end > start):
            yield entry
    for moment, next_time in zip(times, [*times[1:], following], strict=False):
        yield _entry(job, known, moment, next_time)


def _entry(job: DeployedJob, known: Expected, time: datetime, next_time: datetime | None) -> Entry:
    end = None if known.length is None else time + known.length
    return Entry(
        job=job.name,
        time=time,
        timezone=job.trigger.timezone if job.trigger else "UTC",
        window_minutes=job.trigger.window_minutes if job.trigger else 0,
        expected=known.length,
        expected_end=end,
        at_work=(time, end or time + SHORTEST),
        overlaps_itself=_reaches(end, next_time),
    )


def _going_on(
    job: DeployedJob, known: Expected, execution: Execution, next_time: datetime | None, start: datetime, now: datetime
) -> Entry:
    """A run that goes on, of which nothing is expected any more once it has taken longer than expected."""
    entry = _entry(job, known, execution.started, next_time)
    end = entry.expected_end if entry.expected_end and entry.expected_end > now else None
    return replace(
        entry,
        window_minutes=0,
        running=execution.arn,
        expected_end=end,
        at_work=(start, end or start + SHORTEST),
        overlaps_itself=_reaches(end, next_time),
    )


def _reaches(expected_end: datetime | None, next_time: datetime | None) -> bool | None:
    if next_time is None:
        return False
    return None if expected_end is None else expected_end > next_time
