"""What the run was asked to do, read from its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from daily_rollup.outcome import Exit, JobError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run: which day, where its partition is, where the result goes, what share of bad rows is tolerated."""

    day: date
    source_bucket: str
    source_prefix: str
    result_bucket: str
    result_prefix: str
    max_rejected_percent: float

    @property
    def partition_prefix(self) -> str:
        """The key prefix of the day's partition."""
        return f"{self.source_prefix}day={self.day}/"

    @property
    def result_key(self) -> str:
        """The one object that holds the day's result."""
        return f"{self.result_prefix}day={self.day}/departures.csv"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads and checks the environment; raises JobError(USAGE) with the variable, what was expected, what was found."""
    return Settings(
        day=_day(environment),
        source_bucket=_required(environment, "SOURCE_BUCKET"),
        source_prefix=environment.get("SOURCE_PREFIX", ""),
        result_bucket=_required(environment, "RESULT_BUCKET"),
        result_prefix=environment.get("RESULT_PREFIX", ""),
        max_rejected_percent=_percent(environment, "MAX_REJECTED_PERCENT", default="1"),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise JobError(Exit.USAGE, f"{name}: expected a value, found none")
    return value


def _percent(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name, default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise JobError(Exit.USAGE, f"{name}: expected a number from 0 to 100, found {text!r}")
    return value


def _day(environment: Mapping[str, str]) -> date:
    """The `date` of the input, or else the day before the scheduled time, both in UTC."""
    given = _input(environment).get("date")
    if given is not None:
        try:
            return date.fromisoformat(given)
        except (TypeError, ValueError):
            raise JobError(Exit.USAGE, f"LONGHAUL_INPUT.date: expected YYYY-MM-DD, found {given!r}") from None
    text = environment.get("LONGHAUL_SCHEDULED_TIME", "")
    try:
        scheduled = datetime.fromisoformat(text)
    except ValueError:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_SCHEDULED_TIME: expected a time such as 2026-11-24T03:15:00Z, found {text!r}"
        ) from None
    if scheduled.tzinfo is None:
        scheduled = scheduled.replace(tzinfo=UTC)
    return scheduled.astimezone(UTC).date() - timedelta(days=1)


def _input(environment: Mapping[str, str]) -> dict[str, Any]:
    text = environment.get("LONGHAUL_INPUT") or "{}"
    try:
        value = json.loads(text)
    except ValueError as error:
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected JSON, found text that is not ({error})") from None
    if not isinstance(value, dict):
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected an object, found {type(value).__name__}")
    unknown = sorted(set(value) - {"date"})
    if unknown:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_INPUT: expected only the key 'date', found {', '.join(map(repr, unknown))}"
        )
    return value
