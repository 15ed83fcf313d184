"""The steps of one run, as `longhaul show` tells of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli.ops.shown_attempts import called, print_attempt, until
from cli.ops.statuses import coloured
from cli.ops.times import length_text, seconds_or_none, utc_or_none
from spec.words import shortened

if TYPE_CHECKING:
    from ops.attempts import Attempt
    from ops.show import ShownRun
    from ops.step_runs import Items, StepRun

_MOST_PRINTED = 50
"""How many attempts of a step are printed: JSON has them all."""


def print_steps(shown: ShownRun, *, utc: bool) -> None:
    """Print each step, how it went, and its tasks: those that did not succeed with all that is known of them."""
    from cli.console import console

    for step in shown.course.steps:
        console().print()
        within = f", within {step.within}" if step.within else ""
        console().print(f"step {step.name}  {_status(step)}{_how(shown, step)}{within}", soft_wrap=True)
        _print_more(step)
        attempts = sorted(_attempts(shown, step), key=lambda each: -1 if each.index is None else each.index)
        printed = _most_telling(attempts)
        for attempt in printed:
            if attempt.outcome == "SUCCEEDED":
                _print_success(attempt)
            else:
                print_attempt(shown, attempt, utc=utc)
        if len(attempts) > len(printed):
            console().print(f"  and {len(attempts) - len(printed)} more attempts", soft_wrap=True)


def step_as_json(shown: ShownRun, step: StepRun) -> dict[str, Any]:
    """A step as JSON has it."""
    return {
        "step": step.name,
        "within": step.within,
        "status": step.status,
        "error": step.error,
        "attempts": _count(shown, step),
        "started": utc_or_none(step.started),
        "ended": utc_or_none(step.ended),
        "durationSeconds": seconds_or_none(_duration(step)),
        "items": _items_as_json(step.items) if step.items else None,
        "mapRunArn": step.map_run,
        "runs": [{"index": run.index, "executionArn": run.arn, "status": run.status} for run in step.runs],
        "result": _result(step),
    }


def _items_as_json(items: Items) -> dict[str, int]:
    counts = ("total", "succeeded", "failed", "running", "aborted", "pending")
    return {count: getattr(items, count) for count in counts}


def _print_more(step: StepRun) -> None:
    from rich.markup import escape

    from cli.console import console

    def say(label: str, text: str) -> None:
        console().print(f"  {label:8}  {text}", soft_wrap=True)

    if step.error:
        say("error", escape(step.error))
    for run in step.runs[:_MOST_PRINTED]:
        which = "" if run.index is None else f"index {run.index}  "
        say("run", f"{which}{coloured(run.status)}  {run.arn or '-'}")
    if step.result is not None:
        say("result", escape(shortened(step.result)))


def _print_success(attempt: Attempt) -> None:
    from cli.console import console

    length = length_text(attempt.ended - attempt.requested if attempt.ended else None)
    task = f", task {attempt.task_id}" if attempt.task_id else ""
    console().print(f"  {called(attempt)}  [green]it succeeded[/] after {length}{task}", soft_wrap=True)


def _most_telling(attempts: list[Attempt]) -> list[Attempt]:
    """As many as are printed, in their order: those that did not succeed come before others."""
    telling = sorted(attempts, key=lambda attempt: attempt.outcome == "SUCCEEDED")[:_MOST_PRINTED]
    keys = {attempt.key for attempt in telling}
    return [attempt for attempt in attempts if attempt.key in keys]


def _status(step: StepRun) -> str:
    return "[dim]not needed[/]" if step.status == "NOT_NEEDED" else coloured(step.status)


def _how(shown: ShownRun, step: StepRun) -> str:
    """`, 3 of 5 succeeded, 1 failed, 4.2 s`."""
    parts = []
    if step.items:
        parts.append(f"{step.items.succeeded} of {step.items.total} succeeded")
        counts = _items_as_json(step.items)
        parts += [f"{counts[what]} {what}" for what in ("failed", "running", "aborted", "pending") if counts[what]]
    if (count := _count(shown, step)) is not None:
        parts.append("1 attempt" if count == 1 else f"{count} attempts")
    if step.started:
        parts.append(length_text((step.ended or until(shown)) - step.started))
    return "".join(f", {part}" for part in parts)


def _duration(step: StepRun) -> timedelta | None:
    return step.ended - step.started if step.started and step.ended else None


def _attempts(shown: ShownRun, step: StepRun) -> list[Attempt]:
    return [attempt for attempt in shown.course.attempts if attempt.step == step.name]


def _count(shown: ShownRun, step: StepRun) -> int | None:
    """How many attempts a step had; None of one that runs for several items, or that has no tasks."""
    return None if step.items else len(_attempts(shown, step)) or None


def _result(step: StepRun) -> Any:
    try:
        return None if step.result is None else json.loads(step.result)
    except ValueError:
        return None
