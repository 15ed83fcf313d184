"""What is deployed: the enabled rules and schedules among MiniStack's records, and when each fires."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ministack.services import eventbridge, scheduler

from spec.schedule import At, Rate, Schedule, parse_schedule, times

INSTANT = timedelta(microseconds=1)

_parsed = functools.lru_cache(maxsize=4096)(parse_schedule)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A rule or a schedule that fires.

    Attributes:
        service: `events` for a rule, `scheduler` for a schedule.
        name: its name.
        arn: its ARN.
        source_arn: for whom its service assumes the target's role (`aws:SourceArn`): the rule, the schedule's group.
        created: when it was created.
        schedule: its parsed expression.
        targets: AWS's Target structures; a schedule has one.
        timezone: the IANA zone of its expression.
        start: no run before it; a rate counts from it.
        end: no run after it.
        window: a run comes at any time within it after its scheduled time.
        group: a schedule's group.
        delete_when_complete: the schedule goes with its last run.
    """

    service: Literal["events", "scheduler"]
    name: str
    arn: str
    source_arn: str
    created: datetime
    schedule: Schedule
    targets: tuple[dict[str, Any], ...]
    timezone: str = "UTC"
    start: datetime | None = None
    end: datetime | None = None
    window: timedelta = field(default=timedelta(0))
    group: str = ""
    delete_when_complete: bool = False

    @property
    def timing(self) -> Hashable:
        """What decides when it fires."""
        return (self.arn, self.schedule.text, self.timezone, self.created, self.start, self.end, self.window)

    def scheduled_times(self, after: datetime) -> Iterator[datetime]:
        """The times for which runs are scheduled, ascending, strictly after `after`."""
        anchor = self.start or self.created.replace(second=0, microsecond=0)
        earliest = max(after, self.created)
        if self.service == "scheduler" and isinstance(self.schedule, Rate):
            # Its first run is at once, or at its start date; a rule's comes after one interval.
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
            earliest = max(after, anchor - INSTANT)
        elif self.start is not None:
            earliest = max(earliest, self.start - INSTANT)
        for time in times(self.schedule, earliest, self.timezone, anchor):
            if self.end is not None and time > self.end:
                return
            yield time

    def invocation_time(self, scheduled_time: datetime) -> datetime:
        """When the run for a scheduled time starts: at a moment of the flexible window that is always the same."""
        chosen = hashlib.sha256(f"{self.arn} {scheduled_time.isoformat()}".encode()).digest()
        seconds = int(self.window.total_seconds())
        delay = timedelta(seconds=int.from_bytes(chosen[:8]) % seconds if seconds else 0)
        return max(scheduled_time + delay, self.created)


def triggers(account: str, region: str) -> list[Trigger]:
    """Every enabled rule with a schedule and every enabled schedule, in the order in which they fire at one time."""
    # A list at once: the server's thread writes to the same records.
    rules = [
        _rule(key, record)
        for (owner, place, key), record in list(eventbridge._rules._data.items())
        if (owner, place) == (account, region) and record["State"] != "DISABLED" and record["ScheduleExpression"]
    ]
    schedules = [
        _schedule(record)
        for (owner, place, _), record in list(scheduler._schedules._data.items())
        if (owner, place) == (account, region) and record["State"] == "ENABLED"
    ]
    return sorted(rules + schedules, key=lambda trigger: (trigger.service, trigger.group, trigger.name))


def _rule(key: str, record: dict[str, Any]) -> Trigger:
    account, region = record["Arn"].split(":")[4], record["Arn"].split(":")[3]
    return Trigger(
        service="events",
        name=record["Name"],
        arn=record["Arn"],
        source_arn=record["Arn"],
        created=datetime.fromtimestamp(record["CreationTime"], UTC),
        schedule=_parsed(record["ScheduleExpression"]),
        targets=tuple(eventbridge._targets.get_scoped(account, region, key) or ()),
    )


def _schedule(record: dict[str, Any]) -> Trigger:
    schedule = _parsed(record["ScheduleExpression"])
    once = isinstance(schedule, At)
    window = record["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0)
    return Trigger(
        service="scheduler",
        name=record["Name"],
        arn=record["Arn"],
        source_arn=record["Arn"].replace(":schedule/", ":schedule-group/").rpartition("/")[0],
        created=datetime.fromtimestamp(record["CreationDate"], UTC),
        schedule=schedule,
        targets=(record["Target"],),
        timezone=record["ScheduleExpressionTimezone"] or "UTC",
        # A one-time schedule ignores both dates.
        # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
        start=None if once else _date(record["StartDate"]),
        end=None if once else _date(record["EndDate"]),
        window=timedelta(minutes=window),
        group=record["GroupName"],
        delete_when_complete=record["ActionAfterCompletion"] == "DELETE",
    )


def _date(value: Any) -> datetime | None:
    epoch = scheduler._to_epoch(value)
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
