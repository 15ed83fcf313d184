"""The command `longhaul`: what it can do, and how it ends.

Exit codes: 0 done; 1 something failed or was found; 2 wrong use or a wrong configuration; 130 interrupted.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import check, diff, drift, new, project, render, sandbox, schema, upcoming
from sandbox.errors import SandboxError
from spec.errors import SpecErrors

app = typer.Typer(
    name="longhaul",
    help="Scheduled jobs on AWS that outlive Lambda's fifteen minutes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("drift")(drift.drift)
app.command("new")(new.new)
app.command("next")(upcoming.upcoming)
app.command("render")(render.render)
app.command("schema")(schema.schema)
app.add_typer(sandbox.app, name="sandbox")


@app.callback()
def common(
    directory: Annotated[
        Path | None,
        typer.Option("--cwd", "-C", help="The project's folder, where it is not the one this command stands in."),
    ] = None,
) -> None:
    if directory is not None:
        project.use(directory)


def main() -> None:
    """Run the command line; ends the process with an exit code of this module's docstring, never with a traceback
    for what a user can mend."""
    try:
        app(standalone_mode=True)
    except (SpecErrors, SandboxError) as errors:
        print(errors, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
