"""Requests held to what AWS's own service models say: lengths, ranges, patterns and enumerations.

botocore checks types and what is required before it sends a request and leaves the rest to the service, and the local
server does not look. The models are those that boto3 carries; the wording is the services' own.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, StringShape, StructureShape

from sandbox.errors import SandboxError

# The attributes of botocore's shapes are computed when first read, by descriptors that no type checker sees through:
# below, a shape is Any.


class _LimitedClient:
    """Does what a boto3 client does, after a look at each request; the client, which is others' too, stays as it is.

    A paginator's requests are not looked at: they only read.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        operation = self._client.meta.method_to_api_mapping.get(name)
        if operation is None:
            return found
        model = self._client.meta.service_model.operation_model(operation)

        def call(**params: Any) -> Any:
            _refuse_illegal(params, model)
            return found(**params)

        return call


def enforce_limits(client: Any) -> Any:
    """A boto3 client that asks by `client` and raises SandboxError for an illegal request instead of sending it."""
    return _LimitedClient(client)


def _refuse_illegal(params: dict[str, Any], model: OperationModel) -> None:
    problems = list(_problems(model.input_shape, params, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise SandboxError(f"{model.name}: ValidationException: {count}: {'; '.join(problems)}")


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What is illegal in a value; one of another type than its shape's is left to botocore, which names that."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members: Any = shape.members
        for name, item in value.items():
            if name in members:
                yield from _problems(members[name], item, f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape) and isinstance(value, (list, tuple)):
        yield from _outside_range(shape, len(value), value, path, "length")
        for index, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        yield from _outside_range(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _outside_range(shape, len(value), value, path, "length")
        yield from _wrong_text(shape, value, path)
    elif shape.type_name in ("integer", "long", "float", "double") and isinstance(value, (int, float)):
        yield from _outside_range(shape, value, value, path, "value")


def _outside_range(shape: Any, measure: float, value: Any, path: str, what: str) -> Iterator[str]:
    limits = shape.metadata
    if "max" in limits and measure > limits["max"]:
        yield _problem(shape, value, path, f"have {what} less than or equal to {limits['max']}")
    if "min" in limits and measure < limits["min"]:
        yield _problem(shape, value, path, f"have {what} greater than or equal to {limits['min']}")


def _wrong_text(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _problem(shape, value, path, f"satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern and not pattern.fullmatch(value):
        yield _problem(shape, value, path, f"satisfy regular expression pattern: {shape.metadata['pattern']}")


def _problem(shape: Any, value: Any, path: str, constraint: str) -> str:
    shown = "***Sensitive Data Redacted***" if shape.metadata.get("sensitive") else _shortened(str(value))
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The expression; None for no pattern and for one in Java's dialect that Python does not read."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
