"""Where an execution is: what a redrive goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Position:
    """A state, and what it has to go by.

    `state` is the state that the execution is in or enters next; None: it has left the last one. `input` is that
    state's input, or the execution's output. `event` is the id of the history event that the next one follows from.
    `entered_time` (ISO 8601) is None until the state has been entered.
    """

    state: str | None
    input: Any
    variables: Mapping[str, Any]
    event: int = 0
    entered_time: str | None = None
