"""Two states of a stack in, what differs out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from review.grants import job_grants, shared_grants
from review.interfaces import kept_interfaces
from review.meetings import overlap_change
from review.moves import move
from review.report import UNSET, FieldChange, GrantChange, Growth, JobReview, StackReview
from review.timetable import schedule_change
from review.warn import warnings
from review.written import Fields, default_job_fields, job_fields, stack_fields
from spec.job import JobSpec
from spec.stack import StackSpec

_SIZES = (
    ("cpu", "cpu_units", "CPU units"),
    ("memory", "memory_mib", "MiB"),
    ("ephemeralStorage", "ephemeral_storage_gib", "GiB"),
)


@dataclass(frozen=True)
class Revision:
    """A stack in one revision; `build_files`: for each job that builds, the files it is built from, with a digest."""

    stack: StackSpec
    build_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def review(base: Revision | None, head: Revision | None, start: datetime) -> StackReview:
    """What differs in one stack between two revisions; None: it is not there. Runs are counted from `start` (aware)."""
    present = base or head
    if present is None:
        raise ValueError("a stack that is in neither revision cannot be compared")
    old, new = base or _without_jobs(present), head or _without_jobs(present)
    added_stack, removed_stack = base is None, head is None
    settings = () if added_stack or removed_stack else _changes(stack_fields(old.stack), stack_fields(new.stack))
    jobs = tuple(_job_reviews(old, new, start))
    # A stack that comes or goes brings or takes the shared roles that every stack has.
    grants = GrantChange() if added_stack or removed_stack else shared_grants(old.stack, new.stack)
    differs = settings or jobs or grants
    return StackReview(
        stack=present.stack.name,
        kind="added" if added_stack else "removed" if removed_stack else "changed" if differs else None,
        settings=settings,
        grants=grants,
        jobs=jobs,
        warnings=_new_warnings(old.stack, new.stack, start) if differs else (),
        keeps_logs=old.stack.keep_logs,
    )


def _without_jobs(revision: Revision) -> Revision:
    return Revision(revision.stack.model_copy(update={"jobs": ()}))


def _job_reviews(base: Revision, head: Revision, start: datetime) -> Iterator[JobReview]:
    before = {job.name: job for job in base.stack.jobs}
    after = {job.name: job for job in head.stack.jobs}
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        review = JobReview(
            name=name,
            kind="added" if old is None else "removed" if new is None else "changed",
            changes=_job_changes(old, new),
            schedule=schedule_change(old, new, start),
            overlap=overlap_change(old, new),
            move=move(old, new, base.stack, head.stack) if old and new else None,
            grants=job_grants(old, new, base.stack, head.stack),
            growth=tuple(_growth(old, new)) if old and new else (),
            build_files=_build_files(name, base, head) if old and new else (),
        )
        if review.kind != "changed" or review.changes or review.schedule or review.grants or review.build_files:
            yield review


def _job_changes(old: JobSpec | None, new: JobSpec | None) -> tuple[FieldChange, ...]:
    if new is None:
        return ()
    return _changes(default_job_fields() if old is None else job_fields(old), job_fields(new))


def _changes(old: Fields, new: Fields) -> tuple[FieldChange, ...]:
    """The fields that differ, in the order of the reference; of a list of maps, the items that differ."""
    changes = []
    order = list(dict.fromkeys(loc[0] for loc in (*new, *old)))
    for loc in sorted({**new, **old}, key=lambda loc: order.index(loc[0])):
        before, after = old.get(loc, UNSET), new.get(loc, UNSET)
        if before != after:
            if _are_maps(before) and _are_maps(after):
                lost, gained = [one for one in before if one not in after], [one for one in after if one not in before]
                before, after = (lost or UNSET, gained or UNSET) if lost or gained else (before, after)
            changes.append(FieldChange(loc, before, after))
    return tuple(changes)


def _are_maps(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _growth(old: JobSpec, new: JobSpec) -> Iterator[Growth]:
    for key, attribute, unit in _SIZES:
        before, after = getattr(old, attribute), getattr(new, attribute)
        if after > before:
            yield Growth(what=key, unit=unit, old=before, new=after)


def _build_files(name: str, base: Revision, head: Revision) -> tuple[str, ...]:
    before, after = base.build_files.get(name), head.build_files.get(name)
    if before is None or after is None:
        return ()
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def _new_warnings(old: StackSpec, new: StackSpec, start: datetime) -> tuple[str, ...]:
    known = set(warnings(old, start))
    return (*kept_interfaces(old, new), *(warning for warning in warnings(new, start) if warning not in known))
