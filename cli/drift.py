"""`longhaul drift`: what someone changed in AWS, in what Pulumi found."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"


def drift(
    found: Annotated[
        Path, typer.Argument(help="What `pulumi refresh --preview-only --json` printed; - for standard input.")
    ],
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
) -> None:
    """Show what is not as it was deployed. Jobs that are paused are none of it. Exit code 1 when there is drift."""
    from review.drift import UnreadableDriftError, drift_outline, read_drift
    from review.markdown import markdown
    from review.text import text

    try:
        content = sys.stdin.read() if str(found) == "-" else found.read_text()
        drift = read_drift(json.loads(content))
    except (OSError, ValueError) as error:
        # JSON's own errors and UnreadableDriftError are ValueErrors too.
        said = error if isinstance(error, (UnreadableDriftError, OSError)) else f"expected JSON: {error}"
        raise typer.BadParameter(f"{found}: {said}") from None
    print((markdown if output is Format.MARKDOWN else text)([*drift_outline(drift)]), end="")
    raise typer.Exit(1 if drift.drifted else 0)
