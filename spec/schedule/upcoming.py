"""When a schedule fires, as EventBridge Scheduler has it in any time zone (rules: in UTC).

When clocks go forward, a time that does not exist is skipped; when they go back, a time that comes twice fires once.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
"""

from __future__ import annotations

import difflib
import functools
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from spec.schedule.at import At
from spec.schedule.cron import Cron
from spec.schedule.error import ScheduleError
from spec.schedule.rate import Rate

Schedule = Cron | Rate | At


@functools.cache
def time_zone(name: str) -> zoneinfo.ZoneInfo:
    """The IANA time zone of a name; raises ScheduleError with the nearest names for one that does not exist."""
    known = zoneinfo.available_timezones()
    if name in known:
        return zoneinfo.ZoneInfo(name)
    city = name.rpartition("/")[2].replace(" ", "_").lower()
    by_city = sorted(zone for zone in known if zone.rpartition("/")[2].lower() == city)
    nearest = by_city or difflib.get_close_matches(name, known, n=3)
    meant = f"; nearest: {', '.join(nearest)}" if nearest else ""
    raise ScheduleError(f"time zone {name!r} is not in the IANA database (such as Europe/Paris or UTC){meant}")


def times(
    schedule: Schedule, after: datetime, timezone: str = "UTC", anchor: datetime | None = None
) -> Iterator[datetime]:
    """The times a schedule fires, in UTC, ascending, strictly after `after`; ends if there are no more.

    `after` and `anchor` carry a time zone. `timezone` is the IANA zone in which cron and at are read. A rate fires at
    `anchor` and at every interval from there; without an anchor it counts from `after`. Raises ScheduleError for an
    unknown zone.
    """
    if after.tzinfo is None or (anchor is not None and anchor.tzinfo is None):
        raise ValueError("after and anchor must carry a time zone")
    zone = time_zone(timezone)
    if isinstance(schedule, Rate):
        return _rate_times(schedule.interval, after.astimezone(UTC), (anchor or after).astimezone(UTC))
    local_times = iter([schedule.local_time]) if isinstance(schedule, At) else _local_times(schedule, after, zone)
    return (moment for moment in _existing(local_times, zone) if moment > after)


def _rate_times(interval: timedelta, after: datetime, anchor: datetime) -> Iterator[datetime]:
    passed = max((after - anchor) // interval + 1, 0)
    try:
        moment = anchor + passed * interval
        while True:
            yield moment
            moment += interval
    except OverflowError:
        return


def _local_times(cron: Cron, after: datetime, zone: zoneinfo.ZoneInfo) -> Iterator[datetime]:
    """Wall-clock times, ascending, from the one that `after` shows in the zone on."""
    start = after.astimezone(zone).replace(tzinfo=None)
    for day in cron.dates_from(start.date()):
        for hour, minute in product(cron.hours, cron.minutes):
            local_time = datetime(day.year, day.month, day.day, hour, minute)
            if local_time >= start:
                yield local_time


def _existing(local_times: Iterator[datetime], zone: zoneinfo.ZoneInfo) -> Iterator[datetime]:
    """The instants of wall-clock times: the first of two where clocks went back, none where they went forward."""
    for local_time in local_times:
        instant = local_time.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == local_time:
            yield instant
