"""What AWS runs and the sandbox does not: refused when a machine is created, in one sentence."""

from typing import Any

from sandbox.step_functions.definition.nesting import all_states, is_distributed
from sandbox.step_functions.integrations import refusal


def unsupported(machine: dict[str, Any]) -> str | None:
    """Why the sandbox does not run a machine whose definition AWS accepts; None if it does."""
    language = machine.get("QueryLanguage", "JSONPath")
    for place, _, state in all_states(machine):
        if (problem := _of_state(state, language)) is not None:
            return f"The sandbox does not run {problem}: at {place}"
    return None


def _of_state(state: dict[str, Any], language: str) -> str | None:
    if state.get("QueryLanguage", language) != "JSONata":
        return 'states in JSONPath (set "QueryLanguage": "JSONata")'
    if state["Type"] == "Map" and is_distributed(state):
        return "Map states in Distributed mode"
    if state["Type"] == "Task":
        if "Credentials" in state:
            return "Task states with Credentials"
        return refusal(state["Resource"])
    return None
