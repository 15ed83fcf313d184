"""`rate(value unit)` and `at(yyyy-mm-ddThh:mm:ss)`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#one-time
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from spec.schedule.error import ScheduleError

UNITS = ("minute", "hour", "day")
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}
_ABBREVIATIONS = {"m": "minute", "min": "minute", "h": "hour", "hr": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True)
class Rate:
    """A schedule at a fixed interval; a day is 24 hours, whatever clocks do."""

    text: str
    value: int
    unit: str

    @property
    def interval(self) -> timedelta:
        """From one run to the next."""
        return timedelta(minutes=self.value * _MINUTES[self.unit])


@dataclass(frozen=True)
class At:
    """A schedule that fires once, at a local time without a zone; only EventBridge Scheduler has it."""

    text: str
    local_time: datetime


def parse_rate(text: str) -> Rate:
    """Reads `rate(5 minutes)`; raises ScheduleError for what AWS would refuse."""
    found = re.fullmatch(r"rate\(([0-9]+) +(minutes?|hours?|days?)\)", text)
    if not found:
        raise ScheduleError(_with_nearest(f"{text}: expected rate(value unit)", _nearest_rate(text)))
    value, unit = int(found[1]), found[2].rstrip("s")
    if value == 0:
        raise ScheduleError(f"{text}: the value is 0, expected 1 or more; nearest valid form: rate(1 {unit})")
    if found[2] != _unit(value, unit):
        number = "singular" if value == 1 else "plural"
        nearest = f"rate({value} {_unit(value, unit)})"
        raise ScheduleError(_with_nearest(f"{text}: AWS wants the unit in the {number} after {value}", nearest))
    rate = Rate(text, value, unit)
    try:
        _ = rate.interval
    except OverflowError:
        raise ScheduleError(f"{text}: the value is too large; no calendar goes that far") from None
    return rate


def parse_at(text: str) -> At:
    """Reads `at(2026-11-24T03:15:00)`; raises ScheduleError for what AWS would refuse."""
    inside = text.removeprefix("at(").removesuffix(")")
    if not re.fullmatch(r"at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\)", text, re.ASCII):
        problem = f"{text}: expected at(yyyy-mm-ddThh:mm:ss){_zone(inside)}"
        raise ScheduleError(_with_nearest(problem, _nearest_at(inside)))
    try:
        return At(text, datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise ScheduleError(f"{text}: no such date and time ({error})") from None


def _with_nearest(problem: str, nearest: str | None) -> str:
    return f"{problem}; nearest valid form: {nearest}" if nearest else problem


def _unit(value: int, unit: str) -> str:
    return unit if value == 1 else f"{unit}s"


def _nearest_rate(text: str) -> str | None:
    """The valid rate of the same length, or None: units AWS lacks (weeks), fractions, other spelling."""
    found = re.search(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)", text.removeprefix("rate"))
    if not found:
        return None
    spelling = found[2].lower().rstrip("s")
    minutes = float(found[1]) * _MINUTES.get(_ABBREVIATIONS.get(spelling, spelling), 0)
    if minutes < 1 or minutes != int(minutes):
        return None
    unit = next(unit for unit in reversed(UNITS) if minutes % _MINUTES[unit] == 0)
    value = int(minutes) // _MINUTES[unit]
    return f"rate({value} {_unit(value, unit)})"


def _zone(inside: str) -> str:
    return " without a zone, which `timezone` names" if re.search(r"(Z|[+-]\d{2}:?\d{2})$", inside) else ""


def _nearest_at(inside: str) -> str | None:
    try:
        moment = datetime.fromisoformat(inside)
    except ValueError:
        return None
    if moment.tzinfo:
        return None
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"
