"""Waiting for what comes by itself in the local AWS, whose time jumps whenever nothing works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.clock import Clock

PATIENCE_SECONDS = 120

Found = TypeVar("Found")


def until(clock: Clock, look: Callable[[], Found | None], in_vain: Callable[[], str]) -> Found:
    """What `look` gives once it is true; `in_vain` says what never came."""
    over = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < over, f"in vain: {in_vain()}"
        if not clock.wait_idle(0.02):
            continue
        # It may have come before all were at rest, and a jump would go beyond it.
        if found := look():
            break
        if (deadline := clock.next_deadline()) is not None:
            clock.advance_to(deadline)
    return found


def until_left(execution: str, *others: str) -> None:
    """Wait until nothing is done any more for an execution that has ended, by its name.

    `others` begin the names of further threads that work for it.
    """
    for thread in threading.enumerate():
        # Its branches and iterations have threads of their own, which outlive its first.
        if thread.name.endswith(f"-{execution}") or thread.name.startswith(others):
            thread.join(PATIENCE_SECONDS)
