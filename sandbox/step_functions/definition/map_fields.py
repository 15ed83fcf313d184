"""Checks the fields that only Map states have.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition import values
from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.definition.fields import Value
from sandbox.step_functions.definition.nesting import is_distributed

_PROCESSOR_CONFIG = {
    "Mode": Value("STRING", choices=("INLINE", "DISTRIBUTED")),
    "ExecutionType": Value("STRING", choices=("STANDARD", "EXPRESS")),
}
_DISTRIBUTED_ONLY = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")


def problems(state: dict[str, Any], at: str) -> Iterator[Diagnostic]:
    """What AWS refuses of a Map state beside what its processor holds."""
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict) and "ProcessorConfig" in state[field]:
            yield from _processor_config(state[field]["ProcessorConfig"], f"{at}/{field}/ProcessorConfig")
    if not is_distributed(state):
        for field in _DISTRIBUTED_ONLY:
            if field in state:
                yield schema(f"Field '{field}' is not supported", at)


def _processor_config(configuration: Any, at: str) -> Iterator[Diagnostic]:
    if not isinstance(configuration, dict):
        yield schema("Expected value of type [OBJECT]", at)
        return
    yield from values.unknown_fields(configuration, _PROCESSOR_CONFIG, at)
    yield from values.field_values(configuration, _PROCESSOR_CONFIG, at, jsonata=False)
    if configuration.get("Mode") == "DISTRIBUTED":
        yield from values.required_fields(configuration, ("ExecutionType",), at)
