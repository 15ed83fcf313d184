"""pydantic's findings in the project's words. No word of pydantic's reaches a user."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spec.model import Spec
from spec.words import kind, listed, nearest_hint, shown
from spec.yaml_file import Loc


def findings(error: ValidationError, model: type[Spec]) -> Iterator[tuple[Loc, str, bool]]:
    """Each finding as its path in YAML keys, what is wrong, and whether it is only that a key is missing."""
    for details in error.errors(include_url=False):
        # A mistake in the key of a map is marked by "[key]" behind the key itself.
        loc = tuple(part for part in details["loc"] if part != "[key]")
        if details["type"] == "missing":
            yield loc[:-1], f'expected the key "{loc[-1]}", found none', True
        else:
            yield loc, _message(details, loc, model), False


def _message(details: ErrorDetails, loc: Loc, model: type[Spec]) -> str:
    found = kind(details["input"])
    match details["type"]:
        case "value_error":
            return str(details["ctx"]["error"]) if "ctx" in details else details["msg"]
        case "extra_forbidden":
            keys = (model_at(model, loc[:-1]) or model).yaml_keys()
            key = str(loc[-1])
            hint = nearest_hint(key, keys) or f"known are {listed(keys, 'and')}"
            return f"expected a known key, found {shown(key)}: {hint}"
        case "model_type" | "model_attributes_type":
            keys = (model_at(model, loc) or model).yaml_keys()
            return f"expected a map with the keys {listed(keys)}, found {found}"
        case "dict_type":
            return f"expected a map, found {found}"
        case "tuple_type":
            return f"expected a list, found {found}"
        case "too_short":
            return f"expected at least {details['ctx']['min_length']} item, found none" if "ctx" in details else found
        case "too_long":
            return f"expected at most {details['ctx']['max_length']} items, found more" if "ctx" in details else found
        case _:
            return f"expected another value, found {found}"


def model_at(model: type[Spec], loc: Loc) -> type[Spec] | None:
    """The model of the map at a path of YAML keys and list indexes; None when there is no model there."""
    annotation: Any = model
    for part in loc:
        if isinstance(annotation, type) and issubclass(annotation, Spec):
            name = annotation.yaml_keys().get(str(part))
            if name is None:
                return None
            annotation = unwrapped(annotation.model_fields[name].annotation)
        elif get_origin(annotation) in (tuple, dict):
            arguments = get_args(annotation)
            annotation = unwrapped(arguments[0] if isinstance(part, int) else arguments[-1])
    return annotation if isinstance(annotation, type) and issubclass(annotation, Spec) else None


def unwrapped(annotation: Any) -> Any:
    """A type without its forms and without "or None"."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(one for one in get_args(annotation) if one is not types.NoneType)
        else:
            return annotation
