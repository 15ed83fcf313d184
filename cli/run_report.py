"""How runs are shown: a line each in a table, the cause of each failure, or one run in full."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.arguments import utc_text
from cli.console import natural_width, print_whole
from ops.runs import Run


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is said of one run.

    Of the statuses NOT_STARTED is that of a run whose trigger could not start it, and SKIPPED that of one that made way
    for another, which is no failure.
    """

    job: str
    scheduled_time: str | None
    status: str
    exit_code: int | None
    attempts: int | None
    start_retries: int | None
    started: str | None
    stopped: str | None
    duration: timedelta | None
    log_lines: Sequence[str]
    """The last that the last attempt logged, oldest first."""
    error: str | None
    cause: str | None
    output: Any
    execution_arn: str | None

    @classmethod
    def of(cls, run: Run, log_lines: Sequence[str]) -> Report:
        return cls(
            job=run.job,
            scheduled_time=run.scheduled_time,
            status=run.status,
            exit_code=run.exit_code,
            attempts=run.attempts,
            start_retries=run.start_retries,
            started=utc_text(run.started),
            stopped=utc_text(run.stopped) if run.stopped else None,
            duration=run.duration,
            log_lines=log_lines,
            error=run.error,
            cause=run.cause,
            output=run.output,
            execution_arn=run.execution_arn,
        )

    @classmethod
    def not_started(cls, job: str, scheduled_time: str, error: str, cause: str) -> Report:
        return cls(
            job=job,
            scheduled_time=scheduled_time,
            status="NOT_STARTED",
            exit_code=None,
            attempts=None,
            start_retries=None,
            started=None,
            stopped=None,
            duration=None,
            log_lines=(),
            error=error,
            cause=cause,
            output=None,
            execution_arn=None,
        )

    @property
    def last_log_line(self) -> str | None:
        return self.log_lines[-1] if self.log_lines else None

    @property
    def failed(self) -> bool:
        return self.status not in ("SUCCEEDED", "SKIPPED")

    def as_json(self) -> dict[str, Any]:
        return {
            "job": self.job,
            "scheduledTime": self.scheduled_time,
            "status": self.status,
            "exitCode": self.exit_code,
            "attempts": self.attempts,
            "startRetries": self.start_retries,
            "started": self.started,
            "stopped": self.stopped,
            "durationSeconds": self.duration.total_seconds() if self.duration else None,
            "lastLogLine": self.last_log_line,
            "error": self.error,
            "cause": self.cause,
            "output": self.output,
            "executionArn": self.execution_arn,
        }


def print_table(console: Console, reports: Sequence[Report]) -> None:
    """One line a run: job, scheduled time, status, exit code, attempts of each kind, duration, last log line."""
    if not reports:
        console.print("Nothing was scheduled in that time.")
        return
    # Rich would narrow every column to make room for a long line; only that line may be cut.
    others = natural_width(console, _table(reports, 0))
    print_whole(console, _table(reports, max(24, console.width - others)))


def _table(reports: Sequence[Report], message_width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("job", "scheduled (UTC)", "status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("exit code", "attempts", "start retries", "duration"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("last log line" if message_width else "", no_wrap=True, max_width=message_width)
    for report in reports:
        table.add_row(
            report.job,
            (report.scheduled_time or "by hand").replace("T", " ").removesuffix("Z"),
            _coloured(report),
            _or_dash(report.exit_code),
            _or_dash(report.attempts),
            _or_dash(report.start_retries),
            _duration(report.duration),
            escape(_said(report)) if message_width else "",
        )
    return table


def print_failures(console: Console, reports: Iterable[Report]) -> None:
    """Why each run that did not succeed did not, and its last log lines."""
    for report in reports:
        if report.failed:
            named = f"{report.job} {report.scheduled_time or ''}".rstrip()
            console.print(f"[red]{escape(named)}[/red]  {escape(_reason(report))}", soft_wrap=True)
            for line in report.log_lines:
                console.print(f"  {escape(line)}", soft_wrap=True)


def print_run(console: Console, report: Report, run: Run, lines: Iterable[str]) -> None:
    """One run in full: start, end, input, output and log."""
    exit_code = "" if report.exit_code is None else f", exit code {report.exit_code}"
    console.print(
        f"{report.job}: {_coloured(report)}{exit_code}, attempts {_or_dash(report.attempts)}, "
        f"start retries {_or_dash(report.start_retries)}"
    )
    console.print(f"start   {report.started}")
    console.print(f"end     {report.stopped or '-'}, after {_duration(report.duration)}")
    console.print(f"input   {escape(json.dumps(run.input))}", soft_wrap=True)
    if not report.failed:
        # The log that a run in a cluster puts out is shown below.
        told = {key: value for key, value in (run.output or {}).items() if key != "log"}
        console.print(f"output  {escape(json.dumps(told))}", soft_wrap=True)
    else:
        console.print(f"cause   {escape(_reason(report))}", soft_wrap=True)
    console.print("log")
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True)


def _said(report: Report) -> str:
    """The last that the run said: in its log, of why it was skipped, or what its steps left in the end."""
    if report.status == "SKIPPED":
        return report.cause or "-"
    if report.last_log_line is None and isinstance(report.output, dict) and "result" in report.output:
        return f"result {json.dumps(report.output['result'], ensure_ascii=False, separators=(',', ':'))}"
    return _message(report.last_log_line)


def _message(line: str | None) -> str:
    """A log line as a person reads it: of a structured one its message."""
    try:
        return str(json.loads(line or "")["message"])
    except (ValueError, KeyError, TypeError):
        return line or "-"


def _reason(report: Report) -> str:
    return f"{report.error or report.status}: {report.cause or 'no cause was given'}"


def _coloured(report: Report) -> str:
    colour = "red" if report.failed else "yellow" if report.status == "SKIPPED" else "green"
    return f"[{colour}]{report.status}[/]"


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _duration(duration: timedelta | None) -> str:
    if duration is None:
        return "-"
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
