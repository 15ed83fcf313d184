"""`longhaul sandbox`: a stack, deployed and run on this machine with no AWS account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli import faults, project
from cli.arguments import LONGEST_HOURS, Output, instant, json_or_file

FaultOption = Annotated[
    list[str] | None,
    typer.Option("--fault", metavar="FAULT", help="Something that goes wrong, see below; may be repeated."),
]

app = typer.Typer(help="Run a stack on this machine, with no AWS account.", no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog=faults.HELP)
def run(
    stack: Annotated[str, typer.Option(help="The stack to deploy.")] = "dev",
    hours: Annotated[float, typer.Option(min=0, max=LONGEST_HOURS, help="How many hours of schedules to play.")] = 24,
    start: Annotated[
        str | None, typer.Option("--from", help="ISO 8601, UTC without an offset; now when absent.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Start this job now instead of playing the schedules.")] = None,
    job_input: Annotated[str | None, typer.Option("--input", help="The input of --job, as JSON or @file.")] = None,
    fault: FaultOption = None,
    output: Annotated[Output, typer.Option(help="How to print the runs.")] = Output.TABLE,
) -> None:
    """Deploy a stack here, play its schedules at full speed and show how each run ended.

    Exits with 0 only if no run failed; with --job, with the exit code of the job.
    """
    if job_input is not None and job is None:
        raise typer.BadParameter("--input goes with --job")
    given = None if job_input is None else json_or_file(job_input)
    # Rates count from the minute their rule was made in: a run that begins within one would lose or gain a firing.
    begin = (datetime.now(UTC) if start is None else instant(start)).replace(second=0, microsecond=0)

    from cli import sandbox_run

    if job is None:
        end = begin + timedelta(hours=hours)
        ended = sandbox_run.play_schedules(project.root(), stack, begin, end, fault or (), output)
    else:
        ended = sandbox_run.start_job(project.root(), stack, job, given, begin, fault or (), output)
    raise typer.Exit(ended)


@app.command(epilog=faults.HELP)
def serve(
    stack: Annotated[str | None, typer.Option(help="The stack to deploy; none when absent.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; any free one when absent.")] = 0,
    speed: Annotated[
        float,
        typer.Option(
            min=0.001, help="How fast the clock goes: 60 makes an hour a minute, for the timeouts of running jobs too."
        ),
    ] = 1,
    fault: FaultOption = None,
) -> None:
    """Stay up as an AWS endpoint on this machine, firing schedules by the clock, until Ctrl-C."""
    from cli import sandbox_serve

    sandbox_serve.serve(project.root(), stack, port, speed, fault or ())
