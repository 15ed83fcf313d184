"""`longhaul backfill`: a run for each past time of a job's schedule that none has done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import instant, utc_text
from cli.console import notices
from cli.ops.endings import tell
from cli.ops.options import DryRunOption, JobArgument, Where, YesOption, confirm, verb

if TYPE_CHECKING:
    from ops.backfilling import Due
    from ops.runs import Run
    from ops.stack import DeployedJob


@verb
def backfill(
    where: Where,
    job: JobArgument,
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="The first time, such as 2026-11-24T03:15:00Z.")],
    last: Annotated[str, typer.Option("--to", metavar="TIME", help="The last time; itself included.")],
    concurrency: Annotated[int, typer.Option(min=1, max=50, help="How many runs at once.")] = 1,
    max_failures: Annotated[int, typer.Option(min=1, help="Start no more after so many that did not succeed.")] = 1,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Run a job once for each time of a span at which its schedule fires and no run has succeeded, oldest first."""
    from ops.backfilling import plan
    from ops.names import find_job

    found = find_job(where.stack, job)
    planned = plan(where.aws, found, instant(first), min(instant(last), datetime.now(UTC)))
    done = f"{planned.done} of its times there are done or being done"
    if not planned.due:
        print(f"Nothing to run of {found.name}: {done}.")
        return
    if dry_run:
        for due in planned.due:
            print(utc_text(due.time))
        notices().print(f"Would run {found.name} for {len(planned.due)} times; {done}.", markup=False)
        return
    confirm(f"Run {found.name} for {len(planned.due)} times, {utc_text(planned.due[0].time)} first?", yes=yes)
    runs = _run(where, found, planned.due, concurrency=concurrency, max_failures=max_failures)
    succeeded = sum(run.status == "SUCCEEDED" for run in runs)
    print(f"{succeeded} of {len(planned.due)} succeeded; {len(planned.due) - len(runs)} were not started.")
    if succeeded < len(planned.due):
        raise typer.Exit(1)


def _run(where: Where, job: DeployedJob, due: tuple[Due, ...], *, concurrency: int, max_failures: int) -> list[Run]:
    """The runs that ended, while a bar shows how far it is."""
    from rich.progress import Progress

    from ops import backfilling

    runs = []
    try:
        with Progress(console=notices(), transient=True) as progress:
            task = progress.add_task(job.name, total=len(due))
            for run in backfilling.backfill(where.aws, job, due, concurrency=concurrency, max_failures=max_failures):
                runs.append(run)
                progress.advance(task)
                notices().print(f"{run.scheduled_time}:", end=" ", markup=False)
                tell(run)
    except KeyboardInterrupt:
        notices().print("No more is started; runs that go on do. The same command does what is left.", markup=False)
        raise
    return runs
