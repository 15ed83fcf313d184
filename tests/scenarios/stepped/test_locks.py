"""Runs of jobs with steps that meet: who is left out, who waits, and for what is left of a run that was stopped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.stepped.jobs import TAKES_TIME_TO_STOP, WAITS, does
from tests.scenarios.stepped.world import Play, Run, World

# A job, what its steps do, its input, and which of them run when somebody stops it.
HELD = {
    "a step": ("line", does(second=TAKES_TIME_TO_STOP), None, ("second",)),
    "steps side by side": ("sides", does(left=TAKES_TIME_TO_STOP, near=WAITS), None, ("left", "near")),
    "a step for each item": ("part", does(part=TAKES_TIME_TO_STOP), [1, 2], ("part0", "part1")),
    "an execution for each item": ("child", does(child=TAKES_TIME_TO_STOP), [1, 2], ("child0", "child1")),
}


def comes_after(run: Run, other: Run) -> bool:
    """Whether every task of the other run had stopped before the first of this one was created."""
    first = run.tasks()[0].created
    return all(task.stopped is not None and task.stopped <= first for task in other.tasks())


def given(value: Any) -> dict[str, Any]:
    return {} if value is None else {"input": value}


def test_skip(play: Play) -> None:
    first = play.start("line", does(second=WAITS)).ready("second")
    second = play.start("line").succeeds()
    assert (second["status"], second["because"]) == ("SKIPPED", first.arn)
    first.opens()
    assert first.succeeds()["status"] == "SUCCEEDED"
    assert play.line("line") == []


def test_queue_and_a_plain_job_in_the_group(play: Play) -> None:
    first = play.start("grouped", does(part=WAITS), input=[1]).ready("part0")
    second = play.start("plain")
    second.reaches("Wait for its turn")
    third = play.start("grouped", input=[1])
    third.reaches("Wait for its turn")
    first.opens()
    for run in (first, second, third):
        run.succeeds()
    assert comes_after(second, first)
    assert comes_after(third, second)


def test_replace(play: Play) -> None:
    first = play.start("replacing", does(second=TAKES_TIME_TO_STOP)).ready("second")
    second = play.start("replacing")
    second.succeeds()
    assert (first.end()["status"], first.told()["error"]) == ("ABORTED", "Job.Replaced")
    assert comes_after(second, first)
    assert {task.step for task in second.tasks()} == {"first", "second"}


@pytest.mark.parametrize("held", HELD)
def test_the_holder_is_stopped(play: Play, held: str) -> None:
    job, scripts, value, running = HELD[held]
    first = play.start(job, scripts, **given(value)).ready(*running)
    first.stop()
    second = play.start(job, **given(value))
    second.succeeds()
    assert len([task for task in first.tasks() if task.stopped is not None]) >= len(running)
    assert comes_after(second, first)
    assert "Clear the dead run's lock" in second.path()


def test_the_holder_is_stopped_and_its_items_run_on(play: Play, world: World) -> None:
    with world.without("ecs:StopTask", "child"):
        first = play.start("child", does(child=TAKES_TIME_TO_STOP), input=[1, 2]).ready("child0", "child1")
        first.stop()
    assert [task.status for task in first.tasks()] == ["RUNNING", "RUNNING"]
    second = play.start("child", input=[1])
    with world.hurry():
        second.reaches("Run child for each item")
    second.succeeds()
    assert second.path().count("Stop the task left over") == 2
    assert comes_after(second, first)


@pytest.mark.parametrize(("holder", "running", "other"), [("grouped", "first", "plain"), ("plain", "", "grouped")])
def test_a_plain_job_and_one_with_steps_find_what_is_left_of_each_other(
    play: Play, world: World, holder: str, running: str, other: str
) -> None:
    with world.without("ecs:StopTask", holder):
        first = play.start(holder, {"environment": {"DOES": TAKES_TIME_TO_STOP}}, input=[]).ready(running)
        first.stop()
    second = play.start(other, input=[])
    with world.hurry():
        second.reaches("Run the job" if other == "plain" else "Run first")
    second.succeeds()
    assert "Stop the task left over" in second.path()
    assert comes_after(second, first)


def test_a_holder_that_is_stopped_while_it_waits_for_another_job(play: Play) -> None:
    first = play.start("outer", input=WAITS)
    first.ready("")
    first.stop()
    second = play.start("outer", input="exit 0")
    second.succeeds()
    inner = sorted(play.tasks_of("inner"), key=lambda task: task.created)
    assert [task.exit_code for task in inner] == [143, 0]
    assert inner[0].stopped is not None
    assert inner[0].stopped <= inner[1].created
    assert json.loads(second.told()["output"])["status"] == "SUCCEEDED"
