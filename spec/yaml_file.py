"""YAML files with the line of every key and item, read as Pulumi reads them: YAML 1.2's plain scalars.

PyYAML's own loader follows YAML 1.1, where `no` is false, `1:30` is 90 and a repeated key silently wins.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from spec.errors import SpecError, SpecErrors
from spec.model import Loc
from spec.words import kind, path_text, shortened

_Parser = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAG = "tag:yaml.org,2002:"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: value for value in (True, False) for word in (f"{value}".lower(), f"{value}", f"{value}".upper())}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
# Readers of JSON hold whole numbers exactly up to here.
_LARGEST_INTEGER = 2**53
_DEEPEST = 40
_MOST_VALUES = 200_000


@dataclass(frozen=True)
class Written:
    """A value and where it is written: `lines` has the line of every path below the whole file's value."""

    value: Any
    file: str
    path: Loc = ()
    lines: dict[Loc, int] = field(default_factory=dict, repr=False)
    # Levels at the top of `path` that people do not say: `config` in a stack's file.
    unsaid: int = 0

    def child(self, key: str | int) -> "Written":
        """The value under a key or index of this one."""
        return Written(self.value[key], self.file, (*self.path, key), self.lines, self.unsaid)

    def with_value(self, value: Any) -> "Written":
        """Another value in the same place."""
        return Written(value, self.file, self.path, self.lines, self.unsaid)

    def error(self, message: str, loc: Loc = ()) -> SpecError:
        """A mistake at `loc` below this value, on the line of the nearest part of it that is written out."""
        path = (*self.path, *loc)
        line = next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)
        return SpecError(self.file, line, path_text(path[self.unsaid :]), message)


def read_yaml(root: Path, file: str, unsaid: int = 0) -> Written:
    """The one document of a YAML file below `root`; its value is None when the file is empty.

    `unsaid` is how many levels at the top the paths in errors leave out.

    Raises SpecErrors: one error for a file that is missing, not UTF-8 or not YAML, or all the places that different
    readers of YAML would understand differently (repeated keys, numbers with a leading zero, tags).
    """
    try:
        source = (root / file).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise SpecErrors(
            [SpecError(file, None, "", f"expected UTF-8 text, found another byte at {error.start}")]
        ) from None
    except OSError as error:
        raise SpecErrors([SpecError(file, None, "", f"cannot be read: {error.strerror}")]) from None
    reader = _Reader(file, unsaid)
    try:
        value = reader.read(yaml.parse(source, _Parser))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SpecErrors([SpecError(file, line, "", f"not valid YAML: {_syntax_mistake(error)}")]) from None
    except yaml.reader.ReaderError as error:
        line = source.encode().count(b"\n", 0, error.position) + 1
        raise SpecErrors([SpecError(file, line, "", f"not valid YAML: {error.reason}")]) from None
    if reader.errors:
        raise SpecErrors(reader.errors)
    return Written(value, file, (), reader.lines, unsaid)


