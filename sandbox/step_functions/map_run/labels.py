"""The labels of Map states, which the names of their child executions carry."""

import uuid
from typing import Any

from sandbox.step_functions.machine import Machine


def label_of(machine: Machine, name: str, state: dict[str, Any]) -> str:
    """A Map state's Label, or else one of its own that stays as long as the machine is not updated."""
    made = uuid.uuid5(uuid.NAMESPACE_URL, f"{machine.created_arn} {machine.update_date} {name}")
    return state.get("Label") or str(made)
