"""The two day fields of a cron expression, as one rule that names the days of a month.

AWS wants `?` in exactly one of the two; the other one says which days. Weekdays are AWS's: 1 = Sunday ... 7 = Saturday.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

from spec.schedule.field import DAY_OF_MONTH, DAY_OF_WEEK, FieldError, parse_value, parse_values

SATURDAY = 7


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return calendar.monthrange(year, month)[1]


def weekday(year: int, month: int, day: int) -> int:
    """AWS's number of a date's weekday, 1 = Sunday ... 7 = Saturday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


@dataclass(frozen=True)
class DaysOfMonth:
    """Days by number: `1`, `1-15`, `*/5`, `*`."""

    days: tuple[int, ...]

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        length = days_in_month(year, month)
        return [day for day in self.days if day <= length]


@dataclass(frozen=True)
class LastDayOfMonth:
    """`L` in day-of-month."""

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        return [days_in_month(year, month)]


@dataclass(frozen=True)
class LastWorkday:
    """`LW`: the last Monday-to-Friday of the month."""

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        length = days_in_month(year, month)
        return [nearest_workday(year, month, length)]


@dataclass(frozen=True)
class NearestWorkday:
    """`3W`: the Monday-to-Friday nearest the 3rd, in the same month; no day in a month without that day."""

    day: int

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        return [nearest_workday(year, month, self.day)] if self.day <= days_in_month(year, month) else []


@dataclass(frozen=True)
class Weekdays:
    """Days by weekday: `MON-FRI`, `1,7`, `*`."""

    weekdays: tuple[int, ...]

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        first = weekday(year, month, 1)
        days = range(1, days_in_month(year, month) + 1)
        return [day for day in days if (first + day - 2) % 7 + 1 in self.weekdays]


@dataclass(frozen=True)
class LastOfWeekday:
    """`6L`: the last Friday of the month."""

    weekday: int

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        return Weekdays((self.weekday,)).of(year, month)[-1:]


@dataclass(frozen=True)
class NthOfWeekday:
    """`3#2`: the second Tuesday of the month; a fifth comes in some months only."""

    weekday: int
    nth: int

    def of(self, year: int, month: int) -> list[int]:
        """The days of that month, ascending."""
        return Weekdays((self.weekday,)).of(year, month)[self.nth - 1 : self.nth]


DayRule = DaysOfMonth | LastDayOfMonth | LastWorkday | NearestWorkday | Weekdays | LastOfWeekday | NthOfWeekday


def nearest_workday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday nearest a day, never across the end or the beginning of the month."""
    on = weekday(year, month, day)
    if on == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if on == 1:
        return day + 1 if day < days_in_month(year, month) else day - 2
    return day


def parse_day_of_month(text: str) -> DayRule:
    """The rule of a day-of-month field other than `?`; raises FieldError."""
    if text == "L":
        return LastDayOfMonth()
    if text == "LW":
        return LastWorkday()
    if found := re.fullmatch(r"([0-9]+)W", text):
        return NearestWorkday(parse_value(found[1], DAY_OF_MONTH))
    if re.search(r"(?<![A-Za-z])(L|W|WL|LW)(?![A-Za-z])", text):
        raise FieldError("L or W with something else: L, LW and a day like 15W are the whole field")
    return DaysOfMonth(parse_values(text, DAY_OF_MONTH))


def parse_day_of_week(text: str) -> DayRule:
    """The rule of a day-of-week field other than `?`; raises FieldError."""
    if text == "L":
        return Weekdays((SATURDAY,))
    if found := re.fullmatch(r"([0-9]+)L", text):
        return LastOfWeekday(parse_value(found[1], DAY_OF_WEEK))
    if (found := re.fullmatch(r"([A-Za-z]{3})L", text)) and found[1].upper() in DAY_OF_WEEK.names:
        raise FieldError("a name before L, where AWS has a number", text, f"{parse_value(found[1], DAY_OF_WEEK)}L")
    if found := re.fullmatch(r"([0-9A-Za-z]+)#([^,#]*)", text):
        day = parse_value(found[1], DAY_OF_WEEK)
        if found[2] not in ("1", "2", "3", "4", "5"):
            raise FieldError(f"{found[2]!r} after #, and a weekday comes 1 to 5 times a month")
        return NthOfWeekday(day, int(found[2]))
    if "#" in text or re.search(r"(?<![A-Za-z])L(?![A-Za-z])", text):
        raise FieldError("# or L with something else: a day like 3#2 or 6L is the whole field")
    return Weekdays(parse_values(text, DAY_OF_WEEK))
