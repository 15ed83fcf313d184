"""Variables in IAM's policies: `${aws:PrincipalTag/team}`, and with a value for those without, `${..., 'none'}`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

_VARIABLE = re.compile(r"\$\{(?P<key>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
_NOTHING = "\0"
"""Matches no ARN and no value of a key."""

Resolve = Callable[[str], Any]
"""Gives the value of a condition key, or None."""


def filled(statement: Any, resolve: Resolve) -> Any | None:
    """A parsed statement with the values of its variables; itself where it has none; None for one that is void.

    A variable without a value matches nothing. AWS may take the whole statement for invalid then: an Allow is.
    """
    if not _has_variables(statement):
        return statement
    values = _Values(resolve)
    done = replace(
        statement,
        resources=values.fill(statement.resources),
        not_resources=values.fill(statement.not_resources),
        conditions={
            operator: {key: values.fill(expected) for key, expected in keys.items()}
            for operator, keys in _conditions(statement)
        },
    )
    return None if values.missing and statement.effect == "Allow" else done


def _has_variables(statement: Any) -> bool:
    texts = [*statement.resources, *statement.not_resources]
    for _, keys in _conditions(statement):
        for expected in keys.values():
            texts += expected if isinstance(expected, list) else [expected]
    return any("${" in text for text in texts if isinstance(text, str))


def _conditions(statement: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operators with their keys; what is not written so counts for nothing, as with MiniStack."""
    yield from (one for one in (statement.conditions or {}).items() if isinstance(one[1], dict))


class _Values:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self.missing = False

    def fill(self, value: Any) -> Any:
        """A text, or a list of them, with its variables' values."""
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return _VARIABLE.sub(self._value, value) if isinstance(value, str) else value

    def _value(self, found: re.Match[str]) -> str:
        value = self._resolve(found["key"].strip())
        # Of a key with several values AWS makes no variable.
        if isinstance(value, str):
            return value
        if found["default"] is not None:
            return found["default"]
        self.missing = True
        return _NOTHING
