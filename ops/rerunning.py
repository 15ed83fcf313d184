"""Runs that do earlier ones again, with the same input or a changed one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws
from ops.execution import FAILED_STATUSES
from ops.history import read_history
from ops.ledger import ledger_of
from ops.runs import Run
from ops.stack import DeployedJob
from ops.starting import UnfitInputError
from ops.task_changes import is_task

MOST_RUNS = 1000
"""How many runs of a job are looked at for those that failed."""
REPLACED = "Job.Replaced"
"""The error of a run that a newer one replaced, as its job's `overlap` wants it."""
_KEPT = ("input", "command", "environment")
_ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Change:
    """A place at which two inputs differ.

    Attributes:
        path: such as `input.days.0`.
        before, after: JSON text of what is there; None for nothing.
    """

    path: str
    before: str | None
    after: str | None


def rerun_input(run: Run) -> dict[str, Any]:
    """The input of an execution that does a run again.

    The job sees the same input, variables and scheduled time: a run that had none was due when it started. Raises
    UnfitInputError for a run whose input nobody knows any more.
    """
    if not run.has_input:
        raise UnfitInputError(
            f"{run.name} of {run.job} is not run again: Step Functions knows it no more, and its input was too large "
            f"for the ledger. Instead: longhaul start {run.job} --input"
        )
    given = run.input if isinstance(run.input, dict) else {}
    started = run.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "trigger": "rerun",
        "rerunOf": run.execution_arn,
        "scheduledTime": run.scheduled_time or started,
        **{key: given[key] for key in _KEPT if key in given},
    }


def own_input(aws: Aws, run: Run) -> Any:
    """The job's own input, which a run got that was started without one, as its first task was handed it.

    Raises UnfitInputError where it asked for no task, or for that of a step, which may have got another, and where that
    is not known any more; botocore's errors.
    """
    first = next((details for details in _asked(aws, run) if details.get("resource") == "runTask.sync"), None)
    if first is not None:
        container = json.loads(first["parameters"])["Overrides"]["ContainerOverrides"][0]
        variables = {pair["Name"]: pair["Value"] for pair in container["Environment"]}
        if "LONGHAUL_STEP" not in variables or "LONGHAUL_COUNT" in variables:
            return json.loads(variables["LONGHAUL_INPUT"])
    raise UnfitInputError(f"{run.name} had no input of its own that could be changed: give all of it with --input")


def _asked(aws: Aws, run: Run) -> Iterator[Mapping[str, Any]]:
    """What a run has asked Step Functions' integrations for; nothing where that is not known."""
    if is_task(run.execution_arn):
        return
    states = aws("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=run.execution_arn)
    try:
        for page in pages:
            yield from (event.get("taskScheduledEventDetails", {}) for event in page["events"])
    except states.exceptions.ExecutionDoesNotExist:
        return


def with_value(value: Any, path: str, new: Any) -> Any:
    """`value` with another one at a path of keys and places in lists, `a.b.0`. Raises UnfitInputError."""
    key, _, rest = path.partition(".")
    if not key:
        raise UnfitInputError("expected a path such as a.b.0, found one with an empty part")
    if isinstance(value, list):
        if not (key.isascii() and key.isdigit() and int(key) < len(value)):
            raise UnfitInputError(f"expected a place from 0 to {len(value) - 1} in a list, found {key!r}")
        return [
            (with_value(item, rest, new) if rest else new) if place == int(key) else item
            for place, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        raise UnfitInputError(f"there is nothing in which {key!r} could be set")
    return {**value, key: with_value(value.get(key, {}), rest, new) if rest else new}


def changes(before: Any, after: Any) -> list[Change]:
    """Where two values of JSON differ."""
    return list(_changes("", before, after))


def failed_runs(aws: Aws, job: DeployedJob, since: datetime) -> list[Run]:
    """The runs of a job that failed, timed out or were aborted, and that nothing has made up for; oldest first.

    Left out: what gave way to a newer run, what was run again (of a chain of reruns the last one counts), and scheduled
    times that another run has done or is doing.
    """
    runs = read_history(aws, job, since=since, limit=MOST_RUNS, ledger=ledger_of(aws, job))
    again = {run.rerun_of for run in runs if run.status != "SKIPPED"}
    done = {run.scheduled_time for run in runs if run.status in ("SUCCEEDED", "RUNNING") and run.scheduled_time}
    failed = [
        run
        for run in runs
        if run.status in FAILED_STATUSES
        and run.error != REPLACED
        and run.execution_arn not in again
        and run.scheduled_time not in done
    ]
    return failed[::-1]


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    pairs = _children(before, after)
    if pairs is not None:
        for key, (old, new) in pairs.items():
            yield from _changes(f"{path}.{key}" if path else key, old, new)
    elif before is _ABSENT or after is _ABSENT or json.dumps(before) != json.dumps(after):
        yield Change(path=path, before=_text(before), after=_text(after))


def _children(before: Any, after: Any) -> dict[str, tuple[Any, Any]] | None:
    """What is inside of two values of one kind, side by side; None where they have no inside to compare."""
    if isinstance(before, list) and isinstance(after, list):
        before, after = dict(enumerate(before)), dict(enumerate(after))
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return None
    keys = [*before, *(key for key in after if key not in before)]
    return {str(key): (before.get(key, _ABSENT), after.get(key, _ABSENT)) for key in keys}


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else json.dumps(value, ensure_ascii=False)
