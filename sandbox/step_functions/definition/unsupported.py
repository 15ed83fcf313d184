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
    if isinstance(state.get("Items"), dict):
        return "Map states whose Items are an object"
    if state["Type"] == "Map" and is_distributed(state):
        return _of_distributed_map(state)
    if state["Type"] == "Task":
        if "Credentials" in state:
            return "Task states with Credentials"
        return refusal(state["Resource"])
    return None


def _of_distributed_map(state: dict[str, Any]) -> str | None:
    if "ItemReader" in state and "Items" in state:
        return "Map states with both Items and an ItemReader"
    config = state.get("ItemReader", {}).get("ReaderConfig", {})
    if config.get("InputType") in ("MANIFEST", "PARQUET"):
        return f"an ItemReader of the InputType {config['InputType']}"
    for field in ("ItemsPointer", "ManifestType"):
        if field in config:
            return f"an ItemReader with {field}"
    if config.get("Transformation", "NONE") != "NONE":
        return f"an ItemReader with the Transformation {config['Transformation']}"
    writer = state.get("ResultWriter", {})
    if writer.get("WriterConfig", {}).get("OutputType") == "JSONL" and "Resource" not in writer:
        return "a ResultWriter of the OutputType JSONL without a Resource"
    return None
