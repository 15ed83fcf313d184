"""What a review is written with: headings, paragraphs, lists and tables, whatever the format."""

from collections.abc import Sequence
from dataclasses import dataclass


class Code(str):
    """Text as it stands in a file, a policy or an expression; it may hold anything."""


Words = Sequence[str]
"""A line: plain words of our own, and Code."""


@dataclass(frozen=True)
class Heading:
    """A heading; `level` 2 is a stack's, 3 one of its parts."""

    level: int
    words: Words


@dataclass(frozen=True)
class Paragraph:
    """One line by itself; `strong` where it introduces what follows."""

    words: Words
    strong: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: Sequence[Words]


@dataclass(frozen=True)
class Table:
    """A table, each row as long as the head."""

    head: Sequence[str]
    rows: Sequence[Sequence[Words]]


Block = Heading | Paragraph | Bullets | Table
