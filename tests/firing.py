"""Firing the triggers of one stack: a worker's tests share an AWS, in which other tests' stacks have schedules too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def only(prefix: str) -> Iterator[None]:
    """While it lasts, whatever fires schedules knows none but the rules and schedules whose names begin so."""
    # MiniStack reads its environment when it is imported.
    from sandbox.triggers import driver
    from sandbox.triggers.deployed import Trigger, triggers

    def own(account: str, region: str) -> list[Trigger]:
        return [trigger for trigger in triggers(account, region) if trigger.name.startswith(prefix)]

    with patch.object(driver, "triggers", own):
        yield
