"""Checks what a Task state calls: its Resource and the names of its Arguments."""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.integrations import resource as integrations


def problems(state: dict[str, Any], at: str, machine_type: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """What AWS refuses of a Task's Resource and, where an object is given, of its Arguments."""
    resource = state.get("Resource")
    if not isinstance(resource, str):
        return
    place = f"{at}/Resource"
    if not integrations.is_arn(resource):
        yield schema("Value is not a valid resource ARN", place)
        return
    if not integrations.is_recognised(resource):
        yield schema(
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
            "or the resource is not available in this region.",
            place,
        )
        return
    pattern = integrations.split(resource)[2]
    if machine_type == "EXPRESS" and pattern:
        yield schema(f"Express state machine does not support '.{pattern}' service integration ", place)
    arguments = state.get("Arguments")
    if jsonata and isinstance(arguments, dict):
        for problem in integrations.argument_problems(resource, arguments):
            yield schema(problem, f"{at}/Arguments")
