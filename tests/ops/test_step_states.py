"""The names of states, read back."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from definitions import names
from definitions.steps import step_names
from definitions.steps.machine import COUNTED as COUNTED_STEP
from ops.course import course_of
from ops.places import Places
from ops.step_states import COUNTED, FAILED, FIRST, step_state


def test_each_name_of_a_step_s_state_tells_its_step() -> None:
    called = dataclasses.asdict(step_names.of_step("fetch_2"))
    others = (step_names.run_many, step_names.put_input, step_names.is_needed, step_names.not_needed, step_names.failed)
    written = [*called.values(), *(name("fetch_2") for name in others)]
    found = [step_state(name) for name in written]
    assert [state and state.step for state in found] == ["fetch_2"] * len(written)


def test_other_states_belong_to_no_step() -> None:
    states = {value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)}
    assert [name for name in states - {names.DECIDE} if step_state(name)] == []
    assert step_state(step_names.FIRST) is None


def test_names_are_those_that_are_written() -> None:
    assert (step_names.FIRST, step_names.FAILED, COUNTED_STEP.name) == (FIRST, FAILED, COUNTED)


@pytest.mark.parametrize(("before", "step"), [(names.RUN, None), (step_names.run_step("it"), "it")])
def test_a_step_may_be_called_as_it_is_in_a_job_without_steps(before: str, step: str | None) -> None:
    places = Places()
    for number, name in enumerate((before, names.DECIDE), start=1):
        event = {"id": number, "previousEventId": number - 1, "type": "TaskStateEntered"}
        place = places.of({**event, "stateEnteredEventDetails": {"name": name}})
        assert place.step == step


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (names.SETTLE, "RUNNING"),
        (names.RELEASE_FAILED, "FAILED"),
        (names.WHAT_FAILED, "FAILED"),
        (step_names.FAILED, "FAILED"),
    ],
)
def test_a_step_goes_on_while_its_tasks_are_looked_for(after: str, status: str) -> None:
    told = {"resourceType": "ecs", "resource": "runTask.sync"}
    record = json.dumps({"outcome": "Job.Interrupted", "mayRunOn": True})
    left = {"name": "Run first", "assignedVariables": {"run_first": record}}
    events = [
        ("TaskStateEntered", "stateEnteredEventDetails", {"name": "Run first"}),
        ("TaskScheduled", "taskScheduledEventDetails", told),
        ("TaskFailed", "taskFailedEventDetails", {**told, "error": "States.TaskFailed"}),
        ("TaskStateExited", "stateExitedEventDetails", left),
        ("ChoiceStateEntered", "stateEnteredEventDetails", {"name": "How did first end?"}),
        ("ChoiceStateExited", "stateExitedEventDetails", {"name": "How did first end?"}),
        ("WaitStateEntered", "stateEnteredEventDetails", {"name": after}),
    ]
    at = datetime(2026, 11, 24, tzinfo=UTC)
    course = course_of(
        {"id": number, "previousEventId": number - 1, "timestamp": at, "type": kind, key: details}
        for number, (kind, key, details) in enumerate(events, start=1)
    )
    (step,) = course.steps
    assert (step.name, step.status) == ("first", status)
