"""The command `longhaul`: what it can do, and how it ends.

Exit codes: 0 done; 1 something failed or was found; 2 wrong use or a wrong configuration; 3 AWS said no;
130 interrupted.
"""

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import check, diff, drift, new, project, render, sandbox, schema, upcoming
from cli.ops import (
    backfill,
    calendar,
    dead_letters,
    doctor,
    history,
    logs,
    pause,
    policy,
    redrive,
    rerun,
    show,
    start,
    status,
    stop,
)
from ops.aws import refusals
from ops.errors import OpsError
from sandbox.errors import SandboxError
from spec.errors import SpecErrors

app = typer.Typer(
    name="longhaul",
    help="Scheduled jobs on AWS that outlive Lambda's fifteen minutes.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check", short_help="Validate stacks.")(check.check)
app.command("diff", short_help="Show what a change of the stacks means.")(diff.diff)
app.command("drift")(drift.drift)
app.command("new", short_help="Make a job's folder to start from.")(new.new)
app.command("next", short_help="Show when what runs next.")(upcoming.upcoming)
app.command("render", short_help="Print the AWS documents a job becomes.")(render.render)
app.command("backfill", short_help="Run past times of a schedule.")(backfill.backfill)
app.command("calendar", short_help="Show what will run when.")(calendar.calendar)
app.command("doctor", short_help="Look for what is wrong with a stack.")(doctor.doctor)
app.command("history", short_help="Show the runs of a job.")(history.history)
app.command("pause", short_help="Switch a job's trigger off.")(pause.pause)
app.command("policy", short_help="Print the IAM policy that an operator needs.")(policy.policy)
app.command("redrive", short_help="Continue a run where it stands.")(redrive.redrive)
app.command("rerun", short_help="Do a run again.")(rerun.rerun)
app.command("resume", short_help="Switch a paused job's trigger on.")(pause.resume)
app.command("start", short_help="Start a run of a job now.")(start.start)
app.command("logs", short_help="Print what the tasks of a run wrote.")(logs.logs)
app.command("show", short_help="Show one run from its start to its end.")(show.show)
app.command("status", short_help="Show how every job is doing.")(status.status)
app.command("stop", short_help="Stop a run and its task.")(stop.stop)
app.command("schema", short_help="Print the JSON Schema editors use.")(schema.schema)
app.add_typer(dead_letters.app, name="dead-letters")
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
    # Or the interpreter's last look for garbage takes a second after a run of the sandbox.
    atexit.register(gc.freeze)
    try:
        try:
            with refusals():
                app(prog_name="longhaul", standalone_mode=True)
        finally:
            # What cannot be written is an error now, and not one of the interpreter's when it ends.
            if sys.stdout is not None:
                sys.stdout.flush()
    except (SpecErrors, SandboxError) as errors:
        print(errors, file=sys.stderr)
        sys.exit(2)
    except OpsError as error:
        print(f"longhaul: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a folder that may not be written to; or a reader such as `head` that has seen enough.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        place = f"{error.filename}: " if error.filename else ""
        print(f"longhaul: {place}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
