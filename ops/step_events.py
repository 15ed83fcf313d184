"""Follows the steps of a run through the events of its execution's history."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.attempt_events import AttemptEvents
from ops.attempts import parsed
from ops.places import Event, Place, details_of
from ops.step_runs import NOT_NEEDED, InnerRun, Items, StepRun
from ops.step_states import FAILED, StepState, step_state

# Within so many Parallels as the digit says.
_RESULT = re.compile(r"result[0-9]*_([a-z][a-z0-9_]*)")
_ITERATIONS = ("Started", "Succeeded", "Failed", "Aborted")
_AFTER_A_FAILURE = (FAILED, "What failed?", "Give back the failed run's lock")
_MAP_RUN_EVENTS = ("MapRunStarted", "MapRunRedriven")


@dataclass
class _Step:
    """A step so far.

    broken: the last that happened to it outside of its items was a failure. aborted: what it is in has failed.
    """

    name: str
    within: str | None
    started: datetime | None = None
    ended: datetime | None = None
    is_open: bool = False
    broken: bool = False
    aborted: bool = False
    total: int | None = None
    iterations: dict[int, str] = field(default_factory=dict)
    map_run: str | None = None
    runs: dict[int | None, InnerRun] = field(default_factory=dict)
    result: str | None = None
    error: str | None = None


class StepEvents:
    """The steps that the events so far tell of.

    Attributes:
        results: the JSON text of the variables `result_<step>`, by the step: what later steps see.
    """

    def __init__(self, attempts: AttemptEvents) -> None:
        self.results: dict[str, str] = {}
        self._steps: dict[str, _Step] = {}
        self._attempts = attempts
        # The step that was entered last, and the state outside of all steps that has followed.
        self._latest: str | None = None
        self._outside: str | None = None

    def follow(self, event: Event, place: Place) -> None:
        """Take over what the next event says, after the attempts have."""
        kind, details = event["type"], details_of(event)
        if kind.endswith("StateEntered"):
            found = step_state(details["name"])
            if found is not None and found.step == place.step:
                self._enter(found, place, event["timestamp"])
                self._latest, self._outside = found.step, None
            else:
                self._outside = details["name"]
        elif kind.endswith("StateExited"):
            self._exit(step_state(details["name"]), place, event["timestamp"])
            self._take_results(details.get("assignedVariables") or {})
        elif kind == "ExecutionRedriven":
            for step in self._steps.values():
                step.broken = step.broken and not step.is_open
                step.is_open, step.aborted = step.is_open or step.aborted, False
        elif place.step in self._steps:
            self._inside(self._steps[place.step], event, place)

    def inside(self, outer: str) -> set[str]:
        """The names of the steps within one, at any depth."""
        found = {name for name, step in self._steps.items() if step.within == outer}
        return found.union(*(self.inside(name) for name in found))

    def all(self, *, ended: datetime | None) -> tuple[StepRun, ...]:
        """In the order in which they began.

        Args:
            ended: when the execution has; None while it goes on.
        """
        return tuple(self._finished(step, ended) for step in self._steps.values())

    def _enter(self, found: StepState, place: Place, at: datetime) -> None:
        step = self._steps.setdefault(found.step, _Step(found.step, place.within))
        if found.kind == "needed":
            step.is_open = True
        elif place.index is None and found.kind == "failed":
            step.broken, step.is_open, step.ended = True, False, step.ended or at
        elif place.index is None and found.kind != "not needed":
            step.started, step.ended = step.started or at, None
            step.is_open, step.broken = True, False

    def _exit(self, found: StepState | None, place: Place, at: datetime) -> None:
        if found is None or place.index is not None or found.step != place.step or found.step not in self._steps:
            return
        step = self._steps[found.step]
        step.is_open = False
        if step.started is not None:
            step.ended = at

    def _take_results(self, variables: Mapping[str, str]) -> None:
        for name, text in variables.items():
            if found := _RESULT.fullmatch(name):
                if name == f"result_{found[1]}":
                    self.results[found[1]] = text
                if found[1] in self._steps:
                    self._steps[found[1]].result = text

    def _inside(self, step: _Step, event: Event, place: Place) -> None:
        kind, details = event["type"], details_of(event)
        if kind.startswith("MapIteration"):
            step.iterations[details["index"]] = kind.removeprefix("MapIteration")
        elif kind == "MapStateStarted":
            step.total = details.get("length")
            step.iterations.clear()
        elif kind in _MAP_RUN_EVENTS:
            step.map_run = details["mapRunArn"]
        elif kind == "ParallelStateFailed":
            step.broken = True
            for name in self.inside(step.name):
                self._abort(self._steps[name], event["timestamp"])
        elif place.index is None and kind in ("TaskScheduled", "TaskStarted"):
            step.broken = False
        elif place.index is None and kind.endswith(("Failed", "TimedOut")) and not kind.startswith("Execution"):
            step.broken, step.error = True, details.get("error", step.error)
        if details.get("resourceType") == "states" and details.get("resource", "").startswith("startExecution"):
            self._follow_run(step, kind, details, place.index)

    def _is_searched(self, step: _Step) -> bool:
        """Whether the run looks for tasks of a step, or for its turn, before it goes on with that."""
        return step.name == self._latest and self._outside not in (None, *_AFTER_A_FAILURE) and self._has_failed(step)

    def _has_failed(self, step: _Step) -> bool:
        return self._attempts.last_outcome(step.name) not in (None, "SUCCEEDED")

    @staticmethod
    def _abort(step: _Step, at: datetime) -> None:
        if step.is_open:
            step.is_open, step.aborted, step.ended = False, True, at

    def _follow_run(self, step: _Step, kind: str, details: Mapping[str, Any], index: int | None) -> None:
        if kind == "TaskSubmitted":
            arn = parsed(details.get("output")).get("ExecutionArn")
            step.runs[index] = InnerRun(arn=arn, status="RUNNING", index=index)
        elif kind in ("TaskSucceeded", "TaskFailed", "TaskTimedOut"):
            known = step.runs.get(index)
            told = parsed(details.get("output") or details.get("cause"))
            status = told.get("Status") or ("TIMED_OUT" if kind == "TaskTimedOut" else "FAILED")
            output = told.get("Output")
            if isinstance(output, dict) and output.get("status") == "SKIPPED":
                status = "SKIPPED"
            arn = told.get("ExecutionArn") or (known.arn if known else None)
            step.runs[index] = InnerRun(arn=arn, status=status, index=index)
            step.error = told.get("Error", step.error)

    def _finished(self, step: _Step, ended: datetime | None) -> StepRun:
        outcome = self._attempts.last_outcome(step.name)
        status = self._status(step, outcome, over=ended is not None)
        error = step.error
        if status != "FAILED":
            error = None
        elif outcome is not None and outcome != "SUCCEEDED":
            error = outcome
        runs = [
            InnerRun(arn=run.arn, status="ABORTED", index=run.index) if ended and run.status == "RUNNING" else run
            for run in step.runs.values()
        ]
        return StepRun(
            name=step.name,
            within=step.within,
            status=status,
            started=step.started,
            ended=step.ended if not step.is_open else ended if step.started else None,
            items=None if step.total is None else _items(step.total, step.iterations.values(), over=not step.is_open),
            map_run=step.map_run,
            runs=tuple(runs),
            result=step.result,
            error=error,
        )

    def _status(self, step: _Step, outcome: str | None, *, over: bool) -> str:
        if not over and (step.is_open or self._is_searched(step)):
            return "RUNNING"
        if step.broken:
            return "FAILED"
        if step.is_open or step.aborted:
            return "ABORTED"
        if step.started is None:
            return NOT_NEEDED
        if outcome is None or outcome == "SUCCEEDED":
            return "SUCCEEDED"
        return "FAILED"


def _items(total: int, iterations: Collection[str], *, over: bool) -> Items:
    counts = {what: sum(each == what for each in iterations) for what in _ITERATIONS}
    return Items(
        total=total,
        succeeded=counts["Succeeded"],
        failed=counts["Failed"],
        running=0 if over else counts["Started"],
        aborted=counts["Aborted"] + (counts["Started"] if over else 0),
    )
