"""One line of states within an execution: the machine's own, a branch's or an iteration's."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.clock import Wake
from sandbox.step_functions.errors import ExecutionOver
from sandbox.step_functions.history import Chain
from sandbox.step_functions.position import Inside, Position

if TYPE_CHECKING:
    from sandbox.step_functions.execution import Execution
    from sandbox.step_functions.map_run.run import MapRun

States = dict[str, Any]


class Lanes(Protocol):
    """What runs side by side inside a state; see fan_out.FanOut and map_run.run.MapRun."""

    def place(self) -> "Inside | MapRun":
        """Where all of it is."""
        ...

    def running(self) -> "list[Flow]":
        """The flows in it that have begun and not ended."""
        ...


class Flow:
    """Goes from state to state of `states`, on one thread at a time.

    `item` is what the context object tells of the item that an iteration, or what is inside it, is about.
    """

    def __init__(
        self,
        execution: "Execution",
        states: States,
        position: Position,
        chain: Chain,
        *,
        item: dict[str, Any] | None = None,
        is_outermost: bool = False,
    ) -> None:
        self.execution = execution
        self.states = states
        self.position = position
        self.chain = chain
        self.item = item
        self.is_outermost = is_outermost
        self.wake = Wake()
        self.lanes: Lanes | None = None
        self._moving: threading.Lock = execution.moving
        self.is_stopped = False

    def enter(self, event_type: str, /, **details: Any) -> None:
        """Write the entry of the state that is next, and be in it."""
        with self._moving:
            event = self.chain.add(event_type, **details)
            self.position = replace(self.position, event=event["id"], entered_time=event["timestamp"])

    def leave(self, following: Position, event_type: str, /, **details: Any) -> None:
        """Write the exit of the present state, and go on to `following`."""
        with self._moving:
            event = self.chain.add(event_type, **details)
            self.position = replace(following, event=event["id"])
            self.lanes = None

    def place(self) -> Position:
        """Where the flow is, and what is inside of it; to be called while nothing moves."""
        return self.position if self.lanes is None else replace(self.position, inside=self.lanes.place())

    def state_type(self) -> str | None:
        """The type of the state that the flow is in; None between two states."""
        name = self.position.state
        return None if name is None or self.position.entered_time is None else self.states[name]["Type"]

    def stop(self) -> None:
        """Have the flow, and what is inside of it, end at its next look; to be called while nothing moves."""
        self.is_stopped = True
        self.chain.close()
        self.wake.set()
        for flow in self.inner():
            flow.stop()

    def rouse(self) -> None:
        """Have whatever waits look at how things are."""
        self.wake.set()
        for flow in self.inner():
            flow.rouse()

    def inner(self) -> "list[Flow]":
        """The flows inside of the present state that have not ended."""
        return [] if self.lanes is None else self.lanes.running()

    def check(self) -> None:
        """Raise ExecutionOver if the execution has ended, its time is up or this flow has been stopped."""
        self.execution.check()
        if self.is_stopped:
            raise ExecutionOver

    def check_transition(self) -> None:
        """As `check`, before the next state is entered: a machine that is being deleted ends its executions here.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
        """
        self.check()
        if self.execution.services.is_being_deleted(self.execution.machine.created_arn):
            self.execution.abort(None, None)
            raise ExecutionOver

    def pause(self, until: float | None) -> None:
        """Block until the virtual time `until` or until something wakes the flow, which may be for no reason.

        Raises ExecutionOver as `check` does.
        """
        self.check()
        self.execution.on_wait()
        deadline = self.execution.deadline
        self.execution.clock.wait(deadline if until is None else min(until, deadline), self.wake)
        self.wake.clear()
        self.check()

    def sleep_until(self, until: float) -> None:
        """Block until the virtual time `until`."""
        while self.execution.clock.now() < until:
            self.pause(until)
        self.check()
