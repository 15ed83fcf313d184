"""One field of a cron expression: numbers, names, ranges, steps and lists of them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass


class FieldError(ValueError):
    """What is wrong with a field; with `nearest` in the place of `found` it would be right, as far as is known."""

    def __init__(self, problem: str, found: str = "", nearest: str | None = None) -> None:
        super().__init__(problem)
        self.found = found
        self.nearest = nearest


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What AWS allows in one field: a row of its table of cron fields.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """

    name: str
    first: int
    last: int
    wildcards: str
    largest_step: int = 0
    names: tuple[str, ...] = ()
    ranges_wrap: bool = True

    @property
    def legal(self) -> str:
        """The legal values in words."""
        numbers = f"{self.first}-{self.last}"
        return f"{numbers} or {self.names[0]}-{self.names[-1]}" if self.names else numbers


MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

# AWS refuses minutes in steps of 60 and more (github.com/aws/aws-sdk-js/issues/4212); the other fields follow suit.
MINUTES = Unit(name="minutes", first=0, last=59, wildcards=", - * /", largest_step=59)
HOURS = Unit(name="hours", first=0, last=23, wildcards=", - * /", largest_step=23)
DAY_OF_MONTH = Unit(name="day-of-month", first=1, last=31, wildcards=", - * ? / L W", largest_step=31)
MONTH = Unit(name="month", first=1, last=12, wildcards=", - * /", largest_step=12, names=MONTH_NAMES)
DAY_OF_WEEK = Unit(name="day-of-week", first=1, last=7, wildcards=", - * ? L #", names=WEEKDAY_NAMES)
YEAR = Unit(name="year", first=1970, last=2199, wildcards=", - * /", largest_step=229, ranges_wrap=False)

_WORD = re.compile(r"[0-9]+|[A-Za-z]+")


def parse_values(text: str, unit: Unit) -> tuple[int, ...]:
    """The values that a field of lists, ranges and steps stands for, ascending; raises FieldError."""
    if text == "*":
        return tuple(range(unit.first, unit.last + 1))
    terms = text.split(",")
    if "" in terms:
        raise FieldError("a comma with no value beside it", text, ",".join(filter(None, terms)))
    if "*" in terms:
        raise FieldError("'*' in a list, and '*' is every value already", text, "*")
    return tuple(sorted({value for term in terms for value in _term_values(term, unit)}))


def parse_value(text: str, unit: Unit) -> int:
    """One number or name (in upper or lower case) as its number; raises FieldError."""
    if not _WORD.fullmatch(text):
        raise FieldError(f"{text!r} is no value, expected {unit.legal}")
    if not text.isdigit():
        return _named_value(text, unit)
    value = int(text)
    if unit.first <= value <= unit.last:
        return value
    if unit is DAY_OF_WEEK and value == 0:
        raise FieldError("0 is no day: AWS counts from 1 (SUN) to 7 (SAT)", text, "SUN")
    if unit is HOURS and value == 24:
        raise FieldError("24 is no hour: midnight is 0", text, "0")
    nearest = unit.first if value < unit.first else unit.last
    raise FieldError(f"{value} is not in {unit.legal}", text, str(nearest))


def _term_values(term: str, unit: Unit) -> list[int]:
    """The values of one member of a list, in the order in which they come round."""
    base, slash, step_text = term.partition("/")
    if not slash:
        return _range_values(base, unit)
    if "/" not in unit.wildcards:
        raise FieldError(f"a step, where AWS allows only {unit.wildcards}", term, _listed(base, step_text, unit))
    step = _step(base, step_text, unit)
    if not base:
        raise FieldError("a step with no start", term, f"*/{step}")
    if base == "*":
        return list(range(unit.first, unit.last + 1, step))
    if "-" in base:
        return _range_values(base, unit)[::step]
    return list(range(parse_value(base, unit), unit.last + 1, step))


def _listed(base: str, step_text: str, unit: Unit) -> str | None:
    """A step written out as the list of its values, by name."""
    if not step_text.isdigit() or int(step_text) == 0:
        return None
    first, last = (unit.first, unit.last) if base == "*" else (parse_value(base, unit), unit.last)
    return ",".join(unit.names[value - unit.first] for value in range(first, last + 1, int(step_text)))


def _step(base: str, text: str, unit: Unit) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise FieldError(f"the step {text!r} is no number from 1 to {unit.largest_step}")
    if int(text) > unit.largest_step:
        # Such a step leaves nothing of the field but its start.
        start = str(unit.first) if base == "*" else base
        raise FieldError(f"the step {text} is above {unit.largest_step}, the largest", f"{base}/{text}", start)
    return int(text)


def _range_values(text: str, unit: Unit) -> list[int]:
    first_text, dash, last_text = text.partition("-")
    if not dash:
        return [parse_value(text, unit)]
    first, last = parse_value(first_text, unit), parse_value(last_text, unit)
    if first <= last:
        return list(range(first, last + 1))
    if not unit.ranges_wrap:
        raise FieldError("a range that ends before it starts", text, f"{last}-{first}")
    return [*range(first, unit.last + 1), *range(unit.first, last + 1)]


def _named_value(text: str, unit: Unit) -> int:
    name = text.upper()
    if name in unit.names:
        return unit.names.index(name) + unit.first
    nearest = [name[:3]] if name[:3] in unit.names else difflib.get_close_matches(name, unit.names, n=1)
    raise FieldError(f"{text!r} is not in {unit.legal}", text, nearest[0] if nearest else None)
