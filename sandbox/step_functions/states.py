"""The states: what each type does between its entry and its exit."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.step_functions import map_state, parallel_state, task_state
from sandbox.step_functions.definition.nesting import is_distributed
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.map_run import state as map_run_state
from sandbox.step_functions.transition import Transition, catch, following, leave, succeed
from sandbox.step_functions.visit import Visit

if TYPE_CHECKING:
    from sandbox.step_functions.flow import Flow

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")


def walk(flow: "Flow") -> Any:
    """Visit states from the flow's position on; returns the output.

    Raises StateError when a state fails and no catcher takes it.
    """
    while (name := flow.position.state) is not None:
        flow.check_transition()
        state = flow.states[name]
        visit = Visit(flow, name, state)
        transition = _TYPES[state["Type"]](visit)
        visit.leave(transition.output, transition.assigned, transition.next)
    return flow.position.input


def _pass(visit: Visit) -> Transition:
    return leave(visit, visit.state, "", default=visit.input, following=following(visit.state))


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
    visit.flow.sleep_until(until)
    return leave(visit, visit.state, "", default=visit.input, following=following(visit.state))


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
    return task_state.with_retries(
        visit,
        lambda: succeed(visit, task_state.attempt(visit)),
        lambda catcher, location, failure: catch(visit, catcher, location, failure),
    )


def _map(visit: Visit) -> Transition:
    return map_run_state.run(visit) if is_distributed(visit.state) else map_state.run(visit)


_TYPES: dict[str, Callable[[Visit], Transition]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": parallel_state.run,
    "Map": _map,
}
