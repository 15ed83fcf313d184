"""What tasks of steps are told, what steps hand on, and where a run may begin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.stepped.jobs import does
from tests.scenarios.stepped.world import Play

TIME = "2026-03-01T04:05:06Z"
RESULTS = {"one": 1, "left": [[2]], "three": ["x", "y"], "four": [], "five": {"x": []}, "six": {"a": "b"}}
STEPS = ("left", "right", "three", "four", "six", "seven")
# The step that a run begins with: its first task, and the names of the results that are there by then.
KINDS = {
    "two": ("left", ["one"]),
    "three": ("three", ["one", "left"]),
    "four": ("four", ["one", "left", "three"]),
    "five": ("", ["one", "left", "three", "four"]),
    "six": ("six", ["one", "left", "three", "four", "five"]),
    "seven": ("seven", ["one", "left", "three", "four", "five", "six"]),
}


def test_every_task_is_told_who_it_is(play: Play) -> None:
    run = play.start("every", scheduledTime=TIME, input="six", environment={"DRY_RUN": "yes"})
    run.succeeds()

    tasks = run.tasks()
    assert sorted((task.step, task.environment.get("LONGHAUL_INDEX")) for task in tasks) == [
        ("four", "0"),
        ("four", "1"),
        ("left", None),
        ("one", None),
        ("right", None),
        ("seven", None),
        ("six", None),
        ("three", "0"),
        ("three", "1"),
    ]
    for task in tasks:
        told = task.environment
        assert (told["LONGHAUL_JOB"], told["LONGHAUL_STACK"], told["LONGHAUL_EXECUTION"]) == ("every", "dev", run.name)
        assert (told["LONGHAUL_SCHEDULED_TIME"], told["LONGHAUL_ATTEMPT"], told["DRY_RUN"]) == (TIME, "1", "yes")
        assert "LONGHAUL_COUNT" not in told
    assert run.tasks("seven")[0].input == {
        "one": "one",
        "left": "left",
        "three": ["three", "three"],
        "four": ["four", "four"],
        "five": "",
        "six": "six",
    }
    # The other job's run is due when the step's is.
    (giver,) = play.tasks_of("giver")
    assert giver.environment["LONGHAUL_SCHEDULED_TIME"] == TIME


def test_what_a_run_passes(play: Play) -> None:
    run = play.start("replacing")
    run.succeeds()
    assert run.path() == [
        "Take the lock",
        "Which step is first?",
        "Run first",
        "Run second",
        "Give back the lock",
        "Succeeded",
    ]


@pytest.mark.parametrize("step", KINDS)
def test_a_run_begins_with_any_step(play: Play, step: str) -> None:
    name, before = KINDS[step]
    given = {name: RESULTS[name] for name in before}
    # It ends there, once what it was given is seen.
    run = play.start("every", does(**dict.fromkeys(STEPS, "exit 9")), begin=step, results=given, input="six")
    run.end()

    assert run.path()[0] == "Which step is first?"
    if step == "five":
        (first,) = play.tasks_of("giver")
        assert first.environment["LONGHAUL_EXECUTION"] != run.name
    else:
        first = run.tasks()[0]
        assert {task.step for task in run.tasks()} <= {name, "right"}
    if step != "two":
        assert first.input == given


def test_a_step_that_is_not_needed_leaves_nothing(play: Play) -> None:
    run = play.start("every", input="other", begin="six", results=RESULTS)
    run.succeeds()
    assert run.tasks("seven")[0].input == {**RESULTS, "six": None}
    assert {task.step for task in run.tasks()} == {"seven"}


def test_branches_within_branches_and_one_whose_last_step_is_not_needed(play: Play) -> None:
    run = play.start("sides", input="stay")
    run.succeeds()
    assert {task.step for task in run.tasks()} == {"left", "near", "deeper", "deepest", "last"}
    assert "far is not needed" in run.path()
    assert run.tasks("last")[0].input == ["left", "deepest"]


@pytest.mark.parametrize("items", [[], [["a", ["b"]]], [[], [1]]], ids=str)
def test_items_of_any_number_and_any_kind(play: Play, items: list[Any]) -> None:
    run = play.start("lists", input=items)
    run.succeeds()
    for step in ("part", "child"):
        told = sorted(
            (task.environment["LONGHAUL_INDEX"], task.environment["LONGHAUL_INPUT"]) for task in run.tasks(step)
        )
        assert [json.loads(text) for _, text in told] == items
    assert run.tasks("last")[0].input == {step: [step] * len(items) for step in ("part", "child")}


@pytest.mark.parametrize(("job", "count"), [("counted", 1), ("counted", 2), ("scattered", 2)])
def test_so_many_tasks_as_the_run_says(play: Play, job: str, count: int) -> None:
    run = play.start(job, input={"tasks": count}, environment={"DRY_RUN": "yes"})
    told = run.succeeds()
    assert told["result"] == ["task"] * count
    assert told["scheduledTime"] == run.tasks()[0].environment["LONGHAUL_SCHEDULED_TIME"]
    tasks = [task.environment for task in run.tasks()]
    assert sorted(one["LONGHAUL_INDEX"] for one in tasks) == [str(index) for index in range(count)]
    for one in tasks:
        assert (one["LONGHAUL_COUNT"], one["LONGHAUL_EXECUTION"], one["DRY_RUN"]) == (str(count), run.name, "yes")
        assert json.loads(one["LONGHAUL_INPUT"]) == {"tasks": count}
