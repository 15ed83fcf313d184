"""A review as JSON for programs: the same facts, values as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from review.report import (
    UNSET,
    FieldChange,
    Grant,
    GrantChange,
    JobReview,
    Move,
    StackMistakes,
    StackReview,
    Timetable,
)
from spec.words import path_text


def as_json(reviews: Sequence[StackReview | StackMistakes]) -> dict[str, Any]:
    """`{"stacks": [...]}`; of a field that is not set, `before` or `after` is left out."""
    return {"stacks": [_mistakes(one) if isinstance(one, StackMistakes) else _stack(one) for one in reviews]}


def _mistakes(stack: StackMistakes) -> dict[str, Any]:
    return {"stack": stack.stack, "mistakes": {"before": list(stack.base), "after": list(stack.head)}}


def _stack(review: StackReview) -> dict[str, Any]:
    return {
        "stack": review.stack,
        "change": review.kind,
        "warnings": list(review.warnings),
        "settings": [_field(change) for change in review.settings],
        **_grants(review.grants),
        "jobs": [_job(job) for job in review.jobs],
    }


def _job(job: JobReview) -> dict[str, Any]:
    schedule = job.schedule and {"before": _timetable(job.schedule.before), "after": _timetable(job.schedule.after)}
    return {
        "job": job.name,
        "change": job.kind,
        "fields": [_field(change) for change in job.changes],
        "schedule": schedule,
        "overlap": job.overlap and {"before": job.overlap.before, "after": job.overlap.after},
        "move": job.move and _move(job.move),
        **_grants(job.grants),
        "grows": [
            {"field": growth.what, "unit": growth.unit, "before": growth.old, "after": growth.new}
            for growth in job.growth
        ],
        "buildFiles": list(job.build_files),
    }


def _move(move: Move) -> dict[str, Any]:
    return {
        "before": move.before,
        "after": move.after,
        "differs": [{"what": line.what, "before": line.before, "after": line.after} for line in move.lines],
        "notes": list(move.notes),
        "prices": move.prices,
    }


def _field(change: FieldChange) -> dict[str, Any]:
    sides = {"before": change.old, "after": change.new}
    return {"field": path_text(change.loc), **{side: value for side, value in sides.items() if value is not UNSET}}


def _timetable(side: Timetable | None) -> dict[str, Any] | None:
    return side and {
        "expression": side.expression,
        "timezone": side.timezone,
        "words": side.words,
        "enabled": side.enabled,
        "nextRuns": [{"utc": _utc(run), "local": _local(run, side.timezone)} for run in side.runs],
    }


def _utc(run: datetime) -> str:
    return f"{run:%Y-%m-%dT%H:%M:%SZ}"


def _local(run: datetime, timezone: str) -> str:
    return run.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")


def _grants(change: GrantChange) -> dict[str, Any]:
    sides = {"statementsGained": change.gained, "statementsLost": change.lost}
    return {key: [_grant(grant) for grant in grants] for key, grants in sides.items()}


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "who": grant.who,
        "effect": grant.effect,
        "actions": list(grant.actions),
        "resources": list(grant.resources),
        **({"condition": grant.condition} if grant.condition else {}),
    }
