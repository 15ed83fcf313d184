"""Durations as people write them: `45s`, `90m`, `2h30m`, `1d`."""

import re
from typing import Any

from spec.forms import Form
from spec.words import UnexpectedValueError, shown

DAY_SECONDS = 86_400
_UNITS = {"d": DAY_SECONDS, "h": 3_600, "m": 60, "s": 1}
_PATTERN = r"(?=[0-9])(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?"
_COMPILED = re.compile(_PATTERN)


def parse_duration(text: str) -> int | None:
    """Seconds in `2h30m`: days, hours, minutes, seconds in that order, each at most once; None for anything else."""
    match = _COMPILED.fullmatch(text)
    if match is None:
        return None
    return sum(int(count) * unit for count, unit in zip(match.groups(), _UNITS.values(), strict=True) if count)


def duration_text(seconds: int) -> str:
    """Seconds as the shortest duration: 9000 is `2h30m`, 0 is `0s`."""
    text = ""
    for letter, unit in _UNITS.items():
        count, seconds = divmod(seconds, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"


def duration(lowest: int, highest: int, *, unit: str = "s", example: str = "90m or 2h30m") -> Form:
    """A duration between two others in seconds, both included; in Python a whole number of `unit` (s or m)."""
    seconds_per_unit = _UNITS[unit]
    whole = "" if unit == "s" else ", in whole minutes"
    expects = f"a duration from {duration_text(lowest)} to {duration_text(highest)}{whole}, such as {example}"

    def read(value: Any) -> int:
        seconds = parse_duration(value) if isinstance(value, str) else None
        if seconds is None:
            bare = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            raise UnexpectedValueError(expects, shown(value), f"a unit is missing, as in {value}{unit}" if bare else "")
        if not lowest <= seconds <= highest or seconds % seconds_per_unit:
            raise UnexpectedValueError(expects, shown(value))
        return seconds // seconds_per_unit

    def read_canonical(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value * seconds_per_unit <= highest:
            return value
        raise UnexpectedValueError(expects, shown(value))

    def written(value: int) -> str:
        return duration_text(value * seconds_per_unit)

    return Form(expects, read, {"type": "string", "pattern": f"^{_PATTERN}$"}, read_canonical, written)
