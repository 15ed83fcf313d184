"""Where the time of a run went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from ops.attempts import Attempt
from ops.course import Course

KINDS: tuple[str, ...] = ("turn", "capacity", "pulling", "running", "between", "ending")
"""turn: before its first task was asked for, as other runs were in the way. capacity: from there until its image was
pulled, or where ECS does not say when, until it ran; none where nothing says when that was. pulling: until it ran.
running: the job itself, or runs of other jobs that its steps started. between: from one attempt to the next. ending:
after the last."""
_BEFORE_ANOTHER = "Wait before "
"""How the states begin in which a run waits to try again."""
_FARTHEST_FIRST = ("running", "pulling", "capacity")


def spent(course: Course, started: datetime, ended: datetime) -> dict[str, timedelta]:
    """How long a run was at each of KINDS, from its start to its end, or to now; the sum is the whole.

    Where several tasks are at work, what the farthest of them does counts.
    """
    stretches = [stretch for stretch in _stretches(course, ended) if stretch[1] < stretch[2]]
    begun = min((attempt.requested for attempt in course.attempts), default=ended)
    begun = min([begun, *(start for _, start, _ in stretches)])
    over = max([begun, *(end for _, _, end in stretches), *(_end(one, ended) for one in course.attempts)])
    if course.state is not None and course.state.startswith(_BEFORE_ANOTHER):
        over = ended
    changes: list[tuple[datetime, str, int]] = [(moment, "", 0) for moment in (started, begun, over, ended)]
    for kind, start, end in stretches:
        changes += [(start, kind, 1), (end, kind, -1)]
    total, at_work = dict.fromkeys(KINDS, timedelta(0)), Counter[str]()
    for (moment, kind, more), (following, _, _) in pairwise(sorted(changes, key=lambda change: change[0])):
        at_work[kind] += more
        doing = next((kind for kind in _FARTHEST_FIRST if at_work[kind]), None)
        if doing is None:
            doing = "turn" if moment < begun else "between" if moment < over else "ending"
        total[doing] += _length(max(moment, started), min(following, ended))
    return total


def of_attempt(attempt: Attempt, now: datetime) -> dict[str, timedelta]:
    """How long an attempt waited for capacity, pulled its image, and ran; now for one that goes on."""
    return {kind: _length(start, end) for kind, start, end in _of_attempt(attempt, now)}


def _stretches(course: Course, now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    for attempt in course.attempts:
        yield from _of_attempt(attempt, now)
    for step in course.steps:
        # Their tasks are not among the attempts, or not all.
        if step.started and (step.runs or step.map_run):
            yield "running", step.started, step.ended or now


def _of_attempt(attempt: Attempt, now: datetime) -> list[tuple[str, datetime, datetime]]:
    end = _end(attempt, now)
    started, pulling = attempt.time("StartedAt"), attempt.time("PullStartedAt")
    # Of a function and of a Job in a cluster their beginning is told when they have ended, or never.
    told_late = attempt.function_arn is not None or attempt.kubernetes_job is not None
    unknown = attempt.requested if told_late and attempt.start_error is None else end
    # A function has another clock than what asked for it.
    ran = min(max(started, attempt.requested) if started else unknown, end)
    begun = min(pulling or ran, end)
    return [("capacity", attempt.requested, begun), ("pulling", begun, ran), ("running", ran, end)]


def _end(attempt: Attempt, now: datetime) -> datetime:
    seen = attempt.ended or now
    if attempt.kubernetes_job is None:
        return seen
    # Step Functions sees it up to five minutes later.
    return min(seen, attempt.time("StoppedAt") or seen)


def _length(start: datetime, end: datetime) -> timedelta:
    return max(end - start, timedelta(0))
