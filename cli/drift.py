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
        drift = read_drift(json.loads(sys.stdin.read() if str(found) == "-" else found.read_text()))
    except OSError as error:
        raise typer.BadParameter(f"cannot read {found}: {error.strerror}") from None
    except UnreadableDriftError as error:
        raise typer.BadParameter(f"{found}: {error}") from None
    except ValueError as error:
        raise typer.BadParameter(f"{found}: expected JSON: {error}") from None
    print((markdown if output is Format.MARKDOWN else text)([*drift_outline(drift)]), end="")
    raise typer.Exit(1 if drift.drifted else 0)
