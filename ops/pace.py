"""Keeps calls to AWS below its quotas: it counts those of an account in a Region by a token bucket for each operation.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-api-action-throttling-general
"""

from __future__ import annotations

import threading
from typing import Protocol

_LARGE_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")


class Clock(Protocol):
    """What tells the time and lets it pass, as the module `time` does."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class TokenBucket:
    """As many calls at once as it has tokens, and then so many a second. Threads may share it."""

    def __init__(self, size: int, refill_per_second: float, clock: Clock) -> None:
        self.size = size
        self.refill_per_second = refill_per_second
        self._clock = clock
        self._tokens, self._counted = float(size), clock.monotonic()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take a token, and sleep until it is there."""
        with self._lock:
            now = self._clock.monotonic()
            self._tokens = min(self._tokens + (now - self._counted) * self.refill_per_second, self.size) - 1
            self._counted = now
            missing = -self._tokens
        if missing > 0:
            self._clock.sleep(missing / self.refill_per_second)


def list_executions_bucket(region: str, clock: Clock) -> TokenBucket:
    """ListExecutions' quota in a Region, the smallest of those that an operator meets."""
    return TokenBucket(200, 5, clock) if region in _LARGE_REGIONS else TokenBucket(100, 2, clock)
