"""Follows the attempts of a run through the events of its execution's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ops import cluster_jobs, invocations
from ops.attempts import ABANDONED, GOES_ON, Attempt, parsed, told_by
from ops.places import Event, Place, details_of

_RECORDED_AT = ("TaskStateExited", "ChoiceStateExited")
"""Of a task that timed out, a choice says what was found out of it."""
_ENDS = ("TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "TaskStartFailed")


class AttemptEvents:
    """The attempts that the events so far tell of."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str | None, int | None], list[Attempt]] = {}
        self._order: list[tuple[list[Attempt], int]] = []

    def follow(self, event: Event, place: Place) -> None:
        """Take over what the next event says."""
        if event["type"] in _RECORDED_AT:
            self._record(event, place)
        else:
            self._follow(event, place)

    def all(self) -> tuple[Attempt, ...]:
        """In the order in which ECS was asked for them."""
        return tuple(lane[at] for lane, at in self._order)

    def last_outcome(self, step: str, index: int | None = None) -> str | None:
        """How the last attempt of a step ended; None where there was none."""
        lane = self._lanes.get((step, index))
        return lane[-1].outcome if lane else None

    def abandon(self, at: datetime, among: Callable[[Attempt], bool] = lambda _: True) -> None:
        """End the attempts that have not ended, as what they were in has."""
        for lane in self._lanes.values():
            if lane and lane[-1].ended is None and among(lane[-1]):
                lane[-1] = replace(lane[-1], outcome=ABANDONED, ended=at)

    def _follow(self, event: Event, place: Place) -> None:
        """Follow a task of ECS from the request to its end."""
        kind, at, details = event["type"], event["timestamp"], details_of(event)
        if invocations.is_invocation(details):
            self._follow_invocation(event, place)
            return
        if cluster_jobs.is_job(details):
            self._follow_job(event, place)
            return
        if details.get("resourceType") != "ecs" or not details.get("resource", "").startswith("runTask"):
            return
        lane = self._lanes.setdefault((place.step, place.index), [])
        if kind == "TaskScheduled":
            self._begin(lane, place, at)
        elif not lane:
            return
        elif kind == "TaskSubmitted":
            tasks = parsed(details.get("output")).get("Tasks") or [{}]
            lane[-1] = replace(lane[-1], task=tasks[0])
        elif kind == "TaskSucceeded":
            lane[-1] = _ended(lane[-1], at, "SUCCEEDED", parsed(details.get("output")))
        elif kind in _ENDS:
            lane[-1] = _ended(lane[-1], at, details.get("error", "States.TaskFailed"), parsed(details.get("cause")))

    def _follow_invocation(self, event: Event, place: Place) -> None:
        """The same of a function of Lambda."""
        kind, at, details = event["type"], event["timestamp"], details_of(event)
        lane = self._lanes.setdefault((place.step, place.index), [])
        if kind == "TaskScheduled":
            self._begin(lane, place, at)
            lane[-1] = replace(lane[-1], task=invocations.asked_for(details))
        elif lane and kind == "TaskSucceeded":
            task, code = {**lane[-1].task, **invocations.answered(details)}, invocations.exit_code(details)
            lane[-1] = replace(lane[-1], ended=at, outcome="SUCCEEDED", task=task, exit_code=code)
        elif lane and kind in _ENDS:
            task = {**lane[-1].task, **invocations.failed(details)}
            # What the machine makes of it is recorded by the same name.
            error = details.get("error", "States.TaskFailed")
            outcome = "States.TaskFailed" if error.startswith("Job.") else error
            lane[-1] = replace(lane[-1], ended=at, outcome=outcome, task=task)

    def _follow_job(self, event: Event, place: Place) -> None:
        """The same of a Job in a cluster."""
        kind, at, details = event["type"], event["timestamp"], details_of(event)
        lane = self._lanes.setdefault((place.step, place.index), [])
        if kind == "TaskScheduled":
            self._begin(lane, place, at)
            lane[-1] = replace(lane[-1], task=cluster_jobs.asked_for(details))
        elif lane and kind == "TaskSucceeded":
            task = {**lane[-1].task, **cluster_jobs.ended(details)}
            lane[-1] = replace(lane[-1], ended=at, outcome="SUCCEEDED", task=task, exit_code=0)
        elif lane and kind in _ENDS:
            task, outcome = {**lane[-1].task, **cluster_jobs.ended(details)}, details.get("error", "States.TaskFailed")
            lane[-1] = replace(lane[-1], ended=at, outcome=outcome, task=task)

    def _record(self, event: Event, place: Place) -> None:
        """Take over what the machine itself made of an attempt: the variable `run`, or `run_<step>`."""
        variables = event["stateExitedEventDetails"].get("assignedVariables") or {}
        run = parsed(variables.get("run" if place.step is None else f"run_{place.step}"))
        if not str(run.get("outcome", "")).startswith(("Job.", "SUCCEEDED")):
            return
        lane = self._lanes.setdefault((place.step, place.index), [])
        # A choice tells more of an attempt that is known.
        same = event["type"] == "ChoiceStateExited" or (
            lane and run.get("taskArn") is not None and run["taskArn"] == lane[-1].task_arn
        )
        if not lane or (lane[-1].outcome.startswith("Job.") and not same):
            # ECS was not asked: its input is too large.
            self._begin(lane, place, event["timestamp"])
        lane[-1] = replace(
            lane[-1],
            ended=lane[-1].ended or event["timestamp"],
            outcome=run["outcome"],
            task={**lane[-1].task, **cluster_jobs.recorded(run)},
            exit_code=run.get("exitCode"),
            stop_code=run.get("stopCode"),
            reason=run.get("reason"),
            start_error=run.get("startError"),
        )

    def _begin(self, lane: list[Attempt], place: Place, at: datetime) -> None:
        self._order.append((lane, len(lane)))
        lane.append(Attempt(number=len(lane) + 1, step=place.step, index=place.index, outcome=GOES_ON, requested=at))


def _ended(attempt: Attempt, at: datetime, outcome: str, task: Mapping[str, Any]) -> Attempt:
    # A cause that is no task: RunTask's own answer, or text.
    task = task if "TaskArn" in task else attempt.task
    return replace(attempt, ended=at, outcome=outcome, task=task, **told_by(task))
