"""`longhaul calendar`: what will run when, of what is deployed, and which runs are expected to meet."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.arguments import instant, utc_text
from cli.ops.options import Listing, NoLedgerOption, OutputOption, UtcOption, Where, complete_job, ledger_of, verb
from cli.ops.tables import Column, as_json, print_listing
from cli.ops.times import seconds_or_none, utc_or_none
from cli.schedule_times import own_iso

if TYPE_CHECKING:
    from ops.calendar import Calendar
    from ops.coming import Entry
    from ops.stack import DeployedJob

MOST_HOURS = 35 * 24


@verb
def calendar(
    where: Where,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]...", help="Only these; all when none is named.", autocompletion=complete_job),
    ] = None,
    hours: Annotated[float, typer.Option(min=1, max=MOST_HOURS, help="How far to look.")] = 24,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="ISO 8601, UTC without an offset; now when absent.")
    ] = None,
    no_ledger: NoLedgerOption = False,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Show what will run when, how long it is expected to take, and what of it meets."""
    from ops.calendar import read_calendar
    from ops.names import find_jobs

    now = datetime.now(UTC)
    begin = now if start is None else instant(start)
    if begin < now:
        raise typer.BadParameter(f"--from: expected a time to come, found {start!r}; history tells of past runs")
    end = begin + timedelta(hours=hours)
    # The jobs that are not asked for may be what those meet.
    wanted = {job.name for job in find_jobs(where.stack, jobs or ())}
    ledger = ledger_of(where, no_ledger=no_ledger)
    found = read_calendar(where.aws, where.stack.jobs, begin, end, now=now, ledger=ledger)
    entries = [entry for entry in found.entries if entry.job in wanted]
    columns = _columns({job.name: job for job in where.stack.jobs})
    if output is Listing.JSON:
        print(json.dumps(_document(found, entries, columns, wanted, begin, end), indent=2))
    elif output is Listing.CSV:
        print_listing(entries, columns, output, nothing="")
    else:
        from cli.ops.calendar_table import print_table

        print_table(found, entries, wanted, utc=utc)


def _columns(jobs: dict[str, DeployedJob]) -> list[Column[Entry]]:
    """What JSON and CSV tell of each run."""

    def schedule(entry: Entry) -> str | None:
        trigger = jobs[entry.job].trigger
        return trigger.expression if trigger else None

    return [
        Column("job", lambda entry: entry.job),
        Column("time", lambda entry: utc_text(entry.time)),
        Column("localTime", lambda entry: own_iso(entry.time, entry.timezone)),
        Column("timezone", lambda entry: entry.timezone),
        Column("schedule", schedule),
        Column("windowMinutes", lambda entry: entry.window_minutes),
        Column("executionArn", lambda entry: entry.running),
        Column("expectedSeconds", lambda entry: seconds_or_none(entry.expected)),
        Column("expectedEnd", lambda entry: utc_or_none(entry.expected_end)),
        Column("startsWith", lambda entry: list(entry.starts_with)),
        Column("meets", lambda entry: list(entry.meets)),
        Column("overlapsItself", lambda entry: entry.overlaps_itself),
    ]


def _document(
    found: Calendar,
    entries: list[Entry],
    columns: list[Column[Entry]],
    wanted: set[str],
    begin: datetime,
    end: datetime,
) -> dict[str, Any]:
    """What JSON has beside the runs."""
    from ops.calendar import busiest

    peak = busiest(found.entries)

    def triggers(jobs: tuple[DeployedJob, ...]) -> list[dict[str, str]]:
        return [
            {"job": job.name, "schedule": job.trigger.expression, "timezone": job.trigger.timezone}
            for job in jobs
            if job.trigger and job.name in wanted
        ]

    return {
        "from": utc_text(begin),
        "to": utc_text(end),
        "runs": [as_json(entry, columns) for entry in entries],
        "off": triggers(found.off),
        "untold": triggers(found.untold),
        "busiest": {"time": utc_text(peak[0]), "runs": len(peak[1]), "jobs": list(peak[1])} if peak else None,
    }
