"""Expressions of the cluster query language, as placement constraints of the type memberOf have them.

Of the language, comparisons of attributes that are joined by `and`; anything else is refused.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_JOIN = re.compile(r"\s+(?:and|&&)\s+")
_COMPARISON = re.compile(
    r"\s*attribute:(?P<name>[A-Za-z0-9_.\-/]+)\s+(?P<operator>\S+)(?:\s+(?P<value>\[[^\]]*\]|\S+))?\s*"
)
_OPERATORS = {
    "==": "==", "equals": "==", "!=": "!=", "not_equals": "!=",
    "=~": "=~", "matches": "=~", "!~": "!~", "not_matches": "!~",
    "in": "in", "!in": "!in", "not_in": "!in",
    "exists": "exists", "!exists": "!exists", "not_exists": "!exists",
}  # fmt: skip
_LONGEST = 2000


@dataclass(frozen=True)
class Condition:
    """One comparison of an attribute."""

    name: str
    operator: str
    value: str

    def holds(self, attributes: Mapping[str, str]) -> bool:
        """Whether it is true of an instance with these attributes."""
        found = attributes.get(self.name)
        if self.operator.startswith("!"):
            positive = Condition(self.name, {"!=": "==", "!~": "=~"}.get(self.operator, self.operator[1:]), self.value)
            return not positive.holds(attributes)
        if found is None or self.operator == "exists":
            return found is not None
        if self.operator == "=~":
            return re.fullmatch(self.value, found) is not None
        if self.operator == "in":
            return found in [choice.strip() for choice in self.value.strip("[]").split(",")]
        return found == self.value


def conditions(expression: str) -> list[Condition]:
    """The comparisons of an expression, all of which must hold. Raises ValueError for one that is not simulated."""
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters")
    found = []
    for part in _JOIN.split(expression):
        match = _COMPARISON.fullmatch(part)
        operator = _OPERATORS.get(match["operator"]) if match else None
        needs_value = operator is not None and not operator.endswith("exists")
        if match is None or operator is None or needs_value != (match["value"] is not None):
            raise ValueError(f"the sandbox does not simulate the expression {expression!r}")
        value = match["value"] or ""
        if operator.endswith("~"):
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from error
        found.append(Condition(match["name"], operator, value))
    return found
