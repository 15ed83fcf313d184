"""`longhaul rerun`: does a run again, or all of a job that failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import notices
from cli.ops.endings import WaitOption, leave, wait_and_tell
from cli.ops.inputs import InputOption, read_input, shown_input
from cli.ops.options import DryRunOption, Where, YesOption, confirm, verb
from cli.ops.times import length_text, since
from spec.words import shortened

if TYPE_CHECKING:
    from ops.runs import Run
    from ops.stack import DeployedJob


@verb
def rerun(
    where: Where,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="An execution's ARN or name, or JOB@latest, JOB@-2, JOB@failed."),
    ] = None,
    given: InputOption = None,
    changed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change one place of the old input: a.b.0=JSON or text."),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option("--from", metavar="STEP", help="Begin with this step, with what those before it left."),
    ] = None,
    failed: Annotated[
        str | None, typer.Option("--failed", metavar="JOB", help="All runs of a job that failed since --since.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="2h, 7d, or a time; with --failed.")
    ] = None,
    wait: WaitOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Start a new run with the input of an old one, or a changed one; of a job with steps, from one of them on."""
    if (run is None) == (failed is None):
        raise typer.BadParameter("expected a RUN, or --failed JOB")
    if failed is not None:
        if start is None or given is not None or changed or step is not None:
            raise typer.BadParameter("--failed takes --since and no other input")
        _rerun_failed(where, failed, since(start), yes=yes, dry_run=dry_run)
        return
    if start is not None:
        raise typer.BadParameter("--since goes with --failed")
    if given is not None and changed:
        raise typer.BadParameter("expected --input or --set, found both")
    _rerun_one(where, str(run), given, changed or [], step, wait=wait, dry_run=dry_run)


def _rerun_one(
    where: Where, text: str, given: str | None, changed: list[str], step: str | None, *, wait: bool, dry_run: bool
) -> None:
    from ops.job_runs import read_job_run
    from ops.names import find_run
    from ops.rerunning import own_input, rerun_input

    named = find_run(where.aws, where.stack, text)
    old = read_job_run(where.aws, named.job, named.execution_arn)
    if old.status == "RUNNING":
        raise typer.BadParameter(f"{old.name} of {old.job} still runs: stop it first, or start another")
    execution_input = rerun_input(old)
    before = {key: execution_input[key] for key in ("input",) if key in execution_input}
    if given is not None:
        execution_input["input"] = read_input(given)
    elif changed:
        before = before or {"input": own_input(where.aws, old)}
        execution_input["input"] = _changed(before["input"], changed)
    if given is not None or changed:
        _show_changes(before, {"input": execution_input["input"]})
    if step is not None:
        execution_input = _from_step(where, named.job, old, step, execution_input)
    if dry_run:
        print(shown_input(execution_input))
        return
    execution_arn = _start(where, named.job, execution_input)
    if wait:
        leave(wait_and_tell(where, named.job, execution_arn))


def _from_step(where: Where, job: DeployedJob, old: Run, step: str, execution_input: dict[str, Any]) -> dict[str, Any]:
    """The input of a run that begins with a step; what it takes over is said."""
    from ops.step_reruns import beginning

    begins = beginning(where.aws, job, old, step)
    changed = begins.of(execution_input)
    notices().print(f"Begins with {step}; left out: {', '.join(begins.left_out) or 'nothing'}.", markup=False)
    for name, result in begins.results.items():
        text = shortened(json.dumps(result, ensure_ascii=False))
        notices().print(f"{name}: {text}, of {old.name}", markup=False, soft_wrap=True)
    return changed


def _rerun_failed(where: Where, text: str, earliest: datetime, *, yes: bool, dry_run: bool) -> None:
    from ops.names import find_job
    from ops.rerunning import failed_runs, rerun_input

    job = find_job(where.stack, text)
    runs = failed_runs(where.aws, job, earliest)
    if not runs:
        print(f"No run of {job.name} has failed since then, or each was made up for.")
        return
    for run in runs:
        age = length_text(datetime.now(UTC) - run.started)
        what = f"{run.name}, {age} ago, for {run.scheduled_time or 'no scheduled time'}: {run.error or run.status}"
        notices().print(what, markup=False, soft_wrap=True)
    if dry_run:
        print(f"Would run {len(runs)} again, one after another.")
        return
    confirm(f"Run {len(runs)} of {job.name} again, one after another?", yes=yes)
    # One at a time: those of a job that does not overlap would be skipped, or replaced.
    ended = [wait_and_tell(where, job, _start(where, job, rerun_input(run))) for run in runs]
    if any(run.status != "SUCCEEDED" for run in ended):
        raise typer.Exit(1)


def _start(where: Where, job: DeployedJob, execution_input: dict[str, Any]) -> str:
    from ops.starting import check_input, new_name, start_run

    name = new_name("rerun")
    check_input(where.aws, where.stack, job, name, execution_input)
    execution_arn = start_run(where.aws, job, name, execution_input)
    print(execution_arn, flush=True)
    return execution_arn


def _changed(value: Any, changed: list[str]) -> Any:
    """The old input with what `--set` changes."""
    from ops.rerunning import with_value

    for text in changed:
        path, equals, new = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set: expected PATH=VALUE, found {text!r}")
        value = with_value(value, path, _value(new))
    return value


def _value(text: str) -> Any:
    try:
        json.loads(text)
    except ValueError:
        return text
    return read_input(text)


def _show_changes(before: dict[str, Any], after: dict[str, Any]) -> None:
    from ops.rerunning import changes

    found = changes(before, after)
    for change in found:
        nothing = "the job's own" if change.path == "input" else "nothing"
        line = f"{change.path}: {change.before or nothing} -> {change.after or nothing}"
        notices().print(line, markup=False, soft_wrap=True)
    if not found:
        notices().print("The input is as it was.")
