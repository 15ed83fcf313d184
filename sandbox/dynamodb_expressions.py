"""What DynamoDB refuses of an expression before it looks at any item.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple, NoReturn

from ministack.services._dynamodb_keywords import AWS_KEYWORDS

_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_CONDITION_KEYWORDS = {"AND", "OR", "NOT", "BETWEEN", "IN"}
# Their names, which are case-sensitive, and how many operands they take.
_CONDITION_FUNCTIONS = {
    "attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2, "size": 1,
}  # fmt: skip
_UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_TOKEN = re.compile(
    r"\s*(?:(?P<name>#?[A-Za-z_]\w*|#\w+)|(?P<value>:\w+)|(?P<index>\d+)|(?P<mark><>|<=|>=|[-=<>+,().\[\]])|(?P<other>\S))",
    re.ASCII,
)

Path = tuple[str | int, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _RefusedError(Exception):
    pass


def update_problem(text: str, values: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """What is wrong with an UpdateExpression, in DynamoDB's words; None if nothing is.

    `values` and `names` are the request's ExpressionAttributeValues and ExpressionAttributeNames.
    """
    try:
        _Update(text, values, names).read()
    except _RefusedError as refused:
        return f"Invalid UpdateExpression: {refused}"
    return None


def condition_problem(text: str) -> str | None:
    """What is wrong with the names in a ConditionExpression, in DynamoDB's words; its grammar is not looked at."""
    tokens = _tokens(text)
    try:
        for position, token in enumerate(tokens):
            if token.kind != "name" or token.text.upper() in _CONDITION_KEYWORDS:
                continue
            if tokens[position + 1].text == "(":
                _check_function(token.text, _operand_count(tokens[position + 2 :]), _CONDITION_FUNCTIONS)
            else:
                _check_not_reserved(token.text)
    except _RefusedError as refused:
        return f"Invalid ConditionExpression: {refused}"
    return None


def unused_values(texts: list[str], values: Mapping[str, Any]) -> list[str]:
    """The ExpressionAttributeValues that none of the expressions uses."""
    used = {token.text for text in texts for token in _tokens(text)}
    return [name for name in values if name not in used]


def attributes(text: str, names: Mapping[str, str]) -> set[str]:
    """The top-level attributes that an expression speaks of."""
    tokens = _tokens(text)
    found = set()
    for position, token in enumerate(tokens):
        inner = position > 0 and tokens[position - 1].text == "."
        keyword = token.text.upper() in (*_CLAUSES, *_CONDITION_KEYWORDS)
        if token.kind == "name" and not inner and not keyword and tokens[position + 1].text != "(":
            found.add(names.get(token.text, token.text))
    return found


def _tokens(text: str) -> list[_Token]:
    found = [
        _Token(match.lastgroup or "", match[0].strip(), match.start(), match.end()) for match in _TOKEN.finditer(text)
    ]
    return [*found, _Token("end", "<EOF>", len(text), len(text))]


def _check_not_reserved(name: str) -> None:
    if name.upper() in AWS_KEYWORDS:
        raise _RefusedError(f"Attribute name is a reserved keyword; reserved keyword: {name}")


def _check_function(name: str, operands: int, known: Mapping[str, int]) -> None:
    if name not in known:
        raise _RefusedError(f"Invalid function name; function: {name}")
    if operands != known[name]:
        raise _RefusedError(
            "Incorrect number of operands for operator or function; operator or function: "
            f"{name}, number of operands: {operands}"
        )


def _operand_count(after_parenthesis: list[_Token]) -> int:
    depth, count = 1, 1
    for token in after_parenthesis:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0:
            break
        count += token.text == "," and depth == 1
    return count


class _Update:
    """A reader of one update expression."""

    def __init__(self, text: str, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._text = text
        self._values = values
        self._names = names
        self._tokens = _tokens(text)
        self._position = 0
        self._targets: list[Path] = []

    def read(self) -> None:
        """Raise _RefusedError for the first thing that is wrong."""
        seen = set()
        while self._next.kind != "end" or not seen:
            clause = self._next.text.upper()
            if clause not in _CLAUSES:
                self._fail()
            if clause in seen:
                raise _RefusedError(f'The "{clause}" section can only be used once in an update expression;')
            seen.add(clause)
            self._position += 1
            self._action(clause)
            while self._next.text == ",":
                self._position += 1
                self._action(clause)
        self._check_overlaps()

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _action(self, clause: str) -> None:
        self._targets.append(self._path())
        if clause == "SET":
            self._take("=")
            self._value()
        elif clause != "REMOVE":
            if self._next.kind != "value":
                self._fail()
            self._position += 1

    def _value(self) -> None:
        self._operand()
        if self._next.text in ("+", "-"):
            self._position += 1
            self._operand()

    def _operand(self) -> None:
        token = self._next
        if token.kind == "value":
            self._position += 1
        elif token.text == "(":
            self._position += 1
            self._value()
            self._take(")")
        elif token.kind == "name" and self._tokens[self._position + 1].text == "(":
            self._function(token.text)
        else:
            self._path()

    def _function(self, name: str) -> None:
        inside = self._tokens[self._position + 2 :]
        _check_function(name, _operand_count(inside), _UPDATE_FUNCTIONS)
        self._position += 2
        for number in range(_UPDATE_FUNCTIONS[name]):
            if number:
                self._take(",")
            if name == "if_not_exists" and number == 0:
                self._path()
                continue
            if name == "list_append":
                self._check_list(self._next)
            self._operand()
        self._take(")")

    def _check_list(self, token: _Token) -> None:
        for kind in self._values.get(token.text, ()):
            if kind != "L":
                raise _RefusedError(
                    "Incorrect operand type for operator or function; operator or function: list_append, "
                    f"operand type: {kind}"
                )

    def _path(self) -> Path:
        parts: list[str | int] = [self._name()]
        while self._next.text in (".", "["):
            self._position += 1
            if self._tokens[self._position - 1].text == ".":
                parts.append(self._name())
                continue
            if self._next.kind != "index":
                self._fail()
            parts.append(int(self._next.text))
            self._position += 1
            self._take("]")
        return tuple(parts)

    def _name(self) -> str:
        token = self._next
        if token.kind != "name" or token.text.upper() in _CLAUSES:
            self._fail()
        _check_not_reserved(token.text)
        self._position += 1
        return self._names.get(token.text, token.text)

    def _take(self, text: str) -> None:
        if self._next.text != text:
            self._fail()
        self._position += 1

    def _fail(self) -> NoReturn:
        last = len(self._tokens) - 1
        near = self._text[
            self._tokens[max(self._position - 1, 0)].start : self._tokens[min(self._position + 1, last)].end
        ]
        raise _RefusedError(f'Syntax error; token: "{self._next.text}", near: "{near.strip()}"')

    def _check_overlaps(self) -> None:
        for one, other in combinations(self._targets, 2):
            shorter = min(len(one), len(other))
            if one[:shorter] == other[:shorter]:
                raise _RefusedError(
                    "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                    f"path one: {_shown(one)}, path two: {_shown(other)}"
                )


def _shown(path: Path) -> str:
    return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in path)}]"
