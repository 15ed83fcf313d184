"""What a line of crontab or of Quartz is in AWS's cron, where the two mean exactly the same times.

crontab fires on either day field when both are set, which no single AWS expression does: such a line has no equal here.
"""

from __future__ import annotations

import re

from spec.schedule.field import WEEKDAY_NAMES

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_TERM = re.compile(r"(\*|(?P<first>[0-9A-Za-z]+)(-(?P<last>[0-9A-Za-z]+))?)(/(?P<step>[0-9]+))?")


def from_crontab(line: str) -> str | None:
    """The six fields that fire when a crontab line (five fields or @daily) does, or None; the caller checks values."""
    fields = MACROS.get(line, line).split()
    if len(fields) != 5 or not all(_is_crontab(field) for field in fields):
        return None
    minutes, hours, day_of_month, month, day_of_week = fields
    if day_of_week == "*":
        return f"{minutes} {hours} {day_of_month} {month} ? *"
    weekdays = _weekdays(day_of_week)
    if day_of_month != "*" or not weekdays:
        return None
    return f"{minutes} {hours} ? {month} {weekdays} *"


def fires_on_either_day(line: str) -> bool:
    """Whether a crontab line chooses days of the month and days of the week, and so fires on both kinds of day."""
    fields = line.split()
    return len(fields) == 5 and all(_is_crontab(field) for field in fields) and "*" not in (fields[2], fields[4])


def from_quartz(fields: list[str]) -> str | None:
    """The six fields of a Quartz expression (seconds first) for second 0, or None; the caller checks values."""
    if len(fields) not in (6, 7) or fields[0] != "0" or "?" not in (fields[3], fields[5]):
        return None
    year = fields[6] if len(fields) == 7 else "*"
    return " ".join([*fields[1:6], year])


def _is_crontab(field: str) -> bool:
    """Whether a field says the same to crontab and to AWS: no `5/10`, which crontab takes for 5 alone."""
    terms = [_TERM.fullmatch(term) for term in field.split(",")]
    if len(terms) > 1 and any(term and term[1] == "*" and not term["step"] for term in terms):
        return False
    return all(term and not (term["step"] and term["first"] and not term["last"]) for term in terms)


def _weekdays(field: str) -> str | None:
    """crontab's days of the week (0 or 7 is Sunday) by AWS's names, as a range where they are one."""
    chosen: set[int] = set()
    for text in field.split(","):
        term = _TERM.fullmatch(text)
        if not term:
            return None
        first = _weekday(term["first"]) if term["first"] else 0
        last = _weekday(term["last"]) if term["last"] else first if term["first"] else 6
        if first is None or last is None or last < first:
            return None
        chosen.update(day % 7 for day in range(first, last + 1, int(term["step"] or 1) or 1))
    days = sorted(chosen)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAY_NAMES[days[0]]}-{WEEKDAY_NAMES[days[-1]]}"
    return ",".join(WEEKDAY_NAMES[day] for day in days)


def _weekday(text: str) -> int | None:
    if text.upper() in WEEKDAY_NAMES:
        return WEEKDAY_NAMES.index(text.upper())
    return int(text) if text.isdigit() and int(text) <= 7 else None
