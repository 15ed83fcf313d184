"""`longhaul doctor`: what is wrong with a deployed stack, or will be."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli import project
from cli.ops.options import Listing, OutputOption, Where, verb
from cli.ops.tables import Column, print_listing

if TYPE_CHECKING:
    from ops.doctor import ExpectedJob, Finding


@verb
def doctor(
    where: Where,
    intervals: Annotated[
        int, typer.Option(min=1, max=100, help="How many times of its schedule a job may go without a success.")
    ] = 3,
    no_checkout: Annotated[
        bool, typer.Option("--no-checkout", help="Do not compare with the checked-out stack.")
    ] = False,
    output: OutputOption = Listing.TABLE,
) -> None:
    """Look for what is wrong with a deployed stack, or will be. Exit code 1 when something is found."""
    from ops.doctor import examine

    found = examine(
        where.aws,
        where.project,
        where.stack_name,
        now=datetime.now(UTC),
        intervals=intervals,
        expected=_expected(where.stack_name, no_checkout=no_checkout),
    )
    if output is Listing.TABLE:
        _print(found)
    else:
        print_listing(found, _columns(), output, nothing="")
    raise typer.Exit(1 if found else 0)


def _expected(stack: str, *, no_checkout: bool) -> list[ExpectedJob] | None:
    """The checked-out stack; None, after saying so, where it is not to be compared with, or not there."""
    from cli.expected_jobs import expected_jobs

    file = f"Pulumi.{stack}.yaml"
    if not no_checkout and (project.root() / file).is_file():
        return expected_jobs(project.root(), stack)
    why = "--no-checkout" if no_checkout else f"there is no {file} here"
    print(f"Not compared with the checked-out stack: {why}.", file=sys.stderr)
    return None


def _columns() -> list[Column[Finding]]:
    return [
        Column("check", lambda row: row.check),
        Column("job", lambda row: row.job),
        Column("problem", lambda row: row.problem),
        Column("advice", lambda row: row.advice),
        Column("arn", lambda row: row.arn),
    ]


def _print(found: list[Finding]) -> None:
    """Sentences, which no column would hold."""
    from rich.markup import escape

    from cli.console import console

    if not found:
        console().print("Nothing is wrong.")
        return
    for finding in found:
        whose = f" {finding.job}" if finding.job else ""
        console().print(f"[yellow]{finding.check}[/]{escape(whose)}", soft_wrap=True)
        for line in filter(None, (finding.problem, finding.advice, finding.arn)):
            console().print(f"  {escape(line)}", soft_wrap=True)
