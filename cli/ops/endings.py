"""How a run that was waited for ended, in words and as an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import notices
from cli.ops.times import length_text

if TYPE_CHECKING:
    from cli.ops.options import Where
    from ops.runs import Run
    from ops.stack import DeployedJob

WaitOption = Annotated[bool, typer.Option("--wait", help="Wait for its end; the exit code is then the job's.")]


def wait_and_tell(
    where: Where, job: DeployedJob, execution_arn: str, *, redrives: int = 0, follow: bool = False
) -> Run:
    """Wait for the end of a run and say how it ended; with `follow`, print meanwhile what it writes.

    On Ctrl-C it goes on, which is said.
    """
    try:
        # Here, since its ARN has been printed: Ctrl-C may come while this is imported.
        from ops.waiting import wait_for_end

        if follow:
            _print_lines(where, job, execution_arn)
        run = wait_for_end(where.aws, job, execution_arn, redrives=redrives)
    except KeyboardInterrupt:
        from ops.task_changes import run_name

        name = run_name(execution_arn)
        notices().print(f"The run goes on. To end it: longhaul stop {job.name}@{name}", markup=False)
        raise
    tell(run)
    return run


def _print_lines(where: Where, job: DeployedJob, execution_arn: str) -> None:
    from cli.ops.logs import write_for_people
    from ops.logs import read_lines
    from ops.names import NamedRun
    from ops.waiting import wait_until_seen

    wait_until_seen(where.aws, job, execution_arn)
    write = write_for_people(timestamps=False, utc=False)
    for line in read_lines(where.aws, NamedRun(job=job, execution_arn=execution_arn), follow=True):
        write(line)
        sys.stdout.flush()


def tell(run: Run) -> None:
    """How a run ended, in a line or two on standard error."""
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    notices().print(f"{run.name} {run.status} after {length_text(run.duration)}{code}", markup=False)
    why = ": ".join(part for part in (run.error, run.cause) if part)
    if why:
        notices().print(why, markup=False, soft_wrap=True)


def exit_code(run: Run) -> int:
    """The job's own exit code; 1 where a run that did not succeed has none, or a 0 that is no success."""
    return 0 if run.status == "SUCCEEDED" else run.exit_code or 1


def leave(run: Run) -> None:
    """End the command as the run did."""
    raise typer.Exit(exit_code(run))
