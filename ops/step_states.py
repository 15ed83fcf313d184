"""What the names of states say of steps, as definitions/steps/step_names.py writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FIRST = "Which step is first?"
"""The choice with which a run of a job with steps begins."""
FAILED = "Failed"
"""The end of a run of such a job that had more to do after the failure."""
TAKE_LOCK = "Take the lock"
"""The state in which a run takes its turn, of a job that does not overlap."""
COUNTED = "task"
"""What a job with a count calls its only step."""

Kind = Literal["run", "map", "on the way", "needed", "not needed", "failed"]
"""run: what the step does; of a step that runs for each of several items, one of them. map: all of them. needed: the
choice whether it is run, and not needed the end of a branch in which it is not. failed: the end of what it is in."""

_STEP = "(?P<step>[a-z][a-z0-9_]*)"
_NAMES: tuple[tuple[Kind, str], ...] = (
    ("run", f"Run {_STEP}"),
    ("map", f"Run {_STEP} for each item"),
    ("on the way", f"Read {_STEP}'s (?:whole )?result"),
    ("on the way", f"Let {_STEP}'s task stop"),
    ("on the way", f"Look (?:for|at) {_STEP}'s task"),
    ("on the way", f"Is {_STEP}'s among them\\?"),
    ("on the way", f"How did {_STEP} end\\?"),
    ("on the way", f"Wait before {_STEP}'s next attempt"),
    ("on the way", f"Wait before starting {_STEP} again"),
    ("on the way", f"Put {_STEP}'s input into S3"),
    ("needed", f"Is {_STEP} needed\\?"),
    ("not needed", f"{_STEP} is not needed"),
    ("failed", f"{_STEP} failed"),
)
_PATTERNS: list[tuple[Kind, re.Pattern[str]]] = [(kind, re.compile(pattern)) for kind, pattern in _NAMES]


@dataclass(frozen=True)
class StepState:
    """A state of a step."""

    step: str
    kind: Kind


def step_state(name: str) -> StepState | None:
    """The step that a state belongs to; None for one that belongs to none, as all of a job without steps."""
    for kind, pattern in _PATTERNS:
        if found := pattern.fullmatch(name):
            return StepState(found["step"], kind)
    return None
