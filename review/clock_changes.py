"""Local times of a schedule that a change of the clocks takes away or repeats."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from spec.schedule import Schedule, time_zone
from spec.schedule.at import At
from spec.schedule.rate import Rate


@dataclass(frozen=True)
class ClockChange:
    """From `first` to before `end`, local times that do not exist (`skipped`) or come twice."""

    skipped: bool
    first: datetime
    end: datetime


@dataclass(frozen=True)
class Affected:
    """The local times of a schedule that one change of the clocks skips or repeats, ascending."""

    skipped: bool
    local_times: tuple[datetime, ...]


def affected(schedule: Schedule, timezone: str, start: datetime, end: datetime) -> Iterator[Affected]:
    """Each change of the clocks between two aware times that meets the schedule. A rate knows no clocks."""
    if isinstance(schedule, Rate):
        return
    for change in clock_changes(time_zone(timezone), start, end):
        met = tuple(_local_times(schedule, change))
        if met:
            yield Affected(change.skipped, met)


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[ClockChange]:
    """The changes of a zone's offset from UTC between two aware times, ascending."""
    moment = start.astimezone(UTC).replace(second=0, microsecond=0)
    while moment < end:
        later = moment + timedelta(days=1)
        if _offset(moment, zone) != _offset(later, zone):
            change = _instant_of_change(moment, later, zone)
            wall = change.replace(tzinfo=None)
            before, after = wall + _offset(change - timedelta(minutes=1), zone), wall + _offset(change, zone)
            yield ClockChange(skipped=after > before, first=min(before, after), end=max(before, after))
        moment = later


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _instant_of_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first minute with the new offset, between two times a day apart with different ones."""
    minutes = int((after - before) / timedelta(minutes=1))
    low, high = 0, minutes
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + timedelta(minutes=middle), zone) == _offset(before, zone):
            low = middle
        else:
            high = middle
    return before + timedelta(minutes=high)


def _local_times(schedule: Schedule, change: ClockChange) -> Iterator[datetime]:
    if isinstance(schedule, At):
        candidates: Iterator[datetime] = iter([schedule.local_time])
    elif isinstance(schedule, Rate):
        return
    else:
        days = (day for day in schedule.dates_from(change.first.date()))
        candidates = (
            datetime(day.year, day.month, day.day, hour, minute)
            for day in days
            for hour, minute in product(schedule.hours, schedule.minutes)
        )
    for local_time in candidates:
        if local_time >= change.end:
            return
        if local_time >= change.first:
            yield local_time
