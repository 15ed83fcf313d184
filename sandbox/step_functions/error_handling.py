"""Retry and Catch: which entry takes an error, and how long a retry waits.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
from collections.abc import Iterable
from typing import Any

from sandbox.step_functions.errors import StateError

TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
UNCATCHABLE = "States.Runtime"
"""The error that no Retry and no Catch takes."""
_NOT_BY_WILDCARD = frozenset({UNCATCHABLE, "States.DataLimitExceeded"})


class HeartbeatMissedError(StateError):
    """A task's heartbeat did not come. The history calls it a timeout; Retry and Catch may use either name."""

    def __init__(self) -> None:
        super().__init__(TIMEOUT)


def matches(names: Iterable[str], failure: StateError) -> bool:
    """Whether one entry's ErrorEquals takes a failure."""
    error = failure.error
    if error == UNCATCHABLE:
        return False
    for name in names:
        if name == error or (name == HEARTBEAT_TIMEOUT and isinstance(failure, HeartbeatMissedError)):
            return True
        if name == "States.ALL" and error not in _NOT_BY_WILDCARD:
            return True
        if name == "States.TaskFailed" and error != TIMEOUT and error not in _NOT_BY_WILDCARD:
            return True
    return False


def first_match(entries: list[dict[str, Any]], failure: StateError) -> int | None:
    """The position of the first retrier or catcher that takes a failure."""
    return next((at for at, entry in enumerate(entries) if matches(entry["ErrorEquals"], failure)), None)


class Retries:
    """Counts one visit's attempts by its state's Retry entries."""

    def __init__(self, retriers: list[dict[str, Any]], jitter: random.Random) -> None:
        self._retriers = retriers
        self._used = [0] * len(retriers)
        self._jitter = jitter

    @property
    def count(self) -> int:
        """Retries so far, over all entries: the context object's State.RetryCount."""
        return sum(self._used)

    def delay_seconds(self, failure: StateError) -> float | None:
        """Seconds to wait before the next attempt; None if there is none. Counts that attempt as used."""
        at = first_match(self._retriers, failure)
        if at is None or self._used[at] >= self._retriers[at].get("MaxAttempts", 3):
            return None
        retrier = self._retriers[at]
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** self._used[at]
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        self._used[at] += 1
        return self._jitter.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
