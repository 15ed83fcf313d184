"""`longhaul status`: how every job is doing, and what needs attention first."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.ops.options import Listing, NoLedgerOption, OutputOption, UtcOption, Where, complete_job, ledger_of, verb
from cli.ops.statuses import coloured
from cli.ops.tables import Column, listing_table, print_listing
from cli.ops.times import length_text, moment_text, seconds_or_none, utc_or_none

if TYPE_CHECKING:
    from ops.execution import Execution
    from ops.status import JobStatus

_NOTHING = "There are no jobs."


@verb
def status(
    where: Where,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]...", help="Only these; all when none is named.", autocompletion=complete_job),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=100, help="Of how many last runs the success rate is.")] = 20,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=1, max=3600, help="Seconds between two looks of --watch.")] = 10,
    no_ledger: NoLedgerOption = False,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Show how every job is doing: what needs attention first, then by name."""

    def look() -> tuple[list[JobStatus], datetime]:
        from ops.names import find_jobs
        from ops.status import read_status

        now = datetime.now(UTC)
        wanted = find_jobs(where.stack, jobs or ())
        ledger = ledger_of(where, no_ledger=no_ledger)
        return read_status(where.aws, wanted, now=now, runs=runs, ledger=ledger), now

    if not watch:
        found, now = look()
        print_listing(found, _columns(now, utc=utc), output, nothing=_NOTHING)
        return
    if output is not Listing.TABLE:
        raise typer.BadParameter("--watch shows a table")
    _watch(look, interval, utc=utc)


def _watch(look: Callable[[], tuple[list[JobStatus], datetime]], interval: float, *, utc: bool) -> None:
    from rich.live import Live

    from cli.console import console

    # In a pipe it would show nothing before its end.
    with Live(console=console(), auto_refresh=False) if console().is_terminal else nullcontext() as live:
        while True:
            found, now = look()
            if live is None:
                print_listing(found, _columns(now, utc=utc), Listing.TABLE, nothing=_NOTHING)
                console().file.flush()
            else:
                live.update(listing_table(found, _columns(now, utc=utc)), refresh=True)
            time.sleep(interval)


def _columns(now: datetime, *, utc: bool) -> list[Column[JobStatus]]:
    from rich.markup import escape

    from ops.firing import schedule_in_words

    def schedule(row: JobStatus) -> str | None:
        return schedule_in_words(row.job.trigger) if row.job.trigger else None

    return [
        Column("job", lambda row: row.job.name, "job"),
        Column("attention", lambda row: list(row.attention), "attention", lambda row: _attention(row, utc=utc)),
        Column("enabled", lambda row: row.job.trigger.enabled if row.job.trigger else None),
        Column("paused", _paused),
        Column("schedule", lambda row: row.job.trigger.expression if row.job.trigger else None),
        Column("timezone", lambda row: row.job.trigger.timezone if row.job.trigger else None),
        Column("scheduleInWords", schedule, "schedule", lambda row: escape(schedule(row) or "started by hand")),
        Column(
            "nextRun",
            lambda row: utc_or_none(row.next_run),
            "next run",
            lambda row: moment_text(row.next_run, utc=utc),
        ),
        Column(
            "lastRun",
            lambda row: _as_json(row.last),
            "last run",
            lambda row: coloured(row.last.status) if row.last else "-",
        ),
        Column(heading="age", text=lambda row: length_text(now - row.last.started) if row.last else "-", right=True),
        Column(heading="took", text=lambda row: length_text(row.last.duration if row.last else None), right=True),
        Column(
            "running",
            lambda row: [_as_json(execution) for execution in row.running],
            "running",
            lambda row: str(len(row.running) or "-"),
            right=True,
        ),
        Column("successRate", lambda row: row.success_rate, "success", _rate, right=True),
        Column("succeeded", lambda row: row.succeeded),
        Column("ended", lambda row: row.ended),
        Column("missed", lambda row: utc_or_none(row.missed)),
        Column("stateMachineArn", lambda row: row.job.state_machine_arn),
        Column("runOn", lambda row: row.job.run_on),
    ]


def _attention(row: JobStatus, *, utc: bool) -> str:
    words = {
        "failed": "[red]failed[/]",
        "missed": f"[red]no run at {moment_text(row.missed, utc=utc)}[/]",
        "overrun": "[yellow]still runs, next is due[/]",
        "skipped": "[yellow]skipped[/]",
        "off": f"[yellow]{_off(row)}[/]",
        "never-ran": "never ran",
    }
    return ", ".join(words[key] for key in row.attention) or "[green]-[/]"


def _off(row: JobStatus) -> str:
    from rich.markup import escape

    paused = _paused(row)
    if paused is None:
        return "switched off"
    who = f"paused by {paused['who']}" if paused["who"] else "paused"
    return escape(f"{who}: {paused['reason']}" if paused["reason"] else who)


def _paused(row: JobStatus) -> dict[str, str] | None:
    from ops.pausing import pause_note

    note = pause_note(row.job.trigger) if row.job.trigger else None
    return {"when": note.when, "who": note.who, "reason": note.reason} if note else None


def _rate(row: JobStatus) -> str:
    return "-" if row.success_rate is None else f"{row.success_rate:.0%} of {row.ended}"


def _as_json(execution: Execution | None) -> dict[str, str | float | None] | None:
    if execution is None:
        return None
    return {
        "name": execution.name,
        "executionArn": execution.arn,
        "status": execution.status,
        "started": utc_or_none(execution.started),
        "stopped": utc_or_none(execution.stopped),
        "durationSeconds": seconds_or_none(execution.duration),
    }
