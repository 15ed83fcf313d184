"""A review in GitHub's Markdown: https://github.github.com/gfm/"""

import re
from collections.abc import Sequence

from review.blocks import Block, Bullets, Code, Heading, Paragraph, Table, Words


def markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown, with a line break at the end."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, words):
            return f"{'#' * level} {_line(words)}"
        case Paragraph(words, strong):
            return f"**{_line(words)}**" if strong else _line(words)
        case Bullets(items):
            return "\n".join(f"- {_line(item)}" for item in items)
        case Table(head, rows):
            lines = [head, ["---"] * len(head), *([_cell(cell) for cell in row] for row in rows)]
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(words: Words) -> str:
    # A bar ends a cell even within code, where a backslash before it is taken away again.
    return _line(words).replace("|", r"\|")


def _line(words: Words) -> str:
    return "".join(_code(word) if isinstance(word, Code) else word for word in words)


def _code(text: str) -> str:
    """A code span: fenced with more backticks than it holds."""
    text = "".join(letter if letter.isprintable() else " " for letter in text) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"
