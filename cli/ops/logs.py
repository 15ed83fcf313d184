"""`longhaul logs`: what the tasks of a run wrote."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.ops.options import Listing, OutputOption, UtcOption, Where, verb
from cli.ops.times import moment_text, since

if TYPE_CHECKING:
    from ops.logs import LogLine

_KEYS = ("run", "attempt", "time", "message", "step", "index")


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is no regular expression: {error}") from None


@verb
def logs(
    where: Where,
    what: Annotated[
        str, typer.Argument(metavar="JOB|RUN", help="A job, for its latest run; or a run: JOB@latest, JOB@failed, ...")
    ],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")] = False,
    step: Annotated[str | None, typer.Option(help="Only of this step.")] = None,
    index: Annotated[
        int | None, typer.Option(min=0, help="Only of this item of a step, or this task of a count; from 0.")
    ] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Only of this attempt.")] = None,
    since_text: Annotated[
        str | None,
        typer.Option("--since", help="Only lines since: 2h, 7d, or ISO 8601; with a JOB those of all its runs since."),
    ] = None,
    grep: Annotated[
        re.Pattern | None, typer.Option(parser=_pattern, metavar="REGEX", help="Only lines that match.")
    ] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="Each line with its time.")] = False,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Print what the attempts of a run wrote, step by step. Where one begins is said on standard error."""
    earliest = since(since_text) if since_text else None
    write = _writer(output, timestamps=timestamps, utc=utc)
    chosen = {"step": step, "index": index, "attempt": attempt, "since": earliest}
    for line in _lines(where, what, chosen, follow=follow):
        if grep is None or grep.search(line.message):
            write(line)
            if follow:
                sys.stdout.flush()


def _lines(where: Where, what: str, chosen: dict[str, Any], *, follow: bool) -> Iterator[LogLine]:
    from ops.logs import read_lines, runs_since
    from ops.names import NamedRun, find_job_or_run, find_run
    from ops.task_changes import is_task

    found = find_job_or_run(where.aws, where.stack, what)
    if isinstance(found, NamedRun):
        runs = [found]
    elif chosen["since"] is None or follow:
        runs = [find_run(where.aws, where.stack, f"{found.name}@latest")]
    else:
        runs = runs_since(where.aws, found, chosen["since"])
    for run in runs:
        none = True
        for line in read_lines(where.aws, run, follow=follow, say=_say, **chosen):
            none = False
            yield line
        if is_task(run.execution_arn):
            continue
        if run.job.run_on == "kubernetes":
            _say(
                "Of a job in a cluster, Step Functions keeps the last lines of each attempt, once it has ended. How to "
                f"ask the cluster for all of them: ./longhaul show {run.job.name}@{run.name}"
            )
        elif run.job.run_on == "lambda" and none:
            _say(f"There is no line of {run.job.name}@{run.name}: on Lambda an attempt's come once it has ended.")


def _say(notice: str) -> None:
    from cli.console import notices

    notices().print(notice, markup=False, soft_wrap=True)


def _writer(output: Listing, *, timestamps: bool, utc: bool) -> Callable[[LogLine], None]:
    """What writes a line in the form that was asked for."""
    if output is Listing.JSON:
        return lambda line: print(json.dumps(_as_json(line)))
    if output is Listing.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_KEYS)
        return lambda line: writer.writerow(_as_json(line).values())
    return write_for_people(timestamps=timestamps, utc=utc)


def write_for_people(*, timestamps: bool, utc: bool) -> Callable[[LogLine], None]:
    """What prints a line, and on standard error where another attempt begins, or one goes on after another's line."""
    from cli.console import notices

    latest: str | None = None

    def write(line: LogLine) -> None:
        nonlocal latest
        whose = _whose(line)
        if whose != latest:
            latest = whose
            sys.stdout.flush()
            notices().print(f"{whose}:", markup=False, style="dim")
        print(f"{moment_text(line.time, utc=utc)}  {line.message}" if timestamps else line.message)

    return write


def _whose(line: LogLine) -> str:
    step = f", step {line.step}" if line.step else ""
    item = f", index {line.index}" if line.index is not None else ""
    return f"{line.run}{step}{item}, attempt {line.attempt}"


def _as_json(line: LogLine) -> dict[str, str | int | None]:
    from datetime import UTC

    time = line.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dict(zip(_KEYS, (line.run, line.attempt, time, line.message, line.step, line.index), strict=True))
