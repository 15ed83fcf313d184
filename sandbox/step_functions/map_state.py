"""Map states. https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html"""

from collections.abc import Callable
from typing import Any

from sandbox.step_functions.fan_out import FanOut, run_state
from sandbox.step_functions.flow import Flow
from sandbox.step_functions.json_text import to_text
from sandbox.step_functions.position import Inside, Position
from sandbox.step_functions.transition import Transition
from sandbox.step_functions.visit import Visit

MAX_INLINE_CONCURRENCY = 40
"""https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html"""
MAX_WHOLE_NUMBER = 2**31 - 1
SOURCE_OF_STATE = "STATE_DATA"
"""https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""


def run(visit: Visit) -> Transition:
    """Run the processor for each item; the result is the array of the outputs, in the order of the items."""

    def begin() -> Inside:
        found = items(visit)
        # Whatever they say, the first failure fails the state; what they cannot say fails it too.
        tolerated(visit)
        event = visit.flow.chain.add("MapStateStarted", length=len(found))
        return Inside(found, event["id"], (None,) * len(found))

    def lanes(inside: Inside) -> FanOut:
        limit = concurrency(visit)
        return _Iterations(visit, inside, min(limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY))

    return run_state(visit, begin, lanes)


def items(visit: Visit) -> list[Any]:
    """What the state maps over: its Items, or its input."""
    if "Items" in visit.state:
        return visit.typed(visit.state["Items"], "array", "Items")
    if not isinstance(visit.input, list):
        raise visit.evaluation_error(f"Map state input must be an array but was: {to_text(visit.input)}", None)
    return visit.input


def concurrency(visit: Visit) -> int:
    """How many may run at a time; 0: no limit of the state's own."""
    if "MaxConcurrency" not in visit.state:
        return 0
    return int(visit.whole_number("MaxConcurrency", minimum=0, maximum=MAX_WHOLE_NUMBER))


def tolerated(visit: Visit) -> tuple[int | None, float | None]:
    """How many items, and how many of a hundred, may fail; None where the state does not say."""
    count = percentage = None
    if "ToleratedFailureCount" in visit.state:
        count = int(visit.whole_number("ToleratedFailureCount", minimum=0, maximum=MAX_WHOLE_NUMBER))
    field = "ToleratedFailurePercentage"
    if field in visit.state:
        percentage = visit.typed(visit.state[field], "number", field)
        if not 0 <= percentage <= 100:
            raise visit.evaluation_error(f"The {field} field must be a number from 0 to 100: {percentage}", field)
    return count, percentage


def processor(state: dict[str, Any]) -> dict[str, Any]:
    """The machine that runs for each item."""
    return state.get("ItemProcessor") or state["Iterator"]


def context_of_item(index: int, value: Any, source: str = SOURCE_OF_STATE) -> dict[str, Any]:
    """The context object's member Map."""
    return {"Item": {"Index": index, "Value": value, "Source": source}}


class _Iterations(FanOut):
    def open(self, lane: int, place: Position | None) -> Flow:
        """See FanOut."""
        machine, execution = processor(self.visit.state), self.visit.execution
        item = context_of_item(lane, self._inside.inputs[lane])
        if place is None:
            given = self._inside.inputs[lane]
            if "ItemSelector" in self.visit.state:
                given = self.visit.evaluate(self.visit.state["ItemSelector"], "ItemSelector", item=item)
            place = Position(machine["StartAt"], given, self.outer.position.variables, self._inside.event)
        return Flow(execution, machine["States"], place, execution.history.chain(place.event), item=item)

    def mark(self, what: str, lane: int, write: Callable[..., Any]) -> None:
        """See FanOut."""
        write(f"MapIteration{what}", name=self.visit.name, index=lane)
