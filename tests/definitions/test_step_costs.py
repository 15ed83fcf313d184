"""What a plain run of a job with steps enters, and AWS bills, as docs/steps.md says it: whichever step it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from definitions.machine import machine
from definitions.place import Place
from definitions.run_task import RunTarget
from spec.step_containers import containers
from tests.definitions.samples import job

ITEMS = 7
FIXED = {"allow": 2, "skip": 4, "queue": 4, "replace": 4}
"""Of a run that has only its steps to do: where to begin, and the end; and the lock, taken and given back."""

ONE = {"name": "one"}
NUMBERS = {"items": "{% $input.numbers %}"}
SIDES: list[dict[str, Any]] = [
    {"name": "left", "results": True},
    {"name": "right", "steps": [{"name": "check"}, {"name": "tell", "when": "{% $input.loud %}"}]},
]

# The states of one step beyond the run's own: two at most, and one more for a condition; side by side those of each.
STEPS: dict[str, tuple[dict[str, Any], int]] = {
    "a task": (ONE, 1),
    "a task of which much is said": (
        {**ONE, "input": {"day": "{% $input.day %}"}, "retries": {"attempts": 3}, "capacity": {"spot": True}},
        1,
    ),
    "a result": ({**ONE, "results": True}, 2),
    "a condition": ({**ONE, "when": "{% $input.loud %}"}, 2),
    "a condition and a result": ({**ONE, "when": "{% $input.loud %}", "results": True}, 3),
    "another job": ({**ONE, "job": "inner"}, 1),
    "steps side by side": ({**ONE, "parallel": SIDES}, 1 + 2 + 1 + 2),
}
# The states of one item, two at most: what the step would enter alone. The Map is one more.
FOR_EACH: dict[str, tuple[dict[str, Any], int]] = {
    "inline": ({**ONE, "forEach": NUMBERS}, 1),
    "inline, with results": ({**ONE, "forEach": NUMBERS, "results": True}, 2),
    "inline, another job each": ({**ONE, "forEach": NUMBERS, "job": "inner"}, 1),
    "distributed": ({**ONE, "forEach": {**NUMBERS, "distributed": True}}, 1),
    "distributed, with results": ({**ONE, "forEach": {**NUMBERS, "toleratedFailures": "5%"}, "results": True}, 2),
    "batches": ({**ONE, "forEach": {**NUMBERS, "batchSize": 20}, "results": True}, 2),
}


def entered(definition: dict[str, Any]) -> int:
    """How many states are entered where nothing fails, every condition holds and each Map has `ITEMS` items or tasks.

    It is told from the definition alone: a Choice takes its default, all else the way of a success.
    """
    name, count = definition["StartAt"], 0
    while True:
        state = definition["States"][name]
        count += 1 + sum(map(entered, state.get("Branches", ())))
        if "ItemProcessor" in state:
            count += ITEMS * entered(state["ItemProcessor"])
        if state.get("End") or state["Type"] == "Succeed":
            return count
        name = state["Default"] if state["Type"] == "Choice" else state["Next"]


def cost(place: Place, target: RunTarget, **fields: Any) -> int:
    """What a run of a job with these fields enters."""
    one = job(**fields)
    arns = {
        container.name: f"arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-{container.name}:7"
        for container in containers(one)
    }
    return entered(json.loads(json.dumps(machine(one, place, target, arns))))


@pytest.mark.parametrize("overlap", FIXED)
@pytest.mark.parametrize(("step", "states"), STEPS.values(), ids=STEPS)
def test_a_step_enters_two_states_at_most(
    step: dict[str, Any], states: int, overlap: str, place: Place, target: RunTarget
) -> None:
    before, after = {"name": "before"}, {"name": "after"}

    assert cost(place, target, overlap=overlap, steps=[step]) == FIXED[overlap] + states
    assert cost(place, target, overlap=overlap, steps=[before, step, after]) == FIXED[overlap] + states + 2


@pytest.mark.parametrize("overlap", FIXED)
@pytest.mark.parametrize(("step", "states"), FOR_EACH.values(), ids=FOR_EACH)
def test_a_for_each_enters_one_state_and_two_at_most_an_item(
    step: dict[str, Any], states: int, overlap: str, place: Place, target: RunTarget
) -> None:
    assert cost(place, target, overlap=overlap, steps=[step, {"name": "after"}]) == (
        FIXED[overlap] + 1 + ITEMS * states + 1
    )


def test_what_runs_after_a_failure_costs_a_success_nothing(place: Place, target: RunTarget) -> None:
    assert cost(place, target, steps=[ONE], onFailure=[{"name": "clean"}, {"name": "tell"}]) == FIXED["allow"] + 1


def test_a_count_enters_one_state_and_two_at_most_a_task(place: Place, target: RunTarget) -> None:
    # There is nothing to begin with but the one Map.
    assert cost(place, target, count=ITEMS) == 1 + ITEMS + 1
    assert cost(place, target, count=ITEMS, results=True) == 1 + 2 * ITEMS + 1
