"""`rate(value unit)`: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from spec.schedule.error import ScheduleError, with_nearest

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


def parse_rate(text: str) -> Rate:
    """Reads `rate(5 minutes)`; raises ScheduleError for what AWS would refuse."""
    found = re.fullmatch(r"rate\(([0-9]+) +(minutes?|hours?|days?)\)", text)
    if not found:
        raise ScheduleError(
            with_nearest(f"{text}: expected rate(value unit) in minutes, hours or days", _nearest_rate(text))
        )
    value, unit = int(found[1]), found[2].rstrip("s")
    if value == 0:
        raise ScheduleError(f"{text}: the value is 0, expected 1 or more; nearest valid form: rate(1 {unit})")
    if found[2] != _unit(value, unit):
        number = "singular" if value == 1 else "plural"
        nearest = f"rate({value} {_unit(value, unit)})"
        raise ScheduleError(with_nearest(f"{text}: AWS wants the unit in the {number} after {value}", nearest))
    rate = Rate(text, value, unit)
    try:
        _ = rate.interval
    except OverflowError:
        raise ScheduleError(f"{text}: the value is too large; no calendar goes that far") from None
    return rate


def _unit(value: int, unit: str) -> str:
    return unit if value == 1 else f"{unit}s"


def _nearest_rate(text: str) -> str | None:
    """The valid rate of the same length, or None: units AWS lacks (weeks), fractions, other spelling."""
    found = re.fullmatch(r"rate\(\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([A-Za-z]+)\s*\)", text)
    if not found:
        return None
    spelling = found[2].lower().rstrip("s")
    minutes = Fraction(found[1]) * _MINUTES.get(_ABBREVIATIONS.get(spelling, spelling), 0)
    if minutes < 1 or minutes.denominator != 1:
        return None
    unit = next(unit for unit in reversed(UNITS) if minutes % _MINUTES[unit] == 0)
    value = int(minutes) // _MINUTES[unit]
    return f"rate({value} {_unit(value, unit)})"
