"""`longhaul history`: the runs of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.ops.options import JobArgument, Listing, NoLedgerOption, OutputOption, UtcOption, Where, ledger_of, verb
from cli.ops.statuses import coloured
from cli.ops.tables import Column, print_listing
from cli.ops.times import length_text, moment_text, seconds_or_none, since, utc_or_none
from spec.words import shortened

if TYPE_CHECKING:
    from ops.runs import Run


def _status(text: str) -> str:
    from ops.history import STATUSES

    status = text.upper().replace("-", "_")
    if status not in STATUSES:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(STATUSES)}")
    return status


@verb
def history(
    where: Where,
    job: JobArgument,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", parser=_status, metavar="STATUS", help="Only runs that ended so; more than once for several."
        ),
    ] = None,
    since_text: Annotated[
        str | None, typer.Option("--since", help="Only runs that started since: 2h, 7d, or ISO 8601.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20,
    no_ledger: NoLedgerOption = False,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Show the runs of a job, the newest first."""
    from ops.history import read_history
    from ops.names import find_job

    earliest = since(since_text) if since_text else None
    found = find_job(where.stack, job)
    ledger = ledger_of(where, no_ledger=no_ledger)
    runs = read_history(where.aws, found, statuses=status or (), since=earliest, limit=limit, ledger=ledger)
    moved = len({run.ran_as for run in runs}) > 1
    print_listing(runs, columns(utc=utc, moved=moved), output, nothing=f"{found.name} has no such run.")


def columns(*, utc: bool, moved: bool = False) -> list[Column[Run]]:
    """What is told of each run; `moved`: whether some were tasks without a state machine, and others were not."""
    from rich.markup import escape

    return [
        Column("name", lambda run: run.name, "run"),
        Column("executionArn", lambda run: run.execution_arn),
        Column("ranAs", lambda run: run.ran_as, "ran as" if moved else ""),
        Column("job", lambda run: run.job),
        Column("trigger", lambda run: run.trigger, "trigger", lambda run: escape(trigger_text(run))),
        Column("startedBy", lambda run: run.started_by),
        Column("rerunOf", lambda run: run.rerun_of),
        Column("scheduledTime", lambda run: run.scheduled_time, "scheduled", lambda run: _scheduled(run, utc=utc)),
        Column("status", lambda run: run.status, "status", lambda run: coloured(run.status)),
        Column(
            "started", lambda run: utc_or_none(run.started), "started", lambda run: moment_text(run.started, utc=utc)
        ),
        Column("stopped", lambda run: utc_or_none(run.stopped)),
        Column(
            "durationSeconds",
            lambda run: seconds_or_none(run.duration),
            "took",
            lambda run: length_text(run.duration),
            right=True,
        ),
        Column("attempts", lambda run: run.attempts, "attempts", right=True),
        Column("startRetries", lambda run: run.start_retries, "start retries", right=True),
        Column("redrives", lambda run: run.redrives, "redrives", right=True),
        Column("step", lambda run: run.step),
        Column("exitCode", lambda run: run.exit_code, "exit code", right=True),
        Column("error", lambda run: run.error, "error", lambda run: escape(_error(run))),
        Column("cause", lambda run: run.cause),
    ]


def trigger_text(run: Run) -> str:
    """What started a run: the end or a step of which, which object or program, or of which it is a rerun."""
    from ops.task_changes import run_name

    if run.rerun_of:
        return f"{run.trigger} of {run_name(run.rerun_of)}"
    if run.started_by is None:
        return run.trigger
    if run.trigger in ("job", "step"):
        return f"{run.trigger} {_machine_and_run(run.started_by)}"
    return f"{run.trigger} {shortened(run.started_by)}"


def _machine_and_run(execution_arn: str) -> str:
    """`longhaul-dev-rollup:1f2e3d4c`."""
    return shortened(":".join(execution_arn.split(":")[-2:]))


def _scheduled(run: Run, *, utc: bool) -> str:
    """The time that it was for, in the listing's zone where it can be read."""
    from datetime import datetime

    from rich.markup import escape

    if run.scheduled_time is None:
        return "-"
    try:
        moment = datetime.fromisoformat(run.scheduled_time)
    except ValueError:
        return escape(run.scheduled_time)
    return moment_text(moment, utc=utc) if moment.tzinfo else escape(run.scheduled_time)


def _error(run: Run) -> str:
    if run.error and run.step:
        return f"{run.error} in {run.step}"
    return run.error or (run.cause or "-" if run.status == "SKIPPED" else "-")
