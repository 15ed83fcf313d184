"""The texts of JSONata errors. The Python port writes some of them differently from JSONata's reference and AWS."""

import json
import re

from jsonata.jexception import JException

_PLACEHOLDER = re.compile(r"\{\{\{?\w+\}?\}\}")
_ARRAY_TYPES = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
# The reference orders these by the operator's operands first and the operator last, as the port's arguments are.
_STACK_OVERFLOW = "D1011"
_EVALUATION_TIMEOUT = "D1012"


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
    return _PLACEHOLDER.sub(lambda _: _as_json(next(given, None)), template)


def is_limit(error: JException) -> bool:
    """Whether an evaluation was cut short by a limit rather than wrong."""
    return error.error in (_STACK_OVERFLOW, _EVALUATION_TIMEOUT)


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        return json.dumps(str(value))
