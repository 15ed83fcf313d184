"""`longhaul check`: are the stacks right? Needs neither AWS nor Pulumi nor the sandbox."""

import sys
from typing import Annotated

import typer

from cli import project


def check(
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks to check; all when none is named.")] = None,
) -> None:
    """Validate stacks: every mistake at once, each with its file, line and field."""
    from spec.errors import SpecErrors
    from spec.load import load_stack, stack_names

    names = stacks or stack_names(project.root())
    if not names:
        print(f"{project.root()}: expected a stack's file such as Pulumi.dev.yaml, found none", file=sys.stderr)
        raise typer.Exit(2)
    wrong: dict[str, None] = {}
    for name in names:
        try:
            stack = load_stack(project.root(), name)
        except SpecErrors as errors:
            # A mistake in a job's own file shows in every stack that runs it: say it once.
            wrong |= dict.fromkeys(str(error) for error in errors.errors)
        else:
            print(f"{name}: {len(stack.jobs)} {'job' if len(stack.jobs) == 1 else 'jobs'}, no mistakes")
    for line in wrong:
        print(line, file=sys.stderr)
    raise typer.Exit(2 if wrong else 0)
