"""`longhaul show`: one run from its start to its end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.ops.options import Listing, OutputOption, RunArgument, UtcOption, Where, verb
from cli.ops.shown_attempts import attempt_columns, lengths_text, print_attempt
from cli.ops.shown_steps import print_steps, step_as_json
from cli.ops.statuses import coloured
from cli.ops.tables import Column, as_json, print_listing
from cli.ops.times import length_text, moment_text, seconds_or_none, utc_or_none

if TYPE_CHECKING:
    from ops.show import ShownRun


@verb
def show(
    where: Where,
    run: RunArgument,
    lines: Annotated[int, typer.Option(min=0, max=10_000, help="How many of a failed run's last log lines.")] = 10,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Show one run: its steps and attempts, why each ended, what to do about it, where time went, the last it said."""
    from ops.names import find_run
    from ops.show import read_shown_run

    named = find_run(where.aws, where.stack, run)
    found = read_shown_run(where.aws, named, now=datetime.now(UTC), lines=lines)
    if output is Listing.JSON:
        print(json.dumps(_as_json(found), indent=2))
    elif output is Listing.CSV:
        of_run = Column("run", lambda _attempt: found.run.name)
        print_listing(found.course.attempts, [of_run, *attempt_columns(found)], output, nothing="")
    else:
        _print(found, utc=utc)


def _print(shown: ShownRun, *, utc: bool) -> None:
    from rich.markup import escape

    from cli.console import console
    from cli.ops.history import trigger_text
    from ops.console_links import run_link

    def say(label: str, text: str) -> None:
        console().print(f"{label:10}  {text}", soft_wrap=True)

    run, course = shown.run, shown.course
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    redriven = f", redriven {'once' if run.redrives == 1 else f'{run.redrives} times'}" if run.redrives else ""
    console().print(f"{escape(run.job)}  {escape(run.name)}  {coloured(run.status)}{code}{redriven}", soft_wrap=True)
    scheduled = f", for {run.scheduled_time}" if run.scheduled_time else ""
    say("started", f"{moment_text(run.started, utc=utc)} by {escape(trigger_text(run) + scheduled)}")
    if run.stopped:
        say("ended", f"{moment_text(run.stopped, utc=utc)} after {length_text(run.duration)}")
    elif course.state:
        say("now", f"{escape(course.state)}, since {moment_text(course.state_since, utc=utc)}")
    say("time", lengths_text(shown.time))
    if run.has_input:
        say("input", escape(json.dumps(_without_results(run.input))))
    if begins := _beginning(run.input):
        say("begins", escape(begins))
    if run.ran_as == "task":
        say("run on", "an ECS task without a state machine: nothing tries it again, limits its time or continues it")
    if course.forgotten:
        say("told by", "the ledger alone: Step Functions knows it no more, nor its steps and all attempts but the last")
    if not run.has_input:
        say("input", "not known: it was too large for the ledger")
    if run.output is not None:
        # The log is that of a run in a cluster, for `logs` to print.
        hidden = ("log", "result") if run.has_result else ("log",)
        told = {key: value for key, value in run.output.items() if key not in hidden}
        say("output", escape(json.dumps(told)))
    if run.error:
        say("error", escape(run.error))
    if run.cause:
        say("cause", escape(run.cause))
    if run.because:
        say("because of", escape(run.because))
    if course.steps:
        print_steps(shown, utc=utc)
    else:
        for attempt in course.attempts:
            print_attempt(shown, attempt, utc=utc)
    if run.has_result:
        console().print()
        say("result", escape(json.dumps(run.result, indent=2)))
    console().print()
    if not course.forgotten:
        say("console", run_link(run.execution_arn))
    if shown.last_lines:
        say("log", "the last lines")
        for line in shown.last_lines:
            console().print(f"  {escape(line)}", soft_wrap=True)


def _without_results(given: Any) -> Any:
    """An execution's input without what a run from a step takes over, which may be much."""
    if not isinstance(given, dict) or "from" not in given:
        return given
    return {key: value for key, value in given.items() if key != "results"}


def _beginning(given: Any) -> str | None:
    """The step that a run begins with, and what it takes over; None of one that begins with the first."""
    if not isinstance(given, dict) or not isinstance(given.get("from"), str):
        return None
    results = given.get("results")
    taken = f", with the results of {', '.join(results)}" if isinstance(results, dict) and results else ""
    return f"with {given['from']}{taken}"


def _as_json(shown: ShownRun) -> dict[str, Any]:
    from cli.ops.history import columns
    from ops.console_links import run_link

    return {
        **as_json(shown.run, columns(utc=True)),
        "because": shown.run.because,
        "input": shown.run.input,
        "output": shown.run.output,
        "result": shown.run.result,
        "forgotten": shown.course.forgotten,
        "state": shown.course.state,
        "stateSince": utc_or_none(shown.course.state_since),
        "seconds": {kind: seconds_or_none(length) for kind, length in shown.time.items()} or None,
        "steps": [step_as_json(shown, step) for step in shown.course.steps],
        "tasks": [as_json(attempt, attempt_columns(shown)) for attempt in shown.course.attempts],
        "lastLogLines": list(shown.last_lines),
        "consoleLink": None if shown.course.forgotten else run_link(shown.run.execution_arn),
    }
