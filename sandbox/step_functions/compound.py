"""Retry and Catch of states that have other states inside: Parallel and Map."""

from collections.abc import Callable
from typing import Any

from sandbox.step_functions.error_handling import UNCATCHABLE
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.task_state import with_retries
from sandbox.step_functions.transition import Transition, catch
from sandbox.step_functions.visit import Visit


def carry_out(visit: Visit, attempt: Callable[[], Transition]) -> Transition:
    """Attempt until the state succeeds or nothing takes its failure, which the history tells of as the state's."""
    kind, chain = visit.state["Type"], visit.flow.chain

    def write_failed(failure: StateError) -> int | None:
        return None if failure.error == UNCATCHABLE else chain.aside(f"{kind}StateFailed")["id"]

    def caught(catcher: dict[str, Any], location: str, failure: StateError) -> Transition:
        event = write_failed(failure)
        try:
            # A catcher's own failure follows from what the state's does.
            transition = catch(visit, catcher, location, failure)
        except StateError as second:
            event = write_failed(second)
            raise
        finally:
            chain.previous = event or chain.previous
        return transition

    def uncaught(failure: StateError) -> None:
        chain.previous = write_failed(failure) or chain.previous

    return with_retries(visit, attempt, caught, uncaught)
