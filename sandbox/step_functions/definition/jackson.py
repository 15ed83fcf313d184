"""What AWS says of text that is not JSON. It reads JSON with Jackson, whose words these are."""

import json
import re
from typing import Any

_VALUE = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"
_MAX_SOURCE = 500


def loads(text: str) -> Any:
    """A JSON text's value; ValueError for what Python would take and JSON does not allow (NaN, Infinity)."""
    return json.loads(text, parse_constant=_not_json)


def describe(text: str) -> str:
    """Jackson's message for a text that is not JSON, with the place in it."""
    message, consumed = _problem(text)
    return f"{message}\n at {_place(text, consumed)}"


def location(text: str) -> str:
    """The place of the first problem: `[Source: (String)"{"; line: 1, column: 2]`."""
    return _place(text, _problem(text)[1])


def _not_json(name: str) -> Any:
    raise ValueError(name)


def _place(text: str, consumed: int) -> str:
    line = text.count("\n", 0, consumed) + 1
    column = consumed - (text.rfind("\n", 0, consumed) + 1) + (1 if text.strip() else 0)
    source = f'"{text[:_MAX_SOURCE]}"'
    if len(text) > _MAX_SOURCE:
        source += f"[truncated {len(text) - _MAX_SOURCE} chars]"
    return f"[Source: (String){source}; line: {line}, column: {column}]"


def _problem(text: str) -> tuple[str, int]:
    """The message and how many characters had been read."""
    if not text.strip():
        return "No content to map due to end-of-input", 0
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return _from_python(text, error)
    found = re.search(r"-?(NaN|Infinity)", text)
    return _token(text, found.start() if found else 0)


def _from_python(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    at = error.pos
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if error.msg.startswith("Unterminated string"):
        return "Unexpected end-of-input: was expecting closing quote for a string value", len(text)
    if at >= len(text):
        return f"Unexpected end-of-input: expected close marker for {_open_container(text)}", len(text)
    if error.msg.startswith(("Expecting value", "Extra data")):
        return _token(text, at)
    expected = {
        "Expecting ',' delimiter": f"was expecting comma to separate {_container_name(text, at)} entries",
        "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    }.get(error.msg, "was expecting double-quote to start field name")
    return f"Unexpected character ({_character(text[at])}): {expected}", at + 1


def _token(text: str, at: int) -> tuple[str, int]:
    word = re.compile(r"-?\w+").match(text, at)
    if word is None:
        return f"Unexpected character ({_character(text[at])}): expected a valid value ({_VALUE})", at + 1
    return f"Unrecognized token '{word[0]}': was expecting ({_VALUE})", word.end()


def _character(character: str) -> str:
    return f"'{character}' (code {ord(character)})"


def _open_brackets(text: str, end: int) -> list[int]:
    positions: list[int] = []
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text[:end]):
        if found[0] in "{[":
            positions.append(found.start())
        elif found[0] in "}]" and positions:
            positions.pop()
    return positions


def _container_name(text: str, end: int) -> str:
    brackets = _open_brackets(text, end)
    return "Array" if brackets and text[brackets[-1]] == "[" else "Object"


def _open_container(text: str) -> str:
    brackets = _open_brackets(text, len(text))
    start = brackets[-1] if brackets else 0
    return f"{_container_name(text, len(text))} (start marker at {_place(text, start)})"
