"""`longhaul next`: when what runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Annotated

import typer

from cli import project
from cli.arguments import LONGEST_HOURS, Output, find_job, instant, utc_text
from cli.schedule_times import own_iso, own_text

if TYPE_CHECKING:
    from spec.job import JobSpec

DEFAULT_HOURS = 24
DEFAULT_COUNT = 10


@dataclass(frozen=True, kw_only=True)
class Firing:
    """One time at which a schedule fires."""

    moment: datetime
    job: str | None
    schedule: str
    timezone: str

    def as_json(self) -> dict[str, str | None]:
        return {
            "job": self.job,
            "scheduledTime": utc_text(self.moment),
            "localTime": own_iso(self.moment, self.timezone),
            "timezone": self.timezone,
            "schedule": self.schedule,
        }


def upcoming(
    stack: Annotated[str | None, typer.Option(help="The stack; dev when absent.")] = None,
    job: Annotated[str | None, typer.Option(help="Only this job.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="ISO 8601, UTC without an offset; now when absent.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0, max=LONGEST_HOURS, help="How far to look; 24 when --count is absent too.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, max=10_000, help="How many times to show.")] = None,
    output: Annotated[Output, typer.Option(help="How to print them.")] = Output.TABLE,
    schedule: Annotated[str | None, typer.Option(help="Try this expression instead of a stack's jobs.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The IANA zone of --schedule; UTC when absent.")] = None,
) -> None:
    """Show when which job runs next, or when a schedule expression would fire."""
    after = datetime.now(UTC) if start is None else instant(start)
    if schedule is not None:
        if stack or job:
            raise typer.BadParameter("--schedule tries an expression by itself: leave out --stack and --job")
        found = _of_expression(schedule, timezone or "UTC", after, quiet=output is Output.JSON)
        count = count if count or hours is not None else DEFAULT_COUNT
    else:
        if timezone is not None:
            raise typer.BadParameter("--timezone goes with --schedule")
        found = _of_stack(stack or "dev", job, after)
        hours = hours if hours is not None or count else DEFAULT_HOURS
    if hours is not None:
        until = after + timedelta(hours=hours)
        found = takewhile(lambda firing: firing.moment <= until, found)
    _show(list(islice(found, count)), output)


def _of_expression(text: str, timezone: str, after: datetime, *, quiet: bool) -> Iterator[Firing]:
    from spec.schedule import ScheduleError, in_words, parse_schedule, times

    try:
        parsed = parse_schedule(text)
        moments = times(parsed, after, timezone)
    except ScheduleError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    if not quiet:
        print(f"{parsed.text}: {in_words(parsed, timezone)}")
    return (Firing(moment=moment, job=None, schedule=parsed.text, timezone=timezone) for moment in moments)


def _of_stack(stack_name: str, job_name: str | None, after: datetime) -> Iterator[Firing]:
    from spec.load import load_stack

    stack = load_stack(project.root(), stack_name)
    return firings(stack.jobs if job_name is None else [find_job(stack, job_name)], after)


def firings(jobs: Iterable[JobSpec], after: datetime) -> Iterator[Firing]:
    """When the schedules of `jobs` fire after that time, in order; rates count from it. Disabled ones never do."""
    import heapq

    from spec.schedule import parse_schedule, times

    def of(name: str, text: str, timezone: str) -> Iterator[Firing]:
        for moment in times(parse_schedule(text), after, timezone):
            yield Firing(moment=moment, job=name, schedule=text, timezone=timezone)

    each = [of(job.name, job.schedule, job.timezone or "UTC") for job in jobs if job.schedule and job.enabled]
    return heapq.merge(*each, key=lambda firing: firing.moment)


def _show(firings: list[Firing], output: Output) -> None:
    if output is Output.JSON:
        print(json.dumps([firing.as_json() for firing in firings], indent=2))
        return
    if not firings:
        print("nothing runs in that time")
        return
    from rich import box
    from rich.table import Table

    from cli.console import console, print_whole

    named = any(firing.job for firing in firings)
    table = Table(
        *(["job"] if named else []), "UTC", "schedule's own time", "local time", "schedule", box=box.SIMPLE_HEAD
    )
    for firing in firings:
        cells = [firing.job or ""] if named else []
        cells += [f"{firing.moment:%Y-%m-%d %H:%M}", own_text(firing.moment, firing.timezone)]
        table.add_row(*cells, f"{firing.moment.astimezone():%Y-%m-%d %H:%M %Z}", firing.schedule)
    print_whole(console(), table)
