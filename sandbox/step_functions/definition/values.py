"""Checks the fields of one object of a definition against what they may be."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.definition.fields import Value
from sandbox.step_functions.query import is_expression

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def unknown_fields(fields: Mapping[str, Any], allowed: Iterable[str], at: str) -> Iterator[Diagnostic]:
    """Fields that the object cannot have."""
    for name in fields:
        if name not in allowed:
            yield schema(f"Field '{name}' is not supported", at or "/")


def required_fields(fields: Mapping[str, Any], names: Iterable[str], at: str) -> Iterator[Diagnostic]:
    """Fields that the object lacks, as one problem."""
    missing = [name for name in names if name not in fields]
    if missing:
        yield schema(f"These fields are required: [{', '.join(missing)}]", at or "/")


def exclusive_fields(
    fields: Mapping[str, Any], at_most_one: Iterable[tuple[str, ...]], one: Iterable[tuple[str, ...]], at: str
) -> Iterator[Diagnostic]:
    """Fields that exclude each other, and groups of which one field must be there."""
    for names in at_most_one:
        if sum(_is_set(fields, name) for name in names) > 1:
            yield schema(f"There should only be one of the following fields: [{', '.join(names)}]", at)
    for names in one:
        if not any(_is_set(fields, name) for name in names):
            yield schema(f"This object should have only one of the following fields: [{', '.join(names)}]", at)


def field_values(
    fields: Mapping[str, Any], values: Mapping[str, Value], at: str, *, jsonata: bool
) -> Iterator[Diagnostic]:
    """Fields of the wrong type or out of bounds."""
    for name, value in fields.items():
        expected = values.get(name)
        if expected is None or (jsonata and expected.expression and is_expression(value)):
            continue
        place = f"{at}/{name}"
        if not _has_type(value, expected.type):
            yield schema(f"Expected value of type [{expected.type}]", place)
        elif expected.choices and value not in expected.choices:
            yield schema(f"Value should be one of the following: [{', '.join(expected.choices)}]", place)
        elif expected.minimum is not None and value < expected.minimum:
            yield schema(f"Minimum value is {expected.minimum}", place)
        elif expected.maximum is not None and value > expected.maximum:
            yield schema(f"Maximum value is {expected.maximum}", place)


def timestamp(value: Any, place: str) -> Iterator[Diagnostic]:
    """A constant timestamp that is not RFC 3339 with the upper case T that AWS demands."""
    if not isinstance(value, str) or is_expression(value):
        return
    try:
        if _RFC_3339.fullmatch(value):
            datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
            return
    except ValueError:
        pass
    yield schema("String does not match RFC3339 timestamp", place)


def _is_set(fields: Mapping[str, Any], name: str) -> bool:
    # `"End": false` says that the state has no end, as leaving it out does.
    return name in fields and not (name == "End" and fields[name] is False)


def _has_type(value: Any, type_name: str) -> bool:
    if isinstance(value, bool):
        return type_name == "BOOLEAN"
    types = {
        "STRING": str,
        "OBJECT": dict,
        "ARRAY": list,
        "INTEGER": int,
        "FLOAT": (int, float),
        "BOOLEAN": bool,
    }
    return isinstance(value, types[type_name])
