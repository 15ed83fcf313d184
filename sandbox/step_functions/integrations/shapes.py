"""Between Step Functions' names of parameters and results, in PascalCase, and botocore's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.step_functions.json_text import to_text

TimeOf = Callable[[datetime], Any]
# botocore's shapes: their classes tell a type checker nothing.
Shape = Any


def iso_time(moment: datetime) -> str:
    """A time in a result of the second SDK."""
    moment = moment.astimezone(UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{moment.microsecond // 1000:03d}Z" if moment.microsecond else f"{text}Z"


def millisecond_time(moment: datetime) -> int:
    """A time in a result of the first SDK."""
    return round(moment.timestamp() * 1000)


def pascal(name: str) -> str:
    """A member's or operation's name as Step Functions writes it."""
    return name[0].upper() + name[1:]


def to_request(value: Any, shape: Shape) -> Any:
    """Parameters under botocore's names. Null is absent; a JSON value where text is expected becomes JSON text."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {pascal(name): name for name in shape.members}
        request = {}
        for key, item in value.items():
            name = members.get("NULL" if key == "Nul" else key, key)
            if item is not None:
                request[name] = to_request(item, shape.members[name]) if name in shape.members else item
        return request
    if shape.type_name == "list" and isinstance(value, list):
        return [to_request(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_request(item, shape.value) for key, item in value.items()}
    return _to_scalar(value, shape.type_name)


def _to_scalar(value: Any, type_name: str) -> Any:
    if type_name == "blob":
        # Strings too: AWS stores them with their quotes.
        return to_text(value).encode()
    if type_name == "string":
        return value if isinstance(value, str) else to_text(value)
    if isinstance(value, str):
        try:
            if type_name in ("integer", "long"):
                return int(value)
            if type_name in ("float", "double"):
                return float(value)
        except ValueError:
            return value
        if type_name == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
    return value


def missing_members(request: dict[str, Any], shape: Shape) -> list[str]:
    """The required members that a request lacks."""
    return [name for name in getattr(shape, "required_members", []) if name not in request]


def null_members(names: list[str]) -> str:
    """What AWS's services say about required members that are null."""
    problems = "; ".join(
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in names
    )
    return f"{len(names)} validation error{'s' if len(names) > 1 else ''} detected: {problems}"


def to_result(value: Any, shape: Shape, time_of: TimeOf) -> Any:
    """botocore's answer under Step Functions' names, members in alphabetical order."""
    if isinstance(value, datetime):
        return time_of(value)
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if shape is None:
        return {} if isinstance(value, dict) else value
    if shape.type_name == "structure" and isinstance(value, dict):
        named = {
            "Nul" if name == "NULL" else pascal(name): to_result(item, shape.members.get(name), time_of)
            for name, item in value.items()
            if item is not None
        }
        return dict(sorted(named.items()))
    if shape.type_name == "list" and isinstance(value, list):
        return [to_result(item, shape.member, time_of) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_result(item, shape.value, time_of) for key, item in value.items()}
    return value
