"""The texts of JSONata errors. The Python port writes some of them differently from JSONata's reference and AWS."""

import json
import math
import re

from jsonata.jexception import JException

_PLACEHOLDER = re.compile(r"\{\{\{?\w+\}?\}\}")
_ARRAY_TYPES = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}


def describe(error: JException) -> str:
    """The reference's text of an error, without its code: `The symbol "}" cannot be used as a unary operator`."""
    template = JException.error_codes.get(error.error)
    if template is None:
        return str(error)
    # The port took its texts from Java, where a search and replace had turned "function" into "Object".
    template = re.sub(r"\bObject\b", "function", template)
    values = [error.current, error.expected, error.extra]
    if error.error == "T0412":
        values[2] = _ARRAY_TYPES.get(str(error.extra), error.extra)
    given = iter(values)

    def fill(place: re.Match[str]) -> str:
        value = next(given, None)
        return str(value) if place[0].startswith("{{{") else _as_json(value)

    return _PLACEHOLDER.sub(fill, template)


def _as_json(value: object) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return "null"
        value = int(value) if value.is_integer() else value
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        return json.dumps(str(value))
