"""The rules of a job that runs as a Lambda function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec.model import Problem
from spec.run_on_rules.note import Note

if TYPE_CHECKING:
    from spec.job import JobSpec


def problems(_job: JobSpec) -> Iterator[Problem]:
    """What would make a run of the job go wrong there."""
    yield from ()


def notes(_job: JobSpec) -> Iterator[Note]:
    """What the job says that has no effect there."""
    yield from ()
