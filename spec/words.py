"""How the project speaks of values: what was expected, what was found, and the nearest thing that would do."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

_LONGEST_SHOWN = 60
_PLAIN_KEY = re.compile(r"[\w:-]+")


class UnexpectedValueError(ValueError):
    """A value that is not what a field takes; its text is "expected X, found Y" with an optional hint."""

    def __init__(self, expected: str, found: str, hint: str = "") -> None:
        super().__init__(f"expected {expected}, found {found}" + (f": {hint}" if hint else ""))


def kind(value: object) -> str:
    """The kind of a value in YAML's terms, never the value itself."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a map"
        case list() | tuple():
            return "a list"
        case _:
            return f"a Python {type(value).__name__}"


def shown(value: object) -> str:
    """A scalar as YAML writes it, cut when it is long; anything else by its kind."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**18:
            return "a very large number"
        case int() | float():
            return str(value)
        case str():
            return f'"{shortened(value)}"'
        case _:
            return kind(value)


def shortened(text: str) -> str:
    """Text on one line, cut after 60 characters."""
    text = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like `word`, whatever its case; None when nothing is close."""
    by_folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold()[:200], by_folded, n=1)
    return by_folded[close[0]] if close else None


def nearest_hint(word: str, choices: Iterable[str]) -> str:
    """`did you mean "X"?`, or nothing when no choice is close."""
    choice = nearest(word, choices)
    return f'did you mean "{choice}"?' if choice is not None else ""


def listed(words: Iterable[object], last: str = "or") -> str:
    """`a, b or c`."""
    *front, end = [str(word) for word in words]
    return f"{', '.join(front)} {last} {end}" if front else end


def nearest_numbers_hint(value: float, legal: Sequence[int]) -> str:
    """`the nearest are 14 and 30`: the neighbours of `value` in an ascending list."""
    neighbours = [number for number in legal if number < value][-1:] + [number for number in legal if number > value][
        :1
    ]
    return f"the nearest {'are' if len(neighbours) > 1 else 'is'} {listed(neighbours, 'and')}"


def path_text(parts: Iterable[str | int]) -> str:
    """The path of a field as people read it: `longhaul:jobs.nightly.permissions[0].actions`."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{shortened(part)}" if text else shortened(part)
        else:
            text += f'["{shortened(part)}"]'
    return text
