"""pydantic's findings in the project's words. No word of pydantic's reaches a user."""

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from spec.fields import field_form, model_at, shorthand_field
from spec.model import Loc, Spec
from spec.words import kind, listed, nearest_hint, shown


def findings(error: ValidationError, model: type[Spec]) -> Iterator[tuple[Loc, str, bool]]:
    """Each finding as its path in YAML keys, what is wrong, and whether it is only that a key is missing."""
    all_details = error.errors(include_url=False)
    for details in all_details:
        # A mistake in the key of a map is marked by "[key]" behind the key itself.
        loc = tuple(part for part in details["loc"] if part != "[key]")
        if details["type"] == "too_short" and any(
            loc == other["loc"][: len(loc)] != other["loc"] for other in all_details
        ):
            # pydantic counts right items only, and the wrong ones have their own mistakes.
            continue
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
            wanted = model_at(model, loc) or model
            shorthand = shorthand_field(wanted)
            form = None if shorthand is None else field_form(shorthand)
            alone = "" if form is None else f"{form.expects}, or "
            return f"expected {alone}a map with the keys {listed(wanted.yaml_keys())}, found {found}"
        case "dict_type":
            return f"expected a map, found {found}"
        case "tuple_type":
            return f"expected a list such as [a, b], found {found}"
        case "too_short":
            return f"expected at least {details['ctx']['min_length']} item, found none" if "ctx" in details else found
        case "too_long":
            return f"expected at most {details['ctx']['max_length']} items, found more" if "ctx" in details else found
        case _:
            return f"expected another value, found {found}"
