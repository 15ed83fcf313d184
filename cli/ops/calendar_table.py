"""How `longhaul calendar` looks: a row a run, or a row for many of a job that runs very often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from cli.ops.options import Listing
from cli.ops.tables import Column, print_listing
from cli.ops.times import length_text, moment_text
from cli.schedule_times import own_text

if TYPE_CHECKING:
    from ops.calendar import Calendar
    from ops.coming import Entry

OFTEN = timedelta(minutes=15)
"""Runs of a job that are nearer to each other share a row."""
_FEWEST = 4
_NAMED = 3


@dataclass(frozen=True)
class Row:
    """One run, or several of a job that follow each other soon."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        return self.entries[0]


def print_table(found: Calendar, entries: Sequence[Entry], wanted: set[str], *, utc: bool) -> None:
    """Print the runs of the jobs that are wanted, what does not run, and when the most runs of all jobs meet."""
    from cli.console import console
    from ops.calendar import busiest
    from ops.firing import schedule_in_words

    print_listing(rows(entries), _columns(utc=utc), Listing.TABLE, nothing="Nothing runs in that time.")
    for jobs, why in ((found.off, "is switched off"), (found.untold, "has times that are not known yet")):
        for job in jobs:
            if job.trigger and job.name in wanted:
                console().print(f"{job.name} {why}: {schedule_in_words(job.trigger)}", markup=False, soft_wrap=True)
    if peak := busiest(found.entries):
        moment, at_work = peak
        runs = "1 run" if len(at_work) == 1 else f"{len(at_work)} runs at once"
        told = f"At most {runs}, first at {moment_text(moment, utc=utc)}: {_counted(at_work)}"
        console().print(told, markup=False, soft_wrap=True)


def rows(entries: Sequence[Entry]) -> list[Row]:
    """Entries, which are by time, in rows by the time of the first."""
    by_job: dict[str, list[Entry]] = {}
    for entry in entries:
        by_job.setdefault(entry.job, []).append(entry)
    found = [row for of_job in by_job.values() for row in _rows(of_job)]
    return sorted(found, key=lambda row: (row.first.time, row.first.job))


def _rows(of_job: list[Entry]) -> Iterator[Row]:
    yield from (Row((entry,)) for entry in of_job if entry.running)
    streak: list[Entry] = []
    for entry in of_job:
        if entry.running:
            continue
        if streak and entry.time - streak[-1].time >= OFTEN:
            yield from _together(streak)
            streak = []
        streak.append(entry)
    yield from _together(streak)


def _together(streak: list[Entry]) -> Iterator[Row]:
    if len(streak) >= _FEWEST:
        yield Row(tuple(streak))
    else:
        yield from (Row((entry,)) for entry in streak)


def _columns(*, utc: bool) -> list[Column[Row]]:
    from rich.markup import escape

    return [
        Column(heading="time", text=lambda row: moment_text(row.first.time, utc=utc)),
        Column(heading="job", text=lambda row: escape(row.first.job)),
        Column(heading="schedule's own time", text=lambda row: own_text(row.first.time, row.first.timezone)),
        Column(heading="takes", text=lambda row: length_text(row.first.expected), right=True),
        Column(heading="ends", text=lambda row: moment_text(row.entries[-1].expected_end, utc=utc)),
        Column(heading="note", text=lambda row: ", ".join(_notes(row, utc=utc)) or "-"),
    ]


def _notes(row: Row, *, utc: bool) -> Iterator[str]:
    """What there is to say of a row, with rich's markup."""
    first, last = row.first, row.entries[-1]
    if first.running:
        yield "[cyan]goes on[/]" if first.expected_end or not first.expected else "[red]goes on, longer than usual[/]"
    if len(row.entries) > 1:
        yield f"{_gaps(row)}, {len(row.entries)} times until {moment_text(last.time, utc=utc)}"
    if first.window_minutes:
        yield f"up to {first.window_minutes} min later"
    if together := {job for entry in row.entries for job in entry.starts_with}:
        yield f"[yellow]starts with {_some(together)}[/]"
    if met := {job for entry in row.entries for job in entry.meets}:
        yield f"[yellow]meets {_some(met)}[/]"
    if any(entry.overlaps_itself for entry in row.entries):
        yield "[red]longer than its interval[/]"


def _gaps(row: Row) -> str:
    gaps = sorted({(after.time - before.time) // timedelta(minutes=1) for before, after in pairwise(row.entries)})
    return f"every {gaps[0]} min" if len(gaps) == 1 else f"every {gaps[0]} to {gaps[-1]} min"


def _some(jobs: Iterable[str]) -> str:
    names = sorted(jobs)
    return ", ".join(names if len(names) <= _NAMED else [*names[:_NAMED], f"{len(names) - _NAMED} more"])


def _counted(jobs: Iterable[str]) -> str:
    """`a, b (2)`: each job, and how many of its runs where there are several."""
    counts = Counter(jobs)
    return _some(job if number == 1 else f"{job} ({number})" for job, number in counts.items())
