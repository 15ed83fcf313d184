"""`cron(minutes hours day-of-month month day-of-week year)`, as AWS has it.

Parsed here and not by a library: aws-croniter refuses LW and finds no day-of-week L, pyawscron crashes on 29 February,
cron-descriptor takes AWS's 6L for the last Saturday, and none of them knows time zones or says what AWS refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from spec.schedule.days import DayRule, parse_day_of_month, parse_day_of_week
from spec.schedule.field import HOURS, MINUTES, MONTH, YEAR, FieldError, Unit, parse_values

T = TypeVar("T")

FIELDS = ("minutes", "hours", "day-of-month", "month", "day-of-week", "year")


class CronError(ValueError):
    """Why AWS would refuse a cron expression, with the expressions that may have been meant, nearest first."""

    def __init__(self, problem: str, *nearest: str) -> None:
        super().__init__(problem)
        self.nearest = nearest


@dataclass(frozen=True)
class Cron:
    """A cron schedule: each of its minutes of each of its hours, on the days its rule names in its months and years."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DayRule
    months: tuple[int, ...]
    years: tuple[int, ...]

    def dates_from(self, first: date) -> Iterator[date]:
        """The dates on which it fires, ascending, from `first` on; looks at months, never at single minutes."""
        for year in self.years:
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                yield from (day for number in self.days.of(year, month) if (day := date(year, month, number)) >= first)


def parse_cron(text: str) -> Cron:
    """Reads `cron(...)`; raises CronError for what AWS would refuse and for an expression that never fires."""
    inside = re.fullmatch(r"cron\((.*)\)", text)
    fields = inside[1].split() if inside else []
    if len(fields) != 6:
        raise CronError(f"has {len(fields)} fields, and AWS wants six: {' '.join(FIELDS)}")
    day_of_month, month, day_of_week, year = fields[2:]
    _one_question_mark(fields)
    if day_of_week == "?":
        days = _field(fields, 2, "day-of-month", parse_day_of_month)
    else:
        days = _field(fields, 4, "day-of-week", parse_day_of_week)
    cron = Cron(
        text=text,
        minutes=_values(fields, 0, MINUTES),
        hours=_values(fields, 1, HOURS),
        days=days,
        months=_values(fields, 3, MONTH),
        years=_values(fields, 5, YEAR),
    )
    if next(cron.dates_from(date(YEAR.first, 1, 1)), None) is None:
        day = f"day-of-month {day_of_month}" if day_of_week == "?" else f"day-of-week {day_of_week}"
        raise CronError(f"never fires: {day}, month {month} and year {year} have no day in common")
    return cron


def cron_text(fields: list[str]) -> str:
    """The expression of six fields."""
    return f"cron({' '.join(fields)})"


def _one_question_mark(fields: list[str]) -> None:
    day_of_month, day_of_week = fields[2], fields[4]
    if (day_of_month == "?") != (day_of_week == "?"):
        return
    rule = "AWS wants '?' in exactly one of day-of-month and day-of-week"
    if day_of_month == "?":
        raise CronError(f"has '?' in both day fields; {rule}", _with(fields, 2, "*"))
    found = f"has day-of-month {day_of_month!r} and day-of-week {day_of_week!r}"
    if day_of_week == "*":
        raise CronError(f"{found}; {rule}", _with(fields, 4, "?"))
    if day_of_month == "*":
        raise CronError(f"{found}; {rule}", _with(fields, 2, "?"))
    raise CronError(f"{found}; {rule}: days chosen in both ways need a schedule each")


def _values(fields: list[str], index: int, unit: Unit) -> tuple[int, ...]:
    return _field(fields, index, unit.name, lambda text: parse_values(text, unit))


def _field(fields: list[str], index: int, name: str, parse: Callable[[str], T]) -> T:
    text = fields[index]
    if text == "?":
        raise CronError(f"has '?' in {name}, which only a day field may have", _with(fields, index, "*"))
    try:
        return parse(text)
    except FieldError as error:
        problem = f"{name} {text!r}: {error}"
        if error.nearest is None:
            raise CronError(problem) from None
        own = "0-9" if error.found.isdigit() else "0-9A-Za-z"
        token = rf"(?<![{own}]){re.escape(error.found)}(?![{own}])"
        raise CronError(problem, _with(fields, index, re.sub(token, error.nearest, text, count=1))) from None


def _with(fields: list[str], index: int, text: str) -> str:
    return cron_text([*fields[:index], text, *fields[index + 1 :]])
