"""What several commands take: a job's name, a time, an output format."""

from __future__ import annotations

import difflib
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from spec.job import JobSpec
    from spec.stack import StackSpec


LONGEST_HOURS = 10 * 366 * 24
"""How far ahead a command looks at most: ten years."""
# Those that a cron expression of AWS can name.
FIRST_YEAR, LAST_YEAR = 1970, 2199


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


def find_job(stack: StackSpec, name: str) -> JobSpec:
    """The job of that name. Raises typer.BadParameter, naming the nearest, when the stack runs no such job."""
    jobs = {job.name: job for job in stack.jobs}
    if name in jobs:
        return jobs[name]
    nearest = difflib.get_close_matches(name, jobs, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"it runs {', '.join(jobs) or 'no jobs'}"
    raise typer.BadParameter(f"stack {stack.name} runs no job {name!r}; {hint}")


def instant(text: str) -> datetime:
    """An aware UTC time from ISO 8601 text; without an offset it is taken as UTC. Raises typer.BadParameter, also for
    one outside the years that AWS's schedules know."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a time such as 2026-11-24T03:15:00Z, found {text!r}") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise typer.BadParameter(f"expected a time from {FIRST_YEAR} to {LAST_YEAR}, found {text!r}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def json_or_file(text: str) -> Any:
    """JSON given as text, or as @file. Raises typer.BadParameter."""
    source, content = "--input", text
    if text.startswith("@"):
        source = text[1:]
        try:
            content = Path(source).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {source}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{source}: expected JSON: {error}") from None


def utc_text(moment: datetime) -> str:
    """`2026-11-24T03:15:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
