"""A schedule in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from spec.schedule.at import At
from spec.schedule.cron import Cron
from spec.schedule.days import (
    DayRule,
    DaysOfMonth,
    LastDayOfMonth,
    LastOfWeekday,
    LastWorkday,
    NearestWorkday,
    NthOfWeekday,
    Weekdays,
)
from spec.schedule.field import HOURS, MONTH, YEAR
from spec.schedule.rate import Rate

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = (
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
)
ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
)
MOST_CLOCK_TIMES = 6


def in_words(schedule: Cron | Rate | At, timezone: str | None = None) -> str:
    """A schedule as a person would say it, such as `at 03:15 UTC every day`; without a time zone, in UTC."""
    zone = timezone or "UTC"
    if isinstance(schedule, Rate):
        return f"every {_counted(schedule.value, schedule.unit)}"
    if isinstance(schedule, At):
        moment = schedule.local_time
        clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
        return f"once, at {clock} {zone} on {moment.day} {MONTHS[moment.month - 1]} {moment.year}"
    clock = _clock(schedule.minutes, schedule.hours)
    days = _days(schedule.days) + _months(schedule.months) + _years(schedule.years)
    if ":" in clock:
        return f"{clock} {zone} {days}"
    return clock if days == "every day" else f"{clock} {days} ({zone})"


def _clock(minutes: tuple[int, ...], hours: tuple[int, ...]) -> str:
    """The times of one day."""
    every_hour = len(hours) == len(range(HOURS.first, HOURS.last + 1))
    pace = _pace(minutes)
    if every_hour and pace and minutes[0] == 0:
        return f"every {_counted(pace, 'minute')}"
    if every_hour:
        return "every hour" if minutes == (0,) else f"at {_minutes(minutes)} of every hour"
    if len(minutes) * len(hours) <= MOST_CLOCK_TIMES:
        return "at " + _listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    hour_step = _step(hours)
    if len(minutes) == 1 and hour_step:
        return f"every {_counted(hour_step, 'hour')} {_from_to(minutes, hours)}"
    if pace:
        return f"every {_counted(pace, 'minute')} " + _listed([_from_to(minutes, run) for run in _runs(hours)])
    return f"at {_minutes(minutes)} of each hour " + _listed([_from_to(minutes, run) for run in _runs(hours)])


def _days(rule: DayRule) -> str:
    match rule:
        case DaysOfMonth(days) if len(days) == 31:
            return "every day"
        case DaysOfMonth(days):
            return f"on day{'s' if len(days) > 1 else ''} {_ranges(days, str)} of the month"
        case LastDayOfMonth():
            return "on the last day of the month"
        case LastWorkday():
            return "on the last weekday (Monday to Friday) of the month"
        case NearestWorkday(day):
            return f"on the weekday (Monday to Friday) nearest day {day} of the month"
        case Weekdays(weekdays) if len(weekdays) == 7:
            return "every day"
        case Weekdays(weekdays):
            return f"every {_ranges(weekdays, lambda day: WEEKDAYS[day - 1], round_from=7)}"
        case LastOfWeekday(weekday):
            return f"on the last {WEEKDAYS[weekday - 1]} of the month"
        case NthOfWeekday(weekday, nth):
            return f"on the {ORDINALS[nth - 1]} {WEEKDAYS[weekday - 1]} of the month"


def _months(months: tuple[int, ...]) -> str:
    return "" if len(months) == MONTH.last else f" in {_ranges(months, lambda month: MONTHS[month - 1], round_from=12)}"


def _years(years: tuple[int, ...]) -> str:
    return "" if len(years) == YEAR.last - YEAR.first + 1 else f" in {_ranges(years, str)}"


def _counted(count: int, unit: str) -> str:
    return unit if count == 1 else f"{count} {unit}s"


def _minutes(minutes: tuple[int, ...]) -> str:
    return f"minute{'s' if len(minutes) > 1 else ''} {_ranges(minutes, str)}"


def _from_to(minutes: tuple[int, ...], hours: Sequence[int]) -> str:
    return f"from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"


def _step(values: Sequence[int]) -> int | None:
    """The distance between neighbours where it is the same for all."""
    steps = {later - earlier for earlier, later in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def _pace(minutes: tuple[int, ...]) -> int | None:
    """The distance between minutes where it goes on across the full hour."""
    step = _step(minutes)
    return step if step and step * len(minutes) == 60 else None


def _runs(values: Sequence[int]) -> list[list[int]]:
    """Ascending values as runs of consecutive ones."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def _ranges(values: Sequence[int], name: Callable[[int], str], round_from: int | None = None) -> str:
    """Values by name, runs of three and more as ranges; where 1 follows `round_from`, across that too."""
    runs = _runs(values)
    if len(runs) > 1 and runs[-1][-1] == round_from and runs[0][0] == 1:
        runs = [runs[-1] + runs[0], *runs[1:-1]]
    parts: list[str] = []
    for run in runs:
        parts += [f"{name(run[0])} to {name(run[-1])}"] if len(run) > 2 else [name(value) for value in run]
    return _listed(parts)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
