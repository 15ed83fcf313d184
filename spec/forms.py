"""Forms: how one value is written in YAML, what is expected of it in words, and how its JSON Schema says the same.

A field of a model is `Annotated[<Python type>, <form>]`. The form is the only place that knows the field's bounds:
errors, the JSON Schema and the reference page all come from it.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from spec.words import UnexpectedValueError, kind, listed, nearest_hint, nearest_numbers_hint, shown


@dataclass(frozen=True)
class Reading:
    """Validation context of the loader; without it a model is being built in Python.

    `partial`: rules that hold between several fields are left to the caller, who knows where each field was written.
    """

    partial: bool = False


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, eq=False)
class Form:
    """How one value is written.

    `expects`: the words after "expected". `read`: the written value to Python's, raising `UnexpectedValueError`.
    `schema`: the JSON Schema of everything `read` takes. `read_canonical`: checks a value given in Python where it
    is not written in the same way (90 is clear as `timeout_seconds=90`, and lacks a unit as `timeout: 90`).
    `written`: the Python value as people write it.
    """

    expects: str
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]
    read_canonical: Callable[[Any], Any] | None = None
    written: Callable[[Any], Any] = _same

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return dict(self.schema)

    def _validate(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        if info.context is None and self.read_canonical is not None and not isinstance(value, str):
            return self.read_canonical(value)
        return self.read(value)


def text(
    expects: str,
    *,
    pattern: str = "",
    shortest: int = 0,
    longest: int | None = None,
    check: Callable[[str], str | None] | None = None,
    echo: bool = True,
) -> Form:
    """Text that matches `pattern` as a whole, measured in characters.

    `check` returns what is wrong (the words after "found"), or None. `echo=False` keeps the value out of errors.
    """
    compiled = re.compile(pattern) if pattern else None

    def read(value: Any) -> str:
        if not isinstance(value, str):
            hint = f'write "{shown(value)}" in quotes' if isinstance(value, bool | int | float) else ""
            raise UnexpectedValueError(expects, shown(value), hint)
        if len(value) < shortest or (longest is not None and len(value) > longest):
            raise UnexpectedValueError(expects, f"{len(value)} characters" if value else "empty text")
        if compiled is not None and not compiled.fullmatch(value):
            raise UnexpectedValueError(expects, shown(value) if echo else "text of another form")
        if check is not None and (wrong := check(value)) is not None:
            raise UnexpectedValueError(expects, wrong)
        return value

    schema: dict[str, Any] = {"type": "string"}
    if pattern:
        schema["pattern"] = f"^(?:{pattern})$"
    if shortest:
        schema["minLength"] = shortest
    if longest is not None:
        schema["maxLength"] = longest
    return Form(expects, read, schema)


def choice(*values: str) -> Form:
    """One of a few words."""
    expects = listed(values)

    def read(value: Any) -> str:
        if isinstance(value, str) and value in values:
            return value
        raise UnexpectedValueError(expects, shown(value), nearest_hint(value, values) if isinstance(value, str) else "")

    return Form(expects, read, {"enum": list(values)})


def flag() -> Form:
    """`true` or `false`."""

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        hint = "without the quotes" if value in ("true", "false") else ""
        raise UnexpectedValueError("true or false", shown(value), hint)

    return Form("true or false", read, {"type": "boolean"})


def whole_number(lowest: int, highest: int) -> Form:
    """A whole number within bounds, both included."""
    expects = f"a whole number from {lowest} to {highest}"

    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        hint = "without the quotes" if isinstance(value, str) and value.isdecimal() else ""
        raise UnexpectedValueError(expects, shown(value), hint)

    return Form(expects, read, {"type": "integer", "minimum": lowest, "maximum": highest})


def number(lowest: float, highest: float) -> Form:
    """A number within bounds, both included."""
    expects = f"a number from {lowest:g} to {highest:g}"

    def read(value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest:
            return float(value)
        raise UnexpectedValueError(expects, shown(value))

    schema = {"type": "number", "minimum": lowest, "maximum": highest}
    return Form(expects, read, schema, written=lambda value: int(value) if value.is_integer() else value)


def one_of_numbers(expects: str, values: tuple[int, ...]) -> Form:
    """One of a list of whole numbers; the error names the neighbours of what was found."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnexpectedValueError(expects, shown(value))
        if value in values:
            return value
        raise UnexpectedValueError(expects, shown(value), nearest_numbers_hint(value, values))

    return Form(expects, read, {"enum": list(values)})


def json_value() -> Form:
    """Anything JSON can say, minus numbers that JSONata would change when it hands them on.

    JSONata writes numbers with fifteen digits: https://github.com/jsonata-js/jsonata/issues/669.
    """
    expects = "a JSON value"

    def read(value: Any) -> Any:
        match value:
            case None | bool() | str():
                return value
            case float() if not math.isfinite(value):
                raise UnexpectedValueError(expects, "a number that is not finite")
            case int() | float():
                if not _keeps_its_digits(value):
                    raise UnexpectedValueError(
                        "numbers of at most 15 digits, the most that JSONata writes", shown(value), "write it in quotes"
                    )
                return value
            case list() | tuple():
                return [read(item) for item in value]
            case Mapping() if all(isinstance(key, str) for key in value):
                return {key: read(item) for key, item in value.items()}
            case _:
                raise UnexpectedValueError(expects, kind(value))

    return Form(expects, read, {})


def _keeps_its_digits(value: float) -> bool:
    """Whether a finite number is the same when it is written with fifteen significant digits."""
    try:
        return float(f"{value:.15g}") == value
    except OverflowError:
        return False
