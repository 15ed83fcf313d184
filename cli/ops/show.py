"""`longhaul show`: one run from its start to its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.ops.options import Listing, OutputOption, RunArgument, UtcOption, Where, verb
from cli.ops.statuses import coloured
from cli.ops.tables import Column, as_json, print_listing
from cli.ops.times import length_text, moment_text, seconds_or_none, utc_or_none

if TYPE_CHECKING:
    from ops.attempts import Attempt
    from ops.show import ShownRun

_NOTICED = timedelta(seconds=0.05)
_TIME = {
    "turn": "waiting for its turn",
    "capacity": "waiting for capacity",
    "pulling": "pulling its image",
    "running": "running",
    "between": "waiting to try again",
    "ending": "ending",
}


@verb
def show(
    where: Where,
    run: RunArgument,
    lines: Annotated[int, typer.Option(min=0, max=10_000, help="How many of a failed run's last log lines.")] = 10,
    output: OutputOption = Listing.TABLE,
    utc: UtcOption = False,
) -> None:
    """Show one run: each attempt, why it ended and what to do about it, where the time went, the last it said."""
    from ops.names import find_run
    from ops.show import read_shown_run

    named = find_run(where.aws, where.stack, run)
    found = read_shown_run(where.aws, named, now=datetime.now(UTC), lines=lines)
    if output is Listing.JSON:
        print(json.dumps(_as_json(found), indent=2))
    elif output is Listing.CSV:
        of_run = Column("run", lambda _attempt: found.run.name)
        print_listing(found.course.attempts, [of_run, *_attempt_columns(found)], output, nothing="")
    else:
        _print(found, utc=utc)


def _print(shown: ShownRun, *, utc: bool) -> None:
    from rich.markup import escape

    from cli.console import console
    from cli.ops.history import trigger_text
    from ops.console_links import execution_link

    def say(label: str, text: str) -> None:
        console().print(f"{label:10}  {text}", soft_wrap=True)

    run, course = shown.run, shown.course
    code = "" if run.exit_code is None else f", exit code {run.exit_code}"
    redriven = f", redriven {run.redrives} times" if run.redrives else ""
    console().print(f"{escape(run.job)}  {escape(run.name)}  {coloured(run.status)}{code}{redriven}", soft_wrap=True)
    scheduled = f", for {run.scheduled_time}" if run.scheduled_time else ""
    say("started", f"{moment_text(run.started, utc=utc)} by {escape(trigger_text(run) + scheduled)}")
    if run.stopped:
        say("ended", f"{moment_text(run.stopped, utc=utc)} after {length_text(run.duration)}")
    elif course.state:
        say("now", f"{escape(course.state)}, since {moment_text(course.state_since, utc=utc)}")
    say("time", _lengths(shown.time))
    say("input", escape(json.dumps(run.input)))
    if run.output is not None:
        told = {key: value for key, value in run.output.items() if key != "result"} if run.has_result else run.output
        say("output", escape(json.dumps(told)))
    if run.error:
        say("error", escape(run.error))
    if run.cause:
        say("cause", escape(run.cause))
    if run.because:
        say("because of", escape(run.because))
    for attempt in course.attempts:
        _print_attempt(shown, attempt, utc=utc)
    if run.has_result:
        console().print()
        say("result", escape(json.dumps(run.result, indent=2)))
    console().print()
    say("console", execution_link(run.execution_arn))
    if shown.last_lines:
        say("log", "the last lines")
        for line in shown.last_lines:
            console().print(f"  {escape(line)}", soft_wrap=True)


def _print_attempt(shown: ShownRun, attempt: Attempt, *, utc: bool) -> None:
    from rich.markup import escape

    from cli.console import console
    from ops.advice import advice, in_words
    from ops.attempts import GOES_ON
    from ops.spent import of_attempt

    def say(label: str, text: str) -> None:
        console().print(f"  {label:8}  {text}", soft_wrap=True)

    console().print()
    colour = {"SUCCEEDED": "green", GOES_ON: "cyan"}.get(attempt.outcome, "red")
    console().print(f"attempt {attempt.number}  [{colour}]{escape(in_words(attempt))}[/]", soft_wrap=True)
    say("asked for", moment_text(attempt.requested, utc=utc))
    if attempt.task:
        lengths = of_attempt(attempt, shown.run.stopped or max(datetime.now(UTC), shown.course.last_event))
        say("time", _lengths(lengths))
    if attempt.task_arn:
        say("task", attempt.task_arn)
    if attempt.start_error:
        say("error", escape(attempt.start_error))
    if attempt.reason:
        say("reason", escape(f"{attempt.stop_code}: {attempt.reason}" if attempt.stop_code else attempt.reason))
    if what := advice(attempt):
        say("to do", escape(what))
    for label, link in _links(shown, attempt).items():
        say(label, link)


def _lengths(lengths: Mapping[str, timedelta]) -> str:
    """Where time went, without what took none."""
    return (
        ", ".join(f"{_TIME[kind]} {length_text(length)}" for kind, length in lengths.items() if length >= _NOTICED)
        or "-"
    )


def _links(shown: ShownRun, attempt: Attempt) -> dict[str, str]:
    from ops.console_links import log_link, task_link

    links = {}
    if attempt.task_arn:
        links["page"] = task_link(attempt.task_arn)
    if attempt.number in shown.logs:
        log = shown.logs[attempt.number]
        links["log page"] = log_link(shown.run.execution_arn, log.group, log.stream)
    return links


def _as_json(shown: ShownRun) -> dict[str, Any]:
    from cli.ops.history import columns
    from ops.console_links import execution_link

    return {
        **as_json(shown.run, columns(utc=True)),
        "because": shown.run.because,
        "input": shown.run.input,
        "output": shown.run.output,
        "result": shown.run.result,
        "state": shown.course.state,
        "stateSince": utc_or_none(shown.course.state_since),
        "seconds": {kind: seconds_or_none(length) for kind, length in shown.time.items()},
        "tasks": [as_json(attempt, _attempt_columns(shown)) for attempt in shown.course.attempts],
        "lastLogLines": list(shown.last_lines),
        "consoleLink": execution_link(shown.run.execution_arn),
    }


def _attempt_columns(shown: ShownRun) -> list[Column[Attempt]]:
    """What programs are told of each attempt."""
    from ops.advice import advice, in_words
    from ops.spent import of_attempt

    now = shown.run.stopped or max(datetime.now(UTC), shown.course.last_event)

    def seconds(attempt: Attempt) -> dict[str, float | None]:
        return {kind: seconds_or_none(length) for kind, length in of_attempt(attempt, now).items()}

    def log(attempt: Attempt, part: str) -> str | None:
        return getattr(shown.logs.get(attempt.number), part, None)

    return [
        Column("attempt", lambda attempt: attempt.number),
        Column("outcome", lambda attempt: attempt.outcome),
        Column("inWords", in_words),
        Column("advice", advice),
        Column("exitCode", lambda attempt: attempt.exit_code),
        Column("stopCode", lambda attempt: attempt.stop_code),
        Column("reason", lambda attempt: attempt.reason),
        Column("startError", lambda attempt: attempt.start_error),
        Column("taskArn", lambda attempt: attempt.task_arn),
        Column("requested", lambda attempt: utc_or_none(attempt.requested)),
        Column("started", lambda attempt: utc_or_none(attempt.time("StartedAt"))),
        Column("ended", lambda attempt: utc_or_none(attempt.ended)),
        Column("seconds", seconds),
        Column("logGroup", lambda attempt: log(attempt, "group")),
        Column("logStream", lambda attempt: log(attempt, "stream")),
        Column("taskLink", lambda attempt: _links(shown, attempt).get("page")),
        Column("logLink", lambda attempt: _links(shown, attempt).get("log page")),
    ]
