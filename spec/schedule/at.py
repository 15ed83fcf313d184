"""`at(yyyy-mm-ddThh:mm:ss)`: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#one-time"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from spec.schedule.error import ScheduleError, with_nearest


@dataclass(frozen=True)
class At:
    """A schedule that fires once, at a local time without a zone; only EventBridge Scheduler has it."""

    text: str
    local_time: datetime


def parse_at(text: str) -> At:
    """Reads `at(2026-11-24T03:15:00)`; raises ScheduleError for what AWS would refuse."""
    inside = text.removeprefix("at(").removesuffix(")")
    if not re.fullmatch(r"at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\)", text, re.ASCII):
        problem = f"{text}: expected at(yyyy-mm-ddThh:mm:ss){_zone(inside)}"
        raise ScheduleError(with_nearest(problem, _nearest_at(inside)))
    try:
        return At(text, datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise ScheduleError(f"{text}: no such date and time ({error})") from None


def _zone(inside: str) -> str:
    return " without a zone, which `timezone` names" if re.search(r"(Z|[+-]\d{2}:?\d{2})$", inside) else ""


def _nearest_at(inside: str) -> str | None:
    try:
        moment = datetime.fromisoformat(inside)
    except ValueError:
        return None
    if moment.tzinfo:
        return None
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"
