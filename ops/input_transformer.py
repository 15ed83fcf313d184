"""What a rule's target is given for an event, made as EventBridge makes it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ops.errors import OpsError
from spec.compact_json import compact

_TEXT_OR_PLACEHOLDER = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')
_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_PATH = re.compile(r"\$((?:\.[\w-]+)+)")


class UnknownTransformError(OpsError):
    """A target whose input cannot be made here; the message says why."""


def input_of(target: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """What a target of ListTargetsByRule is given for an event, as a value of JSON.

    Within a string a placeholder's value stands as it is; outside it becomes JSON, and `""` where the event has none.

    Raises:
        UnknownTransformError: its template is none of JSON, or uses what only EventBridge knows.
    """
    if "Input" in target or "InputPath" in target:
        raise UnknownTransformError("its target has an input of another kind than `pulumi up` makes")
    if "InputTransformer" not in target:
        return event
    transformer = target["InputTransformer"]
    values = {name: _at(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    text = _TEXT_OR_PLACEHOLDER.sub(lambda found: _filled(found[0], values), transformer["InputTemplate"])
    try:
        return json.loads(text)
    except ValueError:
        raise UnknownTransformError("the template of its target gives no JSON for this event") from None


def _filled(part: str, values: Mapping[str, Any]) -> str:
    """A string of the template, or a placeholder that stands alone, with what stands in its place."""
    if part.startswith("<"):
        return compact(_value(part[1:-1], values))

    def inside(found: re.Match[str]) -> str:
        value = _value(found[1], values)
        return value if isinstance(value, str) else compact(value).replace('"', "")

    return _PLACEHOLDER.sub(inside, part)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise UnknownTransformError(f"the template of its target uses <{name}>, which only EventBridge knows")
    return values[name]


def _at(path: str, event: Mapping[str, Any]) -> Any:
    found = _PATH.fullmatch(path)
    if found is None:
        raise UnknownTransformError(f"the template of its target uses the path {path}, which is not known here")
    value: Any = event
    for key in found[1].split(".")[1:]:
        if not (isinstance(value, Mapping) and key in value):
            return ""
        value = value[key]
    return value
