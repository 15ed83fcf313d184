"""`longhaul diff`: what a change of the files means. Needs git for revisions, and neither AWS nor Pulumi."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli import project
from cli.arguments import instant
from cli.git_revision import extract


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    base: Annotated[str, typer.Argument(help="What was: a git revision, or a folder with a Pulumi.yaml.")],
    head: Annotated[
        str | None, typer.Argument(help="What is to be; the project's files as they are when absent.")
    ] = None,
    stack: Annotated[str | None, typer.Option(help="Only this stack; all when absent.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Count the next runs from here: ISO 8601, UTC without an offset; now when absent."),
    ] = None,
) -> None:
    """Show what a change means: jobs, fields, next runs, IAM statements, sizes and warnings.

    Both sides are read with this Longhaul, so a change of Longhaul itself shows in `pulumi preview` only.
    """
    from review.report import StackMistakes
    from review.revisions import review_folders

    moment = datetime.now(UTC) if start is None else instant(start)
    with TemporaryDirectory(prefix="longhaul-diff-") as scratch:
        old = _folder(base, Path(scratch) / "base")
        new = project.root() if head is None else _folder(head, Path(scratch) / "head")
        reviews = review_folders(old, new, moment, stack)
    if output is Format.JSON:
        from review.as_json import as_json

        print(json.dumps(as_json(reviews), indent=2))
    else:
        from review.markdown import markdown
        from review.outline import outline
        from review.text import text

        print((markdown if output is Format.MARKDOWN else text)(outline(reviews)), end="")
    raise typer.Exit(2 if any(isinstance(one, StackMistakes) for one in reviews) else 0)


def _folder(side: str, scratch: Path) -> Path:
    folder = Path(side)
    if (folder / "Pulumi.yaml").is_file():
        return folder
    scratch.mkdir()
    extract(project.root(), side, scratch)
    return scratch
