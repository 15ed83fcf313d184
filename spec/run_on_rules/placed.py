"""Rules of what a job runs, said where it was written: at the job, or at a step of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from spec.model import Loc, Problem
from spec.run_on_rules.note import Note
from spec.step_containers import placed_containers

if TYPE_CHECKING:
    from spec.job import JobSpec


def problems_of_each(job: JobSpec, rules: Callable[[JobSpec], Iterator[Problem]]) -> Iterator[Problem]:
    """What `rules` find in each container of the job; what comes from the job is said there, once."""
    said: set[tuple[Loc, str]] = set()
    for loc, container, own in _placed(job):
        for problem in rules(container):
            moved = (*loc, *problem.loc) if problem.loc[0] in own else problem.loc
            if (moved, problem.message) not in said:
                said.add((moved, problem.message))
                yield Problem(moved, problem.message, (*problem.others, *([loc] if loc else [])))


def notes_of_each(job: JobSpec, rules: Callable[[JobSpec], Iterator[Note]]) -> Iterator[Note]:
    """The same for notes."""
    said: set[Loc] = set()
    for loc, container, own in _placed(job):
        for note in rules(container):
            moved = (*loc, *note.loc) if note.loc[0] in own else note.loc
            if moved not in said:
                said.add(moved)
                yield Note(moved, note.message)


def _placed(job: JobSpec) -> Iterator[tuple[Loc, JobSpec, set[str]]]:
    """What runs, with its place in the job and the keys that are written there."""
    if not job.steps:
        yield (), job, set()
        return
    for loc, step, container in placed_containers(job):
        yield loc, container, {key for key, name in step.yaml_keys().items() if name in step.model_fields_set}
