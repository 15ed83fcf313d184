"""The steps of a job as they are written, before anything is known to be right."""

from collections.abc import Callable, Iterable
from typing import Any

from spec.model import Loc

_LISTS_OF_STEPS = ("steps", "onFailure", "parallel")


def with_builds(fields: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The fields of a job or a step with its build, and those of the steps in it, changed."""
    if not isinstance(fields, dict):
        return fields
    builds = {"build": change(fields["build"])} if isinstance(fields.get("build"), dict) else {}
    inner = {
        key: [with_builds(step, change) for step in fields[key]]
        for key in _LISTS_OF_STEPS
        if isinstance(fields.get(key), list)
    }
    return {**fields, **builds, **inner}


def field_of(loc: Loc) -> Loc:
    """The place of the field that a mistake at `loc` makes useless: a job's, or a step's where the rest can be read.

    A step without a name that can be read, and one that is no map, make the whole list useless.
    """
    end = 1
    while loc[end - 1] in _LISTS_OF_STEPS and len(loc) > end + 1 and isinstance(loc[end], int):
        if loc[end + 1] == "name":
            return loc[:1]
        end += 2
    return loc[:end]


def without(fields: Any, wrong: Iterable[Loc]) -> Any:
    """The fields of a job, or the steps of a list, without those at these places."""
    wrong = list(wrong)
    if isinstance(fields, dict):
        items = fields.items()
    elif isinstance(fields, list):
        items = enumerate(fields)
    else:
        return fields
    kept = {}
    for key, value in items:
        here = [loc[1:] for loc in wrong if loc and loc[0] == key]
        if () not in here:
            kept[key] = without(value, here) if here else value
    return kept if isinstance(fields, dict) else list(kept.values())
