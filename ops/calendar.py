"""What will run when: the coming times of deployed triggers, and which runs are expected to meet."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from ops.aws import Aws
from ops.coming import MOST_ENTRIES, Entry, coming_times, entries_of
from ops.errors import OpsError
from ops.expected import Expected, read_expected
from ops.ledger import Ledger
from ops.stack import DeployedJob


class TooManyRunsError(OpsError):
    """More runs than one calendar has."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """What runs in a span of time.

    Attributes:
        entries: the runs, by time and then by job.
        off: the jobs whose trigger is switched off; of them there are only runs that go on.
        untold: the jobs whose times cannot be told: a rate that has not fired yet, an expression that nobody knows.
    """

    entries: tuple[Entry, ...]
    off: tuple[DeployedJob, ...]
    untold: tuple[DeployedJob, ...]


def read_calendar(
    aws: Aws,
    jobs: Collection[DeployedJob],
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    ledger: Ledger | None = None,
) -> Calendar:
    """What runs of deployed jobs from `start` on and before `end`; see `calendar`.

    Raises:
        TooManyRunsError: there are more than MOST_ENTRIES.
        botocore's errors.
    """
    return calendar(jobs, read_expected(aws, jobs, now=now, ledger=ledger), start, end, now=now)


def calendar(
    jobs: Collection[DeployedJob], expected: Mapping[str, Expected], start: datetime, end: datetime, *, now: datetime
) -> Calendar:
    """What runs from `start` on and before `end`, by what is known of the runs of each job.

    Args:
        jobs: the jobs.
        expected: what is known, by the job's name.
        start: `now` or later: of the runs that go on, those belong to it that are expected to reach it.
        end: later than that.
        now: the time.

    Raises:
        TooManyRunsError: there are more than MOST_ENTRIES.
    """
    entries: list[Entry] = []
    untold: list[DeployedJob] = []
    for job in jobs:
        known = expected.get(job.name, Expected())
        coming = coming_times(job, known, start)
        if coming is None:
            untold.append(job)
        entries += entries_of(job, known, coming or iter(()), start, end, now)
        if len(entries) > MOST_ENTRIES:
            raise TooManyRunsError(f"there are more than {MOST_ENTRIES:,} runs from {start} to {end}: take fewer hours")
    entries.sort(key=lambda entry: (entry.time, entry.job))
    return Calendar(
        entries=tuple(_met(entries)),
        off=tuple(job for job in jobs if job.trigger and not job.trigger.enabled),
        untold=tuple(untold),
    )


def at_work(entries: Iterable[Entry]) -> Iterator[tuple[datetime, tuple[str, ...]]]:
    """The jobs at work at each instant at which a run begins, by time; a job is there for each of its runs.

    Between two of them runs only end: there is none at which more are at work.
    """
    ends: list[tuple[datetime, int, str]] = []
    begins = sorted((entry.at_work, entry.job) for entry in entries)
    for number, ((begin, end), job) in enumerate(begins):
        while ends and ends[0][0] <= begin:
            heapq.heappop(ends)
        # A run that takes no time at all is at work when it begins.
        heapq.heappush(ends, (max(end, begin + timedelta.resolution), number, job))
        if number + 1 == len(begins) or begins[number + 1][0][0] > begin:
            yield begin, tuple(sorted(name for _, _, name in ends))


def busiest(entries: Iterable[Entry]) -> tuple[datetime, tuple[str, ...]] | None:
    """The first instant at which the most runs are at work, and their jobs; None where there are no runs.

    A run of unknown length counts for SHORTEST.
    """
    return max(at_work(entries), key=lambda found: len(found[1]), default=None)


def _met(entries: list[Entry]) -> Iterator[Entry]:
    """The entries, which are by time, with the other jobs that each starts with and meets."""
    by_minute: defaultdict[datetime, set[str]] = defaultdict(set)
    for entry in entries:
        by_minute[_minute(entry.time)].add(entry.job)
    order, ends = count(), []
    for entry in entries:
        while ends and ends[0][0] <= entry.time:
            heapq.heappop(ends)
        minute = _minute(entry.time)
        together = by_minute[minute] - {entry.job}
        before = {job for _, _, job, begun in ends if begun < minute} - {entry.job}
        yield replace(entry, starts_with=tuple(sorted(together)), meets=tuple(sorted(before)))
        if entry.expected_end is not None:
            heapq.heappush(ends, (entry.expected_end, next(order), entry.job, entry.time))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
