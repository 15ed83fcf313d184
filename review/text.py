"""A review as plain text."""

from collections.abc import Sequence

from review.blocks import Block, Bullets, Heading, Paragraph, Table


def text(blocks: Sequence[Block]) -> str:
    """The blocks as lines for a terminal or a log, with a line break at the end."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, words):
            title = "".join(words)
            return f"{title}\n{('=' if level == 2 else '-') * len(title)}"
        case Paragraph(words, _):
            return "".join(words)
        case Bullets(items):
            return "\n".join(f"- {''.join(item)}" for item in items)
        case Table(head, rows):
            cells = [list(head), *(["".join(cell) for cell in row] for row in rows)]
            widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
            return "\n".join(
                "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
            )