class _Reader:
    """Turns the parser's events into plain values, noting lines and collecting mistakes."""

    def __init__(self, file: str, unsaid: int) -> None:
        self.lines: dict[Loc, int] = {}
        self.errors: list[SpecError] = []
        self._file = file
        self._unsaid = unsaid
        self._values_read = 0
        # How many braces and brackets are open.
        self._flows = 0
        # Anchor to its value and the number of values in it.
        self._anchored: dict[str, tuple[Any, int]] = {}

    def read(self, events: Iterator[yaml.Event]) -> Any:
        """The value of the stream's one document."""
        value, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "expected one YAML document, found another after ---")
                value = self._value(next(events), events, ())
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Loc) -> Any:
        if len(path) > _DEEPEST:
            self._stop(event, f"expected at most {_DEEPEST} levels, found more")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                self._stop(event, f"expected an anchor above the alias *{shortened(event.anchor)}, found none")
            value, size = self._anchored[event.anchor]
            self._count(event, size)
            return value
        before = self._values_read
        self._count(event, 1)
        self._check_tag(event, path)
        if isinstance(event, yaml.CollectionStartEvent):
            is_flow = bool(event.flow_style)
            self._flows += is_flow
            is_map = isinstance(event, yaml.MappingStartEvent)
            value = self._mapping(events, path) if is_map else self._sequence(events, path)
            self._flows -= is_flow
        else:
            assert isinstance(event, yaml.ScalarEvent)
            value = self._scalar(event, path)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._anchored[event.anchor] = value, self._values_read - before
        return value

    def _mapping(self, events: Iterator[yaml.Event], path: Loc) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            key = (
                self._value(key_event, events, path) if not isinstance(key_event, yaml.ScalarEvent) else key_event.value
            )
            here = (*path, key)
            value_event = next(events)
            if not isinstance(key, str):
                self._refuse(key_event, path, f"expected a key that is text, found {kind(key)}")
                self._value(value_event, events, path)
            elif key in mapping:
                self._refuse(key_event, here, f"expected each key once, found it on line {self.lines[here]} too")
                self._value(value_event, events, path)
            else:
                self.lines[here] = _line(key_event)
                mapping[key] = self._value(value_event, events, here)
            if key == "<<":
                self._refuse(key_event, path, "expected plain keys, found a merge key (<<): it does not merge here")
        return mapping

    def _sequence(self, events: Iterator[yaml.Event], path: Loc) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.lines[here] = _line(event)
            items.append(self._value(event, events, here))
        return items

    def _scalar(self, event: yaml.ScalarEvent, path: Loc) -> Any:
        text = event.value
        if self._flows and event.implicit[0] and "?" in text:
            return self._refuse(
                event,
                path,
                f"expected {shortened(text)} in quotes: a plain ? ends a text within {{ }} and [ ] for Pulumi",
            )
        # implicit[0]: plain, so that its form decides what it is.
        if not event.implicit[0] or event.tag is not None or _is_text(text):
            return self._text(event, path)
        if text in _NULL:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        digits = text.lstrip("+-")
        if digits.isdecimal() and digits.startswith("0") and digits != "0":
            return self._refuse(
                event, path, f"expected {shortened(text)} in quotes: YAML readers disagree on leading zeros"
            )
        number = _number(text)
        if number is None:
            return self._refuse(
                event, path, f"expected a number that JSON holds, or text in quotes, found {shortened(text)}"
            )
        return number

    def _text(self, event: yaml.ScalarEvent, path: Loc) -> str | None:
        try:
            event.value.encode()
        except UnicodeEncodeError:
            return self._refuse(event, path, "expected text, found half of a surrogate pair")
        return event.value

    def _check_tag(self, event: yaml.Event, path: Loc) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", f"{_TAG}str", f"{_TAG}map", f"{_TAG}seq"):
            self._refuse(event, path, f"expected a value without a tag, found {shortened(tag.replace(_TAG, '!!'))}")

    def _count(self, event: yaml.Event, values: int) -> None:
        # Aliases of aliases make a small file endless.
        self._values_read += values
        if self._values_read > _MOST_VALUES:
            self._stop(event, f"expected at most {_MOST_VALUES:,} values, found more")

    def _refuse(self, event: yaml.Event, path: Loc, message: str) -> None:
        self.errors.append(SpecError(self._file, _line(event), path_text(path[self._unsaid :]), message))

    def _stop(self, event: yaml.Event, message: str) -> NoReturn:
        raise SpecErrors([*self.errors, SpecError(self._file, _line(event), "", message)])


def _is_text(plain: str) -> bool:
    return not (plain in _NULL or plain in _BOOLEANS or _INTEGER.fullmatch(plain) or _FLOAT.fullmatch(plain))


def _number(plain: str) -> int | float | None:
    """The number, or None when readers of JSON would not get the same one."""
    if _INTEGER.fullmatch(plain):
        number = int(plain, 0) if len(plain) < 20 else math.inf
        return number if abs(number) <= _LARGEST_INTEGER else None
    number = float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return number if math.isfinite(number) else None


def _syntax_mistake(error: yaml.MarkedYAMLError) -> str:
    words = error.problem or "not understood"
    if error.problem_mark:
        words += f" (column {error.problem_mark.column + 1})"
    if error.context and error.context_mark:
        words += f", {error.context} that begins on line {error.context_mark.line + 1}"
    return words


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1
