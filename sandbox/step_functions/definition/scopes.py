"""Checks which variables are assigned where.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope
"""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.definition.nesting import Machine, is_distributed, nested_machines


def problems(machine: Machine, at: str = "", outer: frozenset[str] = frozenset()) -> Iterator[Diagnostic]:
    """Variables that a branch or an iteration assigns although a state around it does: it can only read those."""
    own = {name for state in machine["States"].values() for _, name in _assigned(state)}
    for state_name, state in machine["States"].items():
        place = f"{at}/States/{state_name}"
        for field, name in _assigned(state):
            if name in outer:
                yield schema(
                    f"Variable '{name}' is assigned in an outer scope and cannot be assigned here", place + field
                )
        for field, nested in nested_machines(state):
            yield from problems(nested, f"{place}/{field}", frozenset() if is_distributed(state) else outer | own)


def _assigned(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, name) of each variable that a state assigns, by its rules and its catchers too."""
    entries = [("", state)]
    for field in ("Choices", "Catch"):
        entries += [(f"/{field}[{at}]", entry) for at, entry in enumerate(state.get(field, []))]
    for place, entry in entries:
        for name in entry.get("Assign", {}):
            yield f"{place}/Assign", name
