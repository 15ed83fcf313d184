"""How a visit of a state ends: with an output, variables and a state that follows."""

from dataclasses import dataclass
from typing import Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.visit import Visit

State = dict[str, Any]


@dataclass(frozen=True)
class Transition:
    """How a visit ended: its output, the state that follows (None: none), the variables it assigned."""

    output: Any
    next: str | None
    assigned: dict[str, Any]


def leave(
    visit: Visit, fields: State, location: str, *, default: Any, following: str | None, **extra: Any
) -> Transition:
    """The transition that a state's, a rule's or a catcher's Output and Assign make; `extra` joins `$states`.

    `location` is where `fields` are, such as `Catch[0]/`, empty for the state itself.
    """
    output = visit.evaluate(fields["Output"], f"{location}Output", **extra) if "Output" in fields else default
    assigned = visit.evaluate(fields["Assign"], f"{location}Assign", **extra) if "Assign" in fields else {}
    visit.check_output(output)
    visit.check_assigned(assigned)
    return Transition(output, following, assigned)


def following(state: State) -> str | None:
    """The state that a state names as the next."""
    return None if state.get("End") else state.get("Next")


def succeed(visit: Visit, result: Any) -> Transition:
    """The transition of a state that has a result: a Task, a Parallel or a Map state."""
    return leave(visit, visit.state, "", default=result, following=following(visit.state), result=result)


def catch(visit: Visit, catcher: State, location: str, failure: StateError) -> Transition:
    """The transition of a catcher that takes a failure; `location` is its place in the state."""
    error_output = {"Error": failure.error, "Cause": "" if failure.cause is None else failure.cause}
    return leave(visit, catcher, location, default=error_output, following=catcher["Next"], errorOutput=error_output)
