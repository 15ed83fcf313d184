"""What all faults have in common: whom they meet, how often, and what they count."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(kw_only=True, eq=False)
class Fault:
    """Something that goes wrong. It meets every call, task or delivery that matches, and strikes some of them.

    Args:
        of: whom it meets, by the name that a job's task family, state machine and trigger share; `*` and `?` are
            wildcards.
        first: it strikes this many times at most, the first that it meets; None for no limit.
        share: it strikes this share of those it meets, above 0 and up to 1. Whether the nth is struck follows from the
            seed alone.
        seed: of the share, and of every moment that a fault draws.

    Attributes:
        met: how many it has met.
        struck: how many of them it has struck.

    Raises:
        ValueError: an argument is out of its bounds.
    """

    of: str = "*"
    first: int | None = None
    share: float = 1.0
    seed: int = 0
    met: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.first is not None and self.first < 1:
            raise ValueError(f"first must be 1 or more, not {self.first}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {self.share}")
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def strikes(self, name: str, unless: Callable[[], bool] | None = None) -> bool:
        """Whether the next of this name is struck; counts it. `unless` is asked of each and may spare it."""
        if not fnmatchcase(name, self.of):
            return False
        with self._lock:
            self.met += 1
            if unless is not None and unless():
                return False
            used_up = self.first is not None and self.struck >= self.first
            if used_up or (self.share < 1 and self._random.random() >= self.share):
                return False
            self.struck += 1
            return True
