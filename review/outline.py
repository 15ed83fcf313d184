"""A review in headings, tables and lists: what is said, and in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from definitions.render import STAND_IN_ACCOUNT, STAND_IN_SUFFIX
from review.blocks import Block, Bullets, Code, Heading, Paragraph, Table, Words
from review.flow_yaml import flow
from review.grants import TASK_ROLE
from review.report import (
    UNSET,
    FieldChange,
    Grant,
    GrantChange,
    Growth,
    JobReview,
    Kind,
    Move,
    OverlapChange,
    ScheduleChange,
    StackMistakes,
    StackReview,
    Timetable,
)
from spec.words import path_text

FILES_SHOWN = 10
NAMES_IN_HEADING = 3


def outline(reviews: Sequence[StackReview | StackMistakes]) -> list[Block]:
    """All stacks, one after the other; a single line where nothing differs anywhere."""
    if not any(isinstance(one, StackMistakes) or one.kind for one in reviews):
        stacks = [word for one in reviews for word in (", ", Code(one.stack))][1:]
        return [Paragraph(["Nothing changes in ", *stacks, "."] if stacks else ["There are no stacks."])]
    return [block for one in reviews for block in (_mistakes(one) if isinstance(one, StackMistakes) else _stack(one))]


def _mistakes(stack: StackMistakes) -> Iterator[Block]:
    yield Heading(2, ["Stack ", Code(stack.stack), ": wrong configuration"])
    for revision, lines in (("before", stack.base), ("after", stack.head)):
        if lines:
            count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
            yield Paragraph([f"{count} {revision} the change:"])
            yield Bullets([[Code(line)] for line in lines])


def _stack(review: StackReview) -> Iterator[Block]:
    yield Heading(2, ["Stack ", Code(review.stack), f": {_summary(review)}"])
    if review.warnings:
        yield Paragraph(["Warnings"], strong=True)
        yield Bullets([[warning] for warning in review.warnings])
    if review.kind == "removed":
        yield Paragraph(["Its file is gone; what it deployed stays in AWS until ", Code("pulumi destroy"), "."])
    if review.settings or review.grants:
        yield Heading(3, ["The stack itself"])
        yield from _fields(review.settings, ("before", "after"))
        yield from _grants(review.grants)
    for names, job in _alike(review.jobs):
        yield from _job(names, job, review)
    changes = (review.grants, *(job.grants for job in review.jobs))
    # What a task role may do is as the job says it.
    if any(grant.who != TASK_ROLE for change in changes for grant in (*change.gained, *change.lost)):
        account, suffix = Code(STAND_IN_ACCOUNT), Code(STAND_IN_SUFFIX)
        yield Paragraph(["In ARNs, ", account, " stands for the account, and ", suffix, " for a generated ending."])


def _alike(jobs: Sequence[JobReview]) -> list[tuple[list[str], JobReview]]:
    """Jobs in which the same differs, together: a new default is said once and not for each job."""
    groups: list[tuple[list[str], JobReview]] = []
    for job in jobs:
        nameless = replace(job, name="")
        names = next((names for names, other in groups if job.kind == "changed" and other == nameless), None)
        if names is None:
            groups.append(([job.name], nameless))
        else:
            names.append(job.name)
    return groups


def _summary(review: StackReview) -> str:
    if review.kind is None:
        return "nothing changes"
    if review.kind != "changed":
        count = len(review.jobs)
        return f"{review.kind}, with {count} {'job' if count == 1 else 'jobs'}"
    counts = [(kind, sum(job.kind == kind for job in review.jobs)) for kind in ("added", "removed", "changed")]
    said = [f"{count} {'job' if count == 1 else 'jobs'} {kind}" for kind, count in counts if count]
    return ", ".join(said or ["the stack itself changes"])


def _job(names: Sequence[str], job: JobReview, stack: StackReview) -> Iterator[Block]:
    kind = job.kind.capitalize()
    if len(names) > NAMES_IN_HEADING:
        yield Heading(3, [f"{kind} alike: {len(names)} jobs"])
        yield Paragraph(_codes(names))
    else:
        yield Heading(3, [f"{kind}: ", *_codes(names)])
    if job.kind == "removed":
        stays = "stay (keepLogs)" if stack.keeps_logs else "go with it"
        yield Paragraph([f"Its history ends here; its logs {stays}."])
    if job.growth:
        yield Paragraph(["Grows: ", ", ".join(_growth(growth) for growth in job.growth)])
    yield from _fields(job.changes, ("before", "after") if job.kind == "changed" else ("value",))
    if job.schedule is not None:
        yield from _schedule(job.schedule, job.kind)
    if job.overlap is not None:
        yield from _overlap(job.overlap)
    if job.move is not None:
        yield from _move(job.move)
    yield from _grants(job.grants)
    if job.build_files:
        yield Paragraph(["It is built anew. Files that differ:"], strong=True)
        more = len(job.build_files) - FILES_SHOWN
        shown: list[Words] = [[Code(path)] for path in job.build_files[:FILES_SHOWN]]
        yield Bullets([*shown, [f"and {more} more"]] if more > 0 else shown)


def _growth(growth: Growth) -> str:
    return f"{growth.what} from {growth.old} to {growth.new} {growth.unit} ({growth.factor:.3g} times)"


def _fields(changes: Sequence[FieldChange], columns: Sequence[str]) -> Iterator[Block]:
    if changes:
        values = [[_shown(change.old), _shown(change.new)][-len(columns) :] for change in changes]
        rows = [[[Code(path_text(change.loc))], *cells] for change, cells in zip(changes, values, strict=True)]
        yield Table(["field", *columns], rows)


def _shown(value: Any) -> Words:
    return ["not set"] if value is UNSET else [Code(flow(value))]


def _schedule(change: ScheduleChange, kind: Kind) -> Iterator[Block]:
    yield Paragraph(["When it runs" if kind != "removed" else "When it ran"], strong=True)
    both = [("before", change.before), ("after", change.after)]
    sides = {"added": both[1:], "removed": both[:1], "changed": both}[kind]
    yield Bullets([[f"{label}: " if len(sides) > 1 else "", *_words(side)] for label, side in sides])
    columns = [column for label, side in sides if side is not None and side.runs for column in _columns(label, side)]
    if columns:
        rows = zip_longest(*(cells for _, cells in columns), fillvalue="none")
        table = [[[str(number)], *([cell] for cell in row)] for number, row in enumerate(rows, 1)]
        yield Table(["next runs", *(head for head, _ in columns)], table)


def _overlap(change: OverlapChange) -> Iterator[Block]:
    yield Paragraph(["When runs meet"], strong=True)
    if change.before is None:
        yield Bullets([[change.after]])
    else:
        yield Bullets([[f"before: {change.before}"], [f"after: {change.after}"]])


def _move(move: Move) -> Iterator[Block]:
    yield Paragraph(["Where it runs"], strong=True)
    rows = [[[line.what], [line.before], [line.after]] for line in move.lines]
    yield Table(["", f"before: {move.before}", f"after: {move.after}"], rows)
    costs = "" if move.prices is None else f"Costs are at {move.prices}. "
    yield Paragraph([f"{costs}Deploy it while none of the job's runs is at work."])
    if move.notes:
        yield Bullets([[note] for note in move.notes])


def _words(side: Timetable | None) -> Words:
    if side is None:
        return ["by no schedule"]
    paused = "" if side.enabled else "; not enabled, so it starts nothing"
    counted = ", counted here from now" if side.expression.startswith("rate(") and side.enabled else ""
    return [f"{side.words}{counted}{paused} (", Code(side.expression), ")"]


def _columns(label: str, side: Timetable) -> Iterator[tuple[str, list[str]]]:
    for zone in dict.fromkeys((side.timezone, "UTC")):
        yield f"{label}, {zone}", [f"{run.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}" for run in side.runs]


def _grants(change: GrantChange) -> Iterator[Block]:
    for title, grants in (("IAM statements gained", change.gained), ("IAM statements lost", change.lost)):
        if grants:
            yield Paragraph([title], strong=True)
            yield Bullets([_grant(grant) for grant in grants])


def _grant(grant: Grant) -> Words:
    condition = [", if ", Code(grant.condition)] if grant.condition else []
    return [f"{grant.who}: {grant.effect} ", *_codes(grant.actions), " on ", *_codes(grant.resources), *condition]


def _codes(values: Sequence[str]) -> Words:
    return [word for value in values for word in (", ", Code(value))][1:]
