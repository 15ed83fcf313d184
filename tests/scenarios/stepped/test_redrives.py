"""Runs that are redriven: they go back to the step they were in, and to the lock where they had one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.stepped.jobs import LEAVE, WAITS, does
from tests.scenarios.stepped.world import Play

# Has a result, whichever attempt leaves it, that tells the two apart.
COUNTS = f"{LEAVE} $(date +%N | sed 's/^0*//')"


def test_without_a_lock_the_steps_before_are_not_repeated(play: Play) -> None:
    run = play.start("allowed", does(first=COUNTS, second=WAITS)).ready("second")
    run.stop()
    run.opens()
    run.redrive()
    run.succeeds()
    assert [task.step for task in run.tasks()] == ["first", "second", "second", "third"]
    one, other = run.tasks("second")
    assert one.input == other.input
    assert other.environment["LONGHAUL_ATTEMPT"] == "1"


def test_with_a_lock_it_is_taken_again_and_the_run_goes_on_with_the_very_step(play: Play) -> None:
    run = play.start("line", does(first=COUNTS, second=WAITS)).ready("second")
    run.stop()
    run.opens()
    run.redrive()
    run.succeeds()
    assert [task.step for task in run.tasks()] == ["first", "second", "second", "third"]
    one, other = run.tasks("second")
    assert one.input == other.input
    path = run.path()
    again = path[path.index("(redriven)") :]
    assert again[:3] == ["(redriven)", "How did second end?", "Look at the lock"]
    assert again[again.index("Take the lock") :] == [
        "Take the lock",
        "Which step is first?",
        "Run second",
        "Run third",
        "Give back the lock",
        "Succeeded",
    ]
    assert play.line("line") == []


def test_a_rerun_from_a_step_goes_on_with_the_later_step_that_it_was_redriven_in(play: Play) -> None:
    run = play.start("line", does(third=WAITS), begin="second", results={"first": 1}).ready("third")
    run.stop()
    run.opens()
    run.redrive()
    run.succeeds()
    assert [task.step for task in run.tasks()] == ["second", "third", "third"]


def test_another_run_has_the_lock_by_now(play: Play) -> None:
    run = play.start("line", does(second=WAITS)).ready("second")
    run.stop()
    other = play.start("line", does(third=WAITS)).ready("third")
    run.redrive()
    told = run.succeeds()
    assert (told["status"], told["because"]) == ("SKIPPED", other.arn)
    assert [task.step for task in run.tasks()] == ["first", "second"]
    other.opens()
    assert other.succeeds()["status"] == "SUCCEEDED"


def test_it_waits_its_turn_and_goes_on_with_the_very_step(play: Play) -> None:
    run = play.start("grouped", does(first=WAITS), input=[]).ready("first")
    run.stop()
    run.opens()
    other = play.start("grouped", does(first=WAITS), input=[]).ready("first")
    run.redrive()
    run.reaches("Wait for its turn")
    other.opens()
    run.succeeds()
    other.succeeds()
    assert [task.step for task in run.tasks()] == ["first", "first"]
    stopped = other.tasks()[0].stopped
    assert stopped is not None
    assert stopped <= run.tasks()[1].created


def test_a_job_that_it_ran_is_run_again_with_the_lock(play: Play) -> None:
    run = play.start("outer", input=WAITS)
    run.ready("")
    run.stop()
    run.opens()
    run.redrive()
    run.succeeds()
    assert len(play.tasks_of("inner")) == 2
    path = run.path()
    assert path[path.index("(redriven)") :][:3] == ["(redriven)", "How did nested end?", "Look at the lock"]
    assert path.count("Run nested") == 2


@pytest.mark.parametrize(
    ("job", "running", "step"),
    [
        ("sides", ("near",), "sides"),
        ("part", ("part0",), "part"),
        ("child", ("child0",), "child"),
        ("tolerant", ("child0",), "child"),
    ],
)
def test_steps_within_others_cannot_ask_for_the_lock(play: Play, job: str, running: tuple[str], step: str) -> None:
    # Of so many items some are not begun.
    scripts = does(near=WAITS, part=WAITS, child=WAITS)
    items: dict[str, Any] = {} if job == "sides" else {"input": [1] * 12}
    run = play.start(job, scripts, **items).ready(*running)
    run.stop()
    before = {task.arn for task in run.tasks()}
    run.opens()
    run.redrive()
    error, cause = run.fails()
    assert error == "Job.LostTurn"
    assert cause == f"step {step} of {job} (dev) was redriven, and cannot ask for the lock again"
    assert {task.arn for task in run.tasks()} == before
    # It left the lock to the next run.
    play.start(job, does(part="exit 0", child="exit 0"), **items).succeeds()
    assert play.line(job) == []


def test_what_runs_after_a_failure_is_not_run_again_without_the_lock(play: Play) -> None:
    run = play.start("line", does(second="exit 3", clean=WAITS)).ready("clean")
    run.stop()
    run.opens()
    run.redrive()
    error, cause = run.fails()
    assert (error, cause.startswith("step second of line (dev) exited with code 3")) == ("Job.ExitedNonZero", True)
    assert len(run.tasks("clean")) == 1
    play.start("line").succeeds()
    assert play.line("line") == []
