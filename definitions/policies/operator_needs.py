"""What an operator's grants are written with: the verbs of the command line, and what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from definitions.place import Place
from definitions.policies.statements import Condition

READING = ("status", "history", "calendar", "show", "logs", "doctor", "check --deployed")
"""The verbs that change nothing."""
LETTERS = ("dead-letters list", "dead-letters retry", "dead-letters discard")
"""All of them change something: SQS shows letters only to whoever takes them in hand, where nobody else sees them."""
STARTING = ("start", "rerun", "backfill", "dead-letters retry")
VERBS = (*READING, "start", "rerun", "backfill", "redrive", "stop", "pause", "resume", *LETTERS)

FINDING = tuple(verb for verb in VERBS if verb != "check --deployed")
"""The verbs that look for the stack's jobs and their triggers first."""
BY_LEDGER = ("status", "history", "calendar", "doctor", "dead-letters retry")
OF_RUNS = ("show", "logs", "rerun", "redrive", "stop")
OF_ATTEMPTS = ("show", "logs", "start")
"""Those that tell what an attempt did, and where it wrote it."""
OF_TASKS = (*BY_LEDGER, *OF_RUNS, "backfill")
"""Those that look for the runs of jobs without a state machine, of which only the ledger and ECS tell."""
WHERE_TASKS_ARE = (*OF_TASKS, "check --deployed", "start")


@dataclass(frozen=True, kw_only=True)
class Need:
    """An action, the verbs that need it, and what for."""

    action: str
    verbs: tuple[str, ...]
    why: str


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Actions on the same resources, as one statement.

    Attributes:
        sid: the statement's.
        on: the resources in words.
        resource: their ARN as a pattern, in a place.
        needs: the actions.
        condition: when they are allowed, in a place; None for always.
    """

    sid: str
    on: str
    resource: Callable[[Place], str]
    needs: tuple[Need, ...]
    condition: Callable[[Place], Condition] | None = None
