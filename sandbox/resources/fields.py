"""The words of Pulumi's AWS provider in the words of the AWS API, level by level.

A property that is not listed is refused: dropping it silently would deploy something else than AWS would.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from sandbox.errors import SandboxError


@dataclass(frozen=True)
class Nested:
    """A property whose value is an object, or a list of objects, with properties of its own."""

    name: str
    fields: "Fields"


# The provider's property name -> the API's field name.
Fields: TypeAlias = Mapping[str, str | Nested]


def translate(values: Mapping[str, Any], fields: Fields, path: str = "") -> dict[str, Any]:
    """The request fields for these properties; a property without a value is left out.

    Raises SandboxError, with the path of the property, for one that is not in `fields`.
    """
    refuse_unknown(values, fields, path)
    request: dict[str, Any] = {}
    for name, value in values.items():
        field = fields[name]
        if value is None:
            continue
        if isinstance(field, str):
            request[field] = value
        elif isinstance(value, list):
            request[field.name] = [translate(item, field.fields, f"{path}{name}.") for item in value]
        else:
            request[field.name] = translate(value, field.fields, f"{path}{name}.")
    return request


def observed(answer: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The inverse of translate: the properties that an API's answer tells of, None for a field that it has not."""
    properties: dict[str, Any] = {}
    for name, field in fields.items():
        if isinstance(field, str):
            properties[name] = answer.get(field)
            continue
        value = answer.get(field.name)
        if isinstance(value, list):
            properties[name] = [_present(observed(item, field.fields)) for item in value]
        else:
            properties[name] = None if value is None else _present(observed(value, field.fields))
    return properties


def _present(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}


def refuse_unknown(names: Collection[str], known: Collection[str], path: str = "") -> None:
    """Raise SandboxError for the first name that is not known; it names the nearest one that is, or all of them."""
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"the nearest is {near[0]!r}" if near else f"it knows {', '.join(sorted(known))}"
            raise SandboxError(f"the sandbox does not know the property {path + name!r} ({hint})")
