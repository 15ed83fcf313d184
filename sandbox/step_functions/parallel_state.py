"""Parallel states. https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html"""

from collections.abc import Callable
from typing import Any

from sandbox.step_functions.fan_out import FanOut, run_state
from sandbox.step_functions.flow import Flow
from sandbox.step_functions.position import Inside, Position
from sandbox.step_functions.transition import Transition
from sandbox.step_functions.visit import Visit


def run(visit: Visit) -> Transition:
    """Run all branches at once; the result is the array of their outputs."""
    branches = visit.state["Branches"]

    def begin() -> Inside:
        arguments = visit.arguments()
        event = visit.flow.chain.add("ParallelStateStarted")
        return Inside([arguments] * len(branches), event["id"], (None,) * len(branches))

    return run_state(visit, begin, lambda inside: _Branches(visit, inside, len(branches)))


class _Branches(FanOut):
    def open(self, lane: int, place: Position | None) -> Flow:
        """See FanOut."""
        branch = self.visit.state["Branches"][lane]
        if place is None:
            variables = self.outer.position.variables
            place = Position(branch["StartAt"], self._inside.inputs[lane], variables, self._inside.event)
        execution = self.visit.execution
        return Flow(execution, branch["States"], place, execution.history.chain(place.event), item=self.outer.item)

    def mark(self, what: str, lane: int, write: Callable[..., Any]) -> None:
        """See FanOut: the history does not tell of branches."""
