"""What does not go together with the place where a job runs: what is refused, and what is only worth a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from spec.model import Loc, Problem
from spec.run_on import FIELDS_OF
from spec.run_on_rules import ec2, kubernetes, lambda_, task
from spec.run_on_rules.note import Note
from spec.step_containers import containers

if TYPE_CHECKING:
    from spec.job import JobSpec
    from spec.network import NetworkSpec

_RULES = {"ec2": ec2, "lambda": lambda_, "task": task, "kubernetes": kubernetes}
_REACH = {"ec2": ec2.reach_notes, "lambda": lambda_.reach_notes}


@dataclass(frozen=True)
class JobNote:
    """A note and the job it is about: its field's path within the job, and what is to be known."""

    job: str
    loc: Loc
    message: str


def problems(job: JobSpec) -> Iterator[Problem]:
    """The rules that do not hold for a job where it runs."""
    kind = job.run_on.kind
    for owner, fields in FIELDS_OF.items():
        for key, name in job.run_on.yaml_keys().items():
            if name in fields and name in job.run_on.model_fields_set and kind != owner:
                message = f"expected kind: {owner} beside {key}, found {kind}"
                yield Problem(("runOn", key), message, (("runOn", "kind"),))
    if kind in _RULES:
        yield from _RULES[kind].problems(job)


def notes(job: JobSpec, network: NetworkSpec | None = None) -> Iterator[JobNote]:
    """What is written about a job and has no effect where it runs, and limits that it comes near.

    With the network of its stack, also what the job cannot reach from there.
    """
    kind = job.run_on.kind
    found: Iterator[Note] = _RULES[kind].notes(job) if kind in _RULES else iter(())
    if kind in _REACH and network is not None and containers(job):
        found = chain(found, _REACH[kind](job, network))
    return (JobNote(job.name, note.loc, note.message) for note in found)
