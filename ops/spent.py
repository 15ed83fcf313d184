"""Where the time of a run went."""

from __future__ import annotations

from datetime import datetime, timedelta

from ops.attempts import Attempt, Course

KINDS: tuple[str, ...] = ("turn", "capacity", "pulling", "running", "between", "ending")
"""turn: before its first task was asked for, as other runs were in the way. capacity: from there until its image was
pulled, or where ECS does not say when, until it ran. pulling: until it ran. running: the job itself. between: from one
attempt to the next. ending: after the last."""


def spent(course: Course, started: datetime, ended: datetime) -> dict[str, timedelta]:
    """How long a run was at each of KINDS, from its start to its end, or to now; the sum is the whole."""
    total = dict.fromkeys(KINDS, timedelta(0))
    at = started
    for attempt in course.attempts:
        total["between" if attempt.number > 1 else "turn"] += _length(at, attempt.requested)
        for kind, length in of_attempt(attempt, ended).items():
            total[kind] += length
        at = attempt.ended or ended
    total["ending" if course.attempts else "turn"] += _length(at, ended)
    return total


def of_attempt(attempt: Attempt, now: datetime) -> dict[str, timedelta]:
    """How long an attempt waited for capacity, pulled its image, and ran; now for one that goes on."""
    end = attempt.ended or now
    started, pulling = attempt.time("StartedAt"), attempt.time("PullStartedAt")
    begun = min(pulling or started or end, end)
    ran = min(started or end, end)
    return {
        "capacity": _length(attempt.requested, begun),
        "pulling": _length(begun, ran),
        "running": _length(ran, end),
    }


def _length(start: datetime, end: datetime) -> timedelta:
    return max(end - start, timedelta(0))
