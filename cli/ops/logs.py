"""`longhaul logs`: what the tasks of a run wrote."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.ops.options import Listing, OutputOption, UtcOption, Where, verb
from cli.ops.times import moment_text, since

if TYPE_CHECKING:
    from datetime import datetime

    from ops.logs import LogLine

_KEYS = ("run", "attempt", "time", "message")


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
    """Print what the attempts of a run wrote, in order. Where one begins is said on standard error."""
    earliest = since(since_text) if since_text else None
    write = _writer(output, timestamps=timestamps, utc=utc)
    for line in _lines(where, what, attempt, earliest, follow=follow):
        if grep is None or grep.search(line.message):
            write(line)
            if follow:
                sys.stdout.flush()


def _lines(
    where: Where, what: str, attempt: int | None, earliest: datetime | None, *, follow: bool
) -> Iterator[LogLine]:
    from ops.logs import read_lines, runs_since
    from ops.names import NamedRun, find_job_or_run, find_run

    found = find_job_or_run(where.aws, where.stack, what)
    if isinstance(found, NamedRun):
        runs = [found]
    elif earliest is None or follow:
        runs = [find_run(where.aws, where.stack, f"{found.name}@latest")]
    else:
        runs = runs_since(where.aws, found, earliest)
    for run in runs:
        yield from read_lines(where.aws, run, attempt=attempt, since=earliest, follow=follow)


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
    """What prints a line, and on standard error where another attempt begins."""
    from cli.console import notices

    said: set[tuple[str, int]] = set()

    def write(line: LogLine) -> None:
        if (line.run, line.attempt) not in said:
            said.add((line.run, line.attempt))
            sys.stdout.flush()
            notices().print(f"{line.run}, attempt {line.attempt}:", markup=False, style="dim")
        print(f"{moment_text(line.time, utc=utc)}  {line.message}" if timestamps else line.message)

    return write


def _as_json(line: LogLine) -> dict[str, str | int]:
    from datetime import UTC

    time = line.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dict(zip(_KEYS, (line.run, line.attempt, time, line.message), strict=True))
