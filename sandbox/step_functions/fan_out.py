"""Runs the branches of a Parallel state, or the iterations of an inline Map state, side by side."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from sandbox.step_functions.compound import carry_out
from sandbox.step_functions.error_handling import UNCATCHABLE
from sandbox.step_functions.errors import ExecutionOver, HistoryFull, StateError
from sandbox.step_functions.flow import Flow
from sandbox.step_functions.position import Inside, Position
from sandbox.step_functions.transition import Transition, succeed
from sandbox.step_functions.visit import Visit

# Of which a history tells that they were aborted.
_ABORTABLE = ("Task", "Wait", "Parallel", "Map")


class FanOut(ABC):
    """Flows inside of a state, each a lane: at most `limit` at a time, until all are over or one has failed.

    The lanes that a redrive finds over are left as they are, and those that it finds begun go on.
    """

    def __init__(self, visit: Visit, inside: Inside, limit: int) -> None:
        self.visit = visit
        self.outer = visit.flow
        self._inside = inside
        self._limit = limit
        self._moving = visit.execution.moving
        # By lane, of those that have begun since the start or the redrive; the others are where they were.
        self._flows: dict[int, Flow] = {}
        self._over: set[int] = {
            at for at, place in enumerate(inside.places) if place is not None and place.state is None
        }
        self._pending = [at for at in range(len(inside.places)) if at not in self._over]
        self._pending.reverse()
        self._workers = 0
        self._failure: BaseException | None = None

    @abstractmethod
    def open(self, lane: int, place: Position | None) -> Flow:
        """A new flow for a lane that goes on from `place`, or begins. May raise StateError."""

    @abstractmethod
    def mark(self, what: str, lane: int, write: Callable[..., Any]) -> None:
        """Write that a lane has Started, Succeeded, Failed or was Aborted, if the history tells of it."""

    def run(self) -> list[Any]:
        """The outputs of all lanes, in order; raises what the first that failed did."""
        with self._moving:
            self.outer.lanes = self
            self._workers = min(self._limit, len(self._pending))
        name = f"{self.visit.name}-{self.outer.execution.record['name']}"
        for _ in range(self._workers):
            self.outer.execution.services.run_beside(name, self._work)
        while self._failure is None and self._workers:
            self.outer.pause(None)
        if self._failure is not None:
            raise self._failure
        with self._moving:
            self.outer.chain.previous = max(
                (flow.chain.previous for flow in self._flows.values()), default=self.outer.chain.previous
            )
            places = [self._place(lane) for lane in range(len(self._inside.places))]
        return [place.input for place in places if place is not None]

    def place(self) -> Inside:
        """Where each lane is; to be called while nothing moves."""
        places = tuple(self._place(lane) for lane in range(len(self._inside.places)))
        return Inside(self._inside.inputs, self._inside.event, places)

    def running(self) -> list[Flow]:
        """The flows that have begun and not ended."""
        return [flow for lane, flow in list(self._flows.items()) if lane not in self._over]

    def _place(self, lane: int) -> Position | None:
        flow = self._flows.get(lane)
        return self._inside.places[lane] if flow is None else flow.place()

    def _work(self) -> None:
        try:
            while (lane := self._take()) is not None:
                self._run(lane)
        finally:
            with self._moving:
                self._workers -= 1
            self.outer.wake.set()

    def _take(self) -> int | None:
        with self._moving:
            return self._pending.pop() if self._pending and self._failure is None else None

    def _run(self, lane: int) -> None:
        from sandbox.step_functions.states import walk

        try:
            self.outer.check()
            place = self._inside.places[lane]
            flow = self.open(lane, place)
            with self._moving:
                if self._failure is not None or self.outer.is_stopped:
                    return
                self._flows[lane] = flow
                if place is None:
                    self.mark("Started", lane, flow.chain.add)
            walk(flow)
            with self._moving:
                self.mark("Succeeded", lane, flow.chain.add)
                self._over.add(lane)
        except ExecutionOver:
            return
        except BaseException as failure:
            self._fail(lane, failure)

    def _fail(self, lane: int, failure: BaseException) -> None:
        """Stop the other lanes, unless another lane's failure has done so."""
        with self._moving:
            if self._failure is not None:
                return
            try:
                self._stop(lane, failure)
            except (HistoryFull, ExecutionOver) as end:
                failure = end
            self._failure = failure

    def _stop(self, lane: int, failure: BaseException) -> None:
        stopped = {other: flow for other, flow in sorted(self._flows.items()) if other not in {lane, *self._over}}
        for flow in stopped.values():
            flow.stop()
        failing = self._flows.get(lane)
        if failing is not None:
            self.outer.chain.previous = failing.chain.previous
        # What ends the execution at once leaves no more of a trace.
        if not isinstance(failure, StateError) or failure.error == UNCATCHABLE:
            return
        if failing is not None and failing.state_type() == "Task":
            self.outer.chain.aside("TaskStateAborted")
        for other, flow in stopped.items():
            self._write_aborted(self, other, flow)
        if failing is not None:
            self.mark("Failed", lane, self.outer.chain.aside)

    def _write_aborted(self, lanes: "FanOut", lane: int, flow: Flow) -> None:
        write = self.outer.chain.aside
        lanes.mark("Aborted", lane, write)
        if (state_type := flow.state_type()) in _ABORTABLE:
            write(f"{state_type}StateAborted")
        inner = flow.lanes
        if isinstance(inner, FanOut):
            for lane_within, each in sorted(inner._flows.items()):
                if lane_within not in inner._over:
                    self._write_aborted(inner, lane_within, each)


def run_state(visit: Visit, begin: Callable[[], Inside], lanes: Callable[[Inside], FanOut]) -> Transition:
    """Carry out a state that fans out.

    `begin` writes the beginning of an attempt; a redrive goes on with the attempt that it finds.
    """
    inside = visit.flow.position.inside
    found = [inside] if isinstance(inside, Inside) else []

    def attempt() -> Transition:
        result = lanes(found.pop() if found else begin()).run()
        visit.flow.chain.aside(f"{visit.state['Type']}StateSucceeded")
        return succeed(visit, result)

    return carry_out(visit, attempt)
