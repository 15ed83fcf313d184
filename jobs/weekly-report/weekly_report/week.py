"""The week that a report is of: seven days, all in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from weekly_report.outcome import Exit, JobError


@dataclass(frozen=True)
class Week:
    """Seven days up to its last."""

    last: date

    @property
    def days(self) -> list[date]:
        return [self.last - timedelta(days=before) for before in range(6, -1, -1)]


def week_of(given: Any, environment: Mapping[str, str]) -> Week:
    """The week of a run: up to the `lastDay` that its input asks for, or else up to the day before it was due."""
    if given is not None and not isinstance(given, dict):
        raise JobError(Exit.USAGE, f"input: expected an object, found {type(given).__name__}")
    unknown = sorted(set(given or {}) - {"lastDay"})
    if unknown:
        raise JobError(Exit.USAGE, f"input: expected only the key 'lastDay', found {', '.join(map(repr, unknown))}")
    if given and given["lastDay"] is not None:
        return Week(read_day(given["lastDay"], "input.lastDay", Exit.USAGE))
    text = environment.get("LONGHAUL_SCHEDULED_TIME", "")
    try:
        scheduled = datetime.fromisoformat(text)
    except ValueError:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_SCHEDULED_TIME: expected a time such as 2026-11-23T06:00:00Z, found {text!r}"
        ) from None
    if scheduled.tzinfo is None:
        scheduled = scheduled.replace(tzinfo=UTC)
    return Week(scheduled.astimezone(UTC).date() - timedelta(days=1))


def read_day(value: Any, name: str, otherwise: Exit) -> date:
    """A day as JSON has it; raises JobError with the exit code `otherwise`."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise JobError(otherwise, f"{name}: expected YYYY-MM-DD, found {value!r}") from None
