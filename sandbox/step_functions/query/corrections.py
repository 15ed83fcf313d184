"""Functions of JSONata in which the Python port differs from the reference.

https://docs.jsonata.org/overview.html
"""

import functools
import math
import re
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_PREFIXED = re.compile(r"0(?:[xX](?P<hex>[0-9A-Fa-f]+)|[oO](?P<octal>[0-7]+)|[bB](?P<binary>[01]+))")
_BASES = {"hex": 16, "octal": 8, "binary": 2}


def number(value: Any) -> float | None:
    """$number. The port takes all that Python's float takes, and lets Python's error out."""
    if value is None or isinstance(value, bool | int | float):
        return None if value is None else value + 0
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value) and math.isfinite(float(value)):
            return float(value)
        if found := _PREFIXED.fullmatch(value):
            return int(found[str(found.lastgroup)], _BASES[str(found.lastgroup)])
    raise JException("D3030", -1, value)


def power(base: float | None, exponent: float | None) -> float | None:
    """$power. The port lets Python's errors out where the result is no JSON number."""
    if base is None:
        return None
    try:
        return Functions.power(base, exponent)
    except (ArithmeticError, TypeError):
        raise JException("D3061", -1, base, exponent) from None


def sort(array: list[Any] | None, comparator: Any = None) -> list[Any] | None:
    """$sort. The port puts items that compare as equal in the opposite order, and compares unlike types."""
    if array is None or len(array) < 2:
        return array
    if comparator is None:
        if not (all(isinstance(item, str) for item in array) or all(_is_number(item) for item in array)):
            raise JException("D3070", -1)
        return sorted(array)

    def compare(first: Any, second: Any) -> int:
        if Functions.func_apply(comparator, [first, second]):
            return 1
        return -1 if Functions.func_apply(comparator, [second, first]) else 0

    return sorted(array, key=functools.cmp_to_key(compare))


def replace(text: Any, pattern: Any, replacement: Any, limit: Any = None) -> Any:
    """$replace. The reference refuses an expression that can match nothing; the port replaces between characters."""
    if isinstance(pattern, re.Pattern) and pattern.match("") is not None:
        raise JException("D1004", -1, pattern.pattern)
    return Functions.replace(text, pattern, replacement, limit)


def to_millis(timestamp: str | None, picture: str | None = None) -> int | None:
    """$toMillis. The port lets Python's error out for a timestamp that is none."""
    refusal = JException("D3110", -1, timestamp)
    if timestamp is not None and picture is None and not re.match(r"^\d{4}(-\d\d(-\d\d(T.*)?)?)?$", timestamp):
        raise refusal
    try:
        return Functions.datetime_to_millis(timestamp, picture)
    except ValueError:
        raise refusal from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
