"""The attempts of one run, as `longhaul show` tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cli.ops.tables import Column
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


def print_attempt(shown: ShownRun, attempt: Attempt, *, utc: bool) -> None:
    """Print all that is known of an attempt."""
    from rich.markup import escape

    from cli.console import console
    from ops.advice import advice, in_words
    from ops.attempts import GOES_ON
    from ops.cluster_jobs import logs_command, pods_command
    from ops.spent import of_attempt

    def say(label: str, text: str) -> None:
        console().print(f"  {label:9}  {text}", soft_wrap=True)

    console().print()
    colour = {"SUCCEEDED": "green", GOES_ON: "cyan"}.get(attempt.outcome, "red")
    console().print(f"{called(attempt)}  [{colour}]{escape(in_words(attempt))}[/]", soft_wrap=True)
    if not shown.course.forgotten:
        say("asked for", moment_text(attempt.requested, utc=utc))
    if attempt.task:
        lengths = of_attempt(attempt, until(shown))
        say("time", lengths_text(lengths))
    if attempt.task_arn:
        say("task", attempt.task_arn)
    if attempt.kubernetes_job:
        say("job", escape(attempt.kubernetes_job))
        say("pod", escape(pods_command(attempt.kubernetes_job)))
        say("all lines", escape(logs_command(attempt.kubernetes_job)))
    if attempt.function_arn:
        say("function", attempt.function_arn)
    if attempt.request_id:
        say("request", attempt.request_id)
    if attempt.start_error:
        say("error", escape(attempt.start_error))
    if attempt.reason:
        say("reason", escape(f"{attempt.stop_code}: {attempt.reason}" if attempt.stop_code else attempt.reason))
    if what := advice(attempt):
        say("to do", escape(what))
    for label, link in _links(shown, attempt).items():
        say(label, link)


def until(shown: ShownRun) -> datetime:
    """The end of its times: its own, or by now."""
    return shown.run.stopped or max(datetime.now(UTC), shown.course.last_event)


def called(attempt: Attempt) -> str:
    """`attempt 2`, of an item `index 7, attempt 2`."""
    return f"attempt {attempt.number}" if attempt.index is None else f"index {attempt.index}, attempt {attempt.number}"


def lengths_text(lengths: Mapping[str, timedelta]) -> str:
    """Where time went, without what took none."""
    return (
        ", ".join(f"{_TIME[kind]} {length_text(length)}" for kind, length in lengths.items() if length >= _NOTICED)
        or "-"
    )


def _links(shown: ShownRun, attempt: Attempt) -> dict[str, str]:
    from ops.console_links import function_link, log_link, task_link

    links = {}
    if attempt.task_arn:
        links["page"] = task_link(attempt.task_arn)
    if attempt.function_arn:
        links["page"] = function_link(attempt.function_arn)
    if attempt.key in shown.logs:
        log = shown.logs[attempt.key]
        links["log page"] = log_link(shown.run.execution_arn, log.group, log.stream)
    return links


def attempt_columns(shown: ShownRun) -> list[Column[Attempt]]:
    """What programs are told of each attempt."""
    from ops.advice import advice, in_words
    from ops.spent import of_attempt

    def seconds(attempt: Attempt) -> dict[str, float | None] | None:
        if shown.course.forgotten:
            return None
        return {kind: seconds_or_none(length) for kind, length in of_attempt(attempt, until(shown)).items()}

    def log(attempt: Attempt, part: str) -> str | None:
        return getattr(shown.logs.get(attempt.key), part, None)

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
        Column("requested", lambda attempt: utc_or_none(None if shown.course.forgotten else attempt.requested)),
        Column("started", lambda attempt: utc_or_none(attempt.time("StartedAt"))),
        Column("ended", lambda attempt: utc_or_none(attempt.ended)),
        Column("seconds", seconds),
        Column("logGroup", lambda attempt: log(attempt, "group")),
        Column("logStream", lambda attempt: log(attempt, "stream")),
        Column("taskLink", lambda attempt: _links(shown, attempt).get("page")),
        Column("logLink", lambda attempt: _links(shown, attempt).get("log page")),
        Column("step", lambda attempt: attempt.step),
        Column("index", lambda attempt: attempt.index),
        Column("kubernetesJob", lambda attempt: attempt.kubernetes_job),
        Column("functionArn", lambda attempt: attempt.function_arn),
        Column("requestId", lambda attempt: attempt.request_id),
    ]
