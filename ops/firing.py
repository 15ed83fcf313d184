"""When a deployed trigger fires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ops.stack import Trigger
from spec.schedule import Rate, ScheduleError, in_words, parse_schedule, times


def schedule_in_words(trigger: Trigger) -> str:
    """Such as `at 03:15 UTC every day`; the expression itself where it is none that is known."""
    try:
        return in_words(parse_schedule(trigger.expression), trigger.timezone)
    except ScheduleError:
        return trigger.expression


def is_rate(trigger: Trigger) -> bool:
    """Whether it fires at intervals that count from a time which AWS does not tell."""
    try:
        return isinstance(parse_schedule(trigger.expression), Rate)
    except ScheduleError:
        return False


def firings(trigger: Trigger, after: datetime, counted_from: datetime | None = None) -> Iterator[datetime] | None:
    """When a trigger that is switched on fires after a time, in UTC and ascending; None where that cannot be told.

    A rate counts from when AWS made its trigger, which no list tells: here from `counted_from`, the start of a run,
    and without one it cannot be told.
    """
    try:
        schedule = parse_schedule(trigger.expression)
        if not isinstance(schedule, Rate):
            return times(schedule, after.astimezone(UTC), trigger.timezone)
        if counted_from is None:
            return None
        return times(schedule, after, trigger.timezone, anchor=counted_from.replace(second=0, microsecond=0))
    except ScheduleError:
        return None


def next_firing(trigger: Trigger, after: datetime, last_start: datetime | None = None) -> datetime | None:
    """When a trigger that is switched on fires next after a time, in UTC; None if it never does, or cannot be told.

    A rate counts from `last_start`.
    """
    coming = firings(trigger, after, last_start)
    return next(coming, None) if coming else None
