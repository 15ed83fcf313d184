"""Where an execution is: what a redrive goes on from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.step_functions.map_run.run import MapRun


@dataclass(frozen=True)
class Position:
    """A state, and what it has to go by.

    `state` is the state that the flow is in or enters next; None: it has left the last one. `input` is that state's
    input, or the flow's output. `event` is the id of the history event that the next one follows from.
    `entered_time` (ISO 8601) is None until the state has been entered. `inside` is where the branches or iterations of
    the state are, or its Map Run, None until they have begun.
    """

    state: str | None
    input: Any
    variables: Mapping[str, Any]
    event: int = 0
    entered_time: str | None = None
    inside: "Inside | MapRun | None" = None


@dataclass(frozen=True)
class Inside:
    """How far the branches of a Parallel state, or the iterations of an inline Map state, have come.

    `inputs` has an input for each branch or an item for each iteration; `event` is the id of the history event that
    they begin from; a place is None for one that has not begun, and of one that is over its state is.
    """

    inputs: Sequence[Any]
    event: int
    places: tuple[Position | None, ...]
