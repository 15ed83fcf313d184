"""Faults of triggers and events: EventBridge delivers at least once, in no certain order, and some events never.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from sandbox.faults.fault import Fault


class Scheduled(Protocol):
    """A rule or a schedule; see triggers.deployed.Trigger."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def scheduled_times(self, after: datetime) -> Iterator[datetime]:
        """The times after `after` at which it fires."""
        ...


class Due(NamedTuple):
    """What is to be delivered."""

    trigger: Scheduled
    scheduled_time: datetime


@dataclass(kw_only=True, eq=False)
class DeliverTwice(Fault):
    """A scheduled time, or an event that starts a job, is delivered a second time, as an execution of its own.

    Args:
        after: the virtual seconds between the two; an event comes twice at once.
    """

    after: float = 0

    def changed(self, delays: list[float], due: Due) -> list[float]:
        """The delays of its deliveries, made of those without this fault."""
        return [*delays, delays[-1] + self.after] if self.strikes(due.trigger.name) else delays


@dataclass(kw_only=True, eq=False)
class SpoilChange(Fault):
    """A change of a task's state is not told as an event, or told twice.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html

    Args:
        into: `lost` or `twice`.
    """

    into: Literal["lost", "twice"] = "lost"

    def times(self, family: str, times: int) -> int:
        """How often it is told, made of how often without this fault."""
        if not self.strikes(family):
            return times
        return 0 if self.into == "lost" else times + 1


@dataclass(kw_only=True, eq=False)
class DeliverLate(Fault):
    """A scheduled time is delivered late.

    Args:
        by: the virtual seconds of its delay; None for a second more than the next scheduled time of the same trigger
            is away, so that it comes after that one.
    """

    by: float | None = None

    def changed(self, delays: list[float], due: Due) -> list[float]:
        """The delays of its deliveries, made of those without this fault."""
        if not self.strikes(due.trigger.name):
            return delays
        by = self.by
        if by is None:
            following = next(due.trigger.scheduled_times(due.scheduled_time), due.scheduled_time)
            by = (following - due.scheduled_time).total_seconds() + 1
        return [delay + by for delay in delays]
