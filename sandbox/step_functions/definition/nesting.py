"""The machines inside of machines: a Parallel state's branches and a Map state's processor."""

from collections.abc import Iterator
from typing import Any

Machine = dict[str, Any]


def nested_machines(state: dict[str, Any]) -> Iterator[tuple[str, Machine]]:
    """(field, machine) of the machines inside a Parallel or Map state."""
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict):
            yield field, state[field]
    branches = state.get("Branches")
    for number, branch in enumerate(branches if isinstance(branches, list) else []):
        if isinstance(branch, dict):
            yield f"Branches[{number}]", branch


def all_states(machine: Machine, at: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(place, name, state) of every state of a valid machine, whatever it is inside of; an outer one comes first."""
    for name, state in machine["States"].items():
        place = f"{at}/States/{name}"
        yield place, name, state
        for field, nested in nested_machines(state):
            yield from all_states(nested, f"{place}/{field}")


def is_distributed(state: dict[str, Any]) -> bool:
    """Whether a Map state runs its processor in executions of their own."""
    return _processor_config(state).get("Mode") == "DISTRIBUTED"


def has_express_children(state: dict[str, Any]) -> bool:
    """Whether those are Express executions."""
    return is_distributed(state) and _processor_config(state).get("ExecutionType") == "EXPRESS"


def _processor_config(state: dict[str, Any]) -> dict[str, Any]:
    machine = state.get("ItemProcessor") or state.get("Iterator") or {}
    configuration = machine.get("ProcessorConfig") if isinstance(machine, dict) else None
    return configuration if isinstance(configuration, dict) else {}
