"""`longhaul check`: are the stacks right? Needs neither AWS nor Pulumi nor the sandbox, but for `--deployed`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli import project
from cli.arguments import utc_text

if TYPE_CHECKING:
    from ops.deployed import DisturbedJob
    from spec.stack import StackSpec


def check(
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks to check; all when none is named.")] = None,
    deployed: Annotated[
        bool,
        typer.Option(
            "--deployed",
            help="Also look into AWS, as the environment says: is a job running that would go, or move elsewhere?",
        ),
    ] = False,
) -> None:
    """Validate stacks: every mistake at once, each with its file, line and field.

    With --deployed, exit code 1 says that a job is running that would be removed, renamed, or moved to run elsewhere.
    """
    from spec.load import stack_names

    if deployed and not stacks:
        raise typer.BadParameter("--deployed looks into one account: name the stacks that are in it")
    names = stacks or stack_names(project.root())
    if not names:
        print(f"{project.root()}: expected a stack's file such as Pulumi.dev.yaml, found none", file=sys.stderr)
        raise typer.Exit(2)
    right = _validated(names)
    if len(right) < len(names):
        raise typer.Exit(2)
    # All of them, before any of them ends it.
    in_the_way = [_in_the_way(stack) for stack in right] if deployed else []
    raise typer.Exit(1 if any(in_the_way) else 0)


def _validated(names: list[str]) -> list[StackSpec]:
    """The stacks without mistakes, after saying what is wrong with the others."""
    from spec.errors import SpecErrors
    from spec.load import load_stack

    wrong: dict[str, None] = {}
    right = []
    for name in names:
        try:
            stack = load_stack(project.root(), name)
        except SpecErrors as errors:
            # A mistake in a job's own file shows in every stack that runs it: say it once.
            wrong |= dict.fromkeys(str(error) for error in errors.errors)
        else:
            if large := _large_policies(stack):
                wrong |= dict.fromkeys(large)
                continue
            print(f"{name}: {len(stack.jobs)} {'job' if len(stack.jobs) == 1 else 'jobs'}, no mistakes")
            _say_notes(stack)
            right.append(stack)
    for line in wrong:
        print(line, file=sys.stderr)
    return right


def _large_policies(stack: StackSpec) -> list[str]:
    """A mistake for each policy of the stack's roles that IAM would refuse."""
    from definitions.policy_sizes import MOST_CHARACTERS, large_policies

    return [
        f"Pulumi.{stack.name}.yaml longhaul:jobs.{large.job}: expected at most {MOST_CHARACTERS:,} characters of "
        f"policy, IAM's limit, for the {large.role.replace('-', ' ')}, found {large.characters:,}: part the "
        f"{'stack' if large.role == 'trigger-role' else 'job'} into several"
        for large in large_policies(stack)
    ]


def _say_notes(stack: StackSpec) -> None:
    """Say what is right and still worth a word; what is the same of several jobs, once."""
    from spec.run_on_rules import notes
    from spec.words import listed, path_text

    jobs_of: dict[tuple[str, str], list[str]] = {}
    for job in stack.jobs:
        for note in notes(job, stack.network):
            jobs_of.setdefault((path_text(note.loc), note.message), []).append(job.name)
    for (path, message), jobs in jobs_of.items():
        print(f"  {listed(jobs, 'and')}, {path}: {message}")


def _in_the_way(stack: StackSpec) -> bool:
    """Whether a job that would be removed or moved is running, after saying so."""
    from ops.aws import Aws
    from ops.deployed import jobs_to_be_disturbed
    from ops.stack import TASK

    places = {job.name: job.run_on.place for job in stack.jobs}
    disturbed = jobs_to_be_disturbed(Aws(region=stack.region), stack.project, stack.name, places)
    busy = [job for job in disturbed if job.running]
    if not busy:
        going = f" ({', '.join(f'{job.name} would {_becomes(job)}' for job in disturbed)})" if disturbed else ""
        print(f"{stack.name}: no run is in the way{going}")
        return False
    for job in busy:
        _say_busy(stack, job)
    if any(job.moves_to in (None, TASK) and job.state_machine_arn for job in busy):
        print(
            "AWS deletes a state machine when its runs have ended: it lets the present attempt end and then terminates "
            "the run, whatever came of it.",
            file=sys.stderr,
        )
    if any(job.stays_on_lambda for job in busy):
        print(
            "A function that is to be made from something else is deleted and made anew: a run that tries again finds "
            "its version gone.",
            file=sys.stderr,
        )
    if any(job.moves_to is not None and not job.stays_on_lambda for job in busy):
        print(
            "A job that moves loses the permissions that its runs have where they are: what they do next is denied.",
            file=sys.stderr,
        )
    print(
        "Wait until these have ended, or stop each:\n"
        f"  ./longhaul stop ARN --stack {stack.name}\n"
        "So that its schedule starts no more, before the deployment, and after it `resume`:\n"
        f"  ./longhaul pause JOB --stack {stack.name}",
        file=sys.stderr,
    )
    return True


def _becomes(job: DisturbedJob) -> str:
    """What would become of it, after `would`."""
    return "go" if job.moves_to is None else f"move from {job.runs_on} to {job.moves_to}"


def _say_busy(stack: StackSpec, job: DisturbedJob) -> None:
    runs = "1 run of it goes on" if len(job.running) == 1 else f"{len(job.running)} runs of it go on"
    becomes = "be removed" if job.moves_to is None else _becomes(job)
    print(f"{stack.name}: {job.name} would {becomes}, and {runs}:", file=sys.stderr)
    for run in job.running:
        print(f"  {run.arn} since {utc_text(run.started)}", file=sys.stderr)
