"""The states: what each type does between its entry and its exit."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.step_functions import task_state
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.visit import Visit

if TYPE_CHECKING:
    from sandbox.step_functions.execution import Execution

State = dict[str, Any]

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Transition:
    """How a visit ended: its output, the state that follows (None: none), the variables it assigned."""

    output: Any
    next: str | None
    assigned: dict[str, Any]


def walk(execution: "Execution") -> Any:
    """Visit states from the execution's position on; returns the output.

    Raises StateError when a state fails and no catcher takes it.
    """
    while (name := execution.position.state) is not None:
        execution.check_transition()
        state = execution.definition["States"][name]
        visit = Visit(execution, name, state)
        transition = _TYPES[state["Type"]](visit)
        visit.leave(transition.output, transition.assigned, transition.next)
    return execution.position.input


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


def _following(state: State) -> str | None:
    return None if state.get("End") else state.get("Next")


def _pass(visit: Visit) -> Transition:
    return leave(visit, visit.state, "", default=visit.input, following=_following(visit.state))


def _succeed(visit: Visit) -> Transition:
    return leave(visit, visit.state, "", default=visit.input, following=None)


def _fail(visit: Visit) -> Transition:
    texts = (
        visit.typed(visit.state[field], "string", field) if field in visit.state else None
        for field in ("Error", "Cause")
    )
    raise StateError(*texts)


def _choice(visit: Visit) -> Transition:
    for at, rule in enumerate(visit.state["Choices"]):
        if visit.typed(rule["Condition"], "boolean", f"Choices[{at}]/Condition"):
            return leave(visit, rule, f"Choices[{at}]/", default=visit.input, following=rule["Next"])
    if "Default" not in visit.state:
        raise visit.runtime_error("Failed to transition out of the state. The state does not point to a next state.")
    return leave(visit, visit.state, "", default=visit.input, following=visit.state["Default"])


def _wait(visit: Visit) -> Transition:
    if "Timestamp" in visit.state:
        until = _moment(visit, visit.typed(visit.state["Timestamp"], "string", "Timestamp"))
    else:
        until = visit.execution.clock.now() + visit.seconds("Seconds", minimum=0)
    visit.execution.sleep_until(until)
    return leave(visit, visit.state, "", default=visit.input, following=_following(visit.state))


def _moment(visit: Visit, text: str) -> float:
    try:
        if _TIMESTAMP.fullmatch(text):
            # Python reads at most microseconds.
            return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except ValueError:
        pass
    raise visit.evaluation_error(
        f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}",
        "Timestamp",
    )


def _task(visit: Visit) -> Transition:
    def attempt() -> Transition:
        result = task_state.attempt(visit)
        return leave(visit, visit.state, "", default=result, following=_following(visit.state), result=result)

    def caught(catcher: State, location: str, failure: StateError) -> Transition:
        error_output = {"Error": failure.error, "Cause": failure.cause}
        if failure.cause is None:
            error_output["Cause"] = ""
        return leave(
            visit, catcher, location, default=error_output, following=catcher["Next"], errorOutput=error_output
        )

    return task_state.with_retries(visit, attempt, caught)


_TYPES: dict[str, Callable[[Visit], Transition]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
}
