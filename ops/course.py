"""What the history of an execution tells: its steps and attempts, and what a step left.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ops.attempt_events import AttemptEvents
from ops.attempts import Attempt, parsed
from ops.aws import Aws
from ops.errors import AwsError
from ops.map_runs import MOST_CHILDREN, Children
from ops.places import Places, details_of
from ops.step_events import StepEvents
from ops.step_runs import InnerRun, StepRun
from ops.step_states import TAKE_LOCK


@dataclass(frozen=True, kw_only=True)
class Course:
    """What the history of an execution tells.

    Attributes:
        attempts: in the order in which they were asked for.
        steps: in the order in which they began; none of a job without steps.
        results: JSON text of what later steps see of earlier ones, by the step.
        index: the number in its input: of a child execution of a map run, which item it is.
        state: the state that a run which goes on has entered last; None for one that has ended.
        state_since: since when.
        last_state: the state that it has entered last, whether it goes on or not.
        took_lock: whether it is of a job that does not overlap, and has asked for its turn.
        last_event: when something last happened.
        forgotten: whether Step Functions knows it no more. Then the last attempt is all that is told, as far as the end
            of the run tells of it, and when it was asked for is not known.
    """

    attempts: tuple[Attempt, ...]
    steps: tuple[StepRun, ...] = ()
    results: Mapping[str, str] = field(default_factory=dict)
    index: int | None = None
    state: str | None
    state_since: datetime | None
    last_state: str | None = None
    took_lock: bool = False
    last_event: datetime
    forgotten: bool = False

    def step(self, name: str) -> StepRun | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def has_inside(self, name: str) -> bool:
        """Whether a step has others within its `parallel`."""
        return any(step.within == name for step in self.steps)


def read_course(aws: Aws, execution_arn: str, children: Children[Course] | None = None) -> Course:
    """The course of a run up to now; a call for each thousand events.

    Of steps whose items are executions of their own these are looked at too, as `Children` does.

    Args:
        aws: where it is.
        execution_arn: the run.
        children: what was read of such executions at an earlier look, which this one adds to.

    Raises:
        botocore's errors.
    """
    course = _read(aws, execution_arn)
    known = children if children is not None else Children(_read)
    for step in course.steps:
        if step.map_run is not None:
            course = _with_children(aws, course, step, step.map_run, known)
    return course


def remembered_children(index: int | None = None, most: int = MOST_CHILDREN) -> Children[Course]:
    """What looks at one run after the other can share.

    Args:
        index: the item that is looked for, where only one is.
        most: at how many executions it looks at most; 0: at their counts alone.
    """
    return Children(_read, index=index, most=most)


def course_of(events: Iterable[Mapping[str, Any]]) -> Course:
    """The course that the events of an execution tell, oldest first."""
    places, attempts = Places(), AttemptEvents()
    steps = StepEvents(attempts)
    state = since = last = ended = index = last_state = None
    took_lock = False
    for event in events:
        kind, last = event["type"], event["timestamp"]
        place = places.of(event)
        if kind.endswith("StateEntered"):
            state, since = event["stateEnteredEventDetails"]["name"], last
            last_state, took_lock = state, took_lock or state == TAKE_LOCK
        elif kind == "ExecutionStarted":
            index = parsed(details_of(event).get("input")).get("index")
        elif kind == "ExecutionRedriven":
            ended = None
        elif kind.startswith("Execution"):
            state = since = None
            ended = last
            attempts.abandon(last)
        elif kind == "MapIterationAborted":
            attempts.abandon(last, lambda each, at=place: (each.step, each.index) == (at.step, at.index))
        elif kind == "ParallelStateFailed" and place.step is not None:
            inside = steps.inside(place.step)
            attempts.abandon(last, lambda each, inside=inside: each.step in inside)
        attempts.follow(event, place)
        steps.follow(event, place)
    if last is None:
        raise AwsError("AWS tells nothing of what happened in that run: its history is empty")
    return Course(
        attempts=attempts.all(),
        steps=steps.all(ended=ended),
        results=dict(steps.results),
        index=index if isinstance(index, int) else None,
        state=state,
        state_since=since,
        last_state=last_state,
        took_lock=took_lock,
        last_event=last,
    )


def _read(aws: Aws, execution_arn: str) -> Course:
    pages = (
        aws("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution_arn, PaginationConfig={"PageSize": 1000})
    )
    return course_of(event for page in pages for event in page["events"])


def _with_children(aws: Aws, course: Course, step: StepRun, map_run: str, known: Children[Course]) -> Course:
    """A course with what the executions of a map run tell of a step."""
    attempts, runs = [*course.attempts], [*step.runs]
    for arn, child in known.of(aws, map_run):
        attempts += [replace(attempt, index=child.index, child=arn) for attempt in child.attempts]
        runs += [
            InnerRun(arn=run.arn, status=run.status, index=child.index) for inner in child.steps for run in inner.runs
        ]
    changed = replace(step, items=known.items(aws, map_run), runs=tuple(runs))
    return replace(
        course,
        attempts=tuple(sorted(attempts, key=lambda attempt: attempt.requested)),
        steps=tuple(changed if each.name == step.name else each for each in course.steps),
    )
