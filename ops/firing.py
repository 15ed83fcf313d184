"""When a deployed trigger fires."""

from __future__ import annotations

from datetime import UTC, datetime

from ops.stack import Trigger
from spec.schedule import Rate, ScheduleError, in_words, parse_schedule, times


def schedule_in_words(trigger: Trigger) -> str:
    """Such as `at 03:15 UTC every day`; the expression itself where it is none that is known."""
    try:
        return in_words(parse_schedule(trigger.expression), trigger.timezone)
    except ScheduleError:
        return trigger.expression


def next_firing(trigger: Trigger, after: datetime, last_start: datetime | None = None) -> datetime | None:
    """When a trigger that is switched on fires next after a time, in UTC; None if it never does, or cannot be told.

    A rate counts from when AWS made its trigger, which no list tells: from `last_start` here, and without one it
    cannot be told.
    """
    try:
        schedule = parse_schedule(trigger.expression)
        if isinstance(schedule, Rate):
            if last_start is None:
                return None
            return next(times(schedule, after, trigger.timezone, anchor=last_start.replace(second=0, microsecond=0)))
        return next(times(schedule, after.astimezone(UTC), trigger.timezone), None)
    except ScheduleError:
        return None
