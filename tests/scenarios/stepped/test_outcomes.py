"""How steps end: each outcome, what is tried again, and what the failure says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.faults import InterruptSpot, LoseHost, RefuseCapacity, RunOutOfMemory
from tests.scenarios.stepped.jobs import ENDS_WITH_0_ON_SIGTERM, LEAVE, TAKES_TIME_TO_STOP, WAITS, does
from tests.scenarios.stepped.world import Play, Run, World

AT_FIRST = "[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3"


NEVER_ENDS = "touch READY; while :; do sleep 0.02; done"
FAILS_WHEN_OPEN = "until [ -e OPEN ]; do sleep 0.02; done; exit 7"


def failure(run: Run, step: str, job: str) -> tuple[str, str, dict[str, Any]]:
    """Error, first line of the cause, and details of a run whose step failed."""
    error, cause = run.fails()
    line, _, details = cause.partition("\n")
    assert line.startswith(f"step {step} of {job} (dev) "), cause
    told = json.loads(details)
    assert (told["job"], told["step"], told["status"]) == (job, step, "FAILED")
    return error, line, told


def cleaned(run: Run) -> dict[str, Any]:
    """What the step of `onFailure` was told of the failure."""
    (task,) = run.tasks("clean")
    return task.input


def test_attempts_are_a_steps_own(play: Play) -> None:
    run = play.start("line", does(first=f"{AT_FIRST}; {LEAVE} 1", second=AT_FIRST))
    run.succeeds()
    assert [(task.step, task.environment["LONGHAUL_ATTEMPT"]) for task in run.tasks()] == [
        ("first", "1"),
        ("first", "2"),
        ("second", "1"),
        ("second", "2"),
        ("third", "1"),
    ]


def test_a_step_that_has_used_up_its_attempts(play: Play) -> None:
    run = play.start("line", does(second="exit 3"))
    error, line, told = failure(run, "second", "line")
    assert error == "Job.ExitedNonZero"
    assert "exited with code 3 after 2 of 2 attempts" in line
    assert (told["exitCode"], told["attempts"], told["startRetries"]) == (3, 2, 0)
    assert [task.step for task in run.tasks()] == ["first", "second", "second", "clean"]
    assert cleaned(run)["step"] == "second"
    assert (cleaned(run)["error"], cleaned(run)["cause"]) == (error, run.told()["cause"])
    assert play.line("line") == []


def test_what_runs_after_a_failure_runs_on_and_hides_it_not(play: Play) -> None:
    run = play.start("breaks", does(second="exit 3", fails_too="exit 4"))
    error, line, _ = failure(run, "second", "breaks")
    assert (error, "exited with code 3 after 1 attempt" in line) == ("Job.ExitedNonZero", True)
    assert run.path()[-3:] == ["How did fails_too end?", "Run clean", "Failed"]
    assert cleaned(run)["step"] == "second"


def test_starts_are_a_steps_own(play: Play, world: World) -> None:
    world.meets(RefuseCapacity, "line_first", first=2)
    world.meets(LoseHost, "line_third", first=1)
    run = play.start("line", does(third=f"[ $LONGHAUL_ATTEMPT -ge 2 ] || {{ {WAITS}; }}"))
    run.succeeds()
    assert run.path().count("Wait before starting first again") == 2
    assert [(task.step, task.environment["LONGHAUL_ATTEMPT"]) for task in run.tasks()] == [
        ("first", "3"),
        ("second", "1"),
        ("third", "1"),
        ("third", "2"),
    ]


def test_a_step_that_never_starts(play: Play, world: World) -> None:
    world.meets(RefuseCapacity, "line_second")
    error, line, told = failure(play.start("line"), "second", "line")
    assert error == "Job.NeverStarted"
    assert "never started in attempt 1 of 2 and 2 of 2 start retries" in line
    assert (told["attempts"], told["startRetries"]) == (1, 2)


def test_a_step_that_runs_out_of_memory(play: Play, world: World) -> None:
    world.meets(RunOutOfMemory, "line_second")
    error, line, _ = failure(play.start("line", does(second=WAITS)), "second", "line")
    assert (error, "ran out of its 512 MiB of memory" in line) == ("Job.OutOfMemory", True)


def test_a_step_that_takes_too_long_leaves_the_lock_to_the_next_run(play: Play, world: World) -> None:
    run = play.start("line", does(second=TAKES_TIME_TO_STOP)).ready("second")
    world.time_passes(120)
    error, line, _ = failure(run, "second", "line")
    assert (error, "ran longer than its timeout of 2m" in line) == ("Job.TimedOut", True)
    assert play.line("line") == [run.arn]
    play.start("line").succeeds()
    assert play.line("line") == []


def test_a_step_that_took_too_long_is_tried_again_when_its_task_has_stopped(play: Play, world: World) -> None:
    script = f"[ $LONGHAUL_ATTEMPT -ge 2 ] || {{ {TAKES_TIME_TO_STOP}; }}"
    run = play.start("patient", does(first=script)).ready("first")
    world.time_passes(120)
    run.succeeds()
    one, other, second = run.tasks()
    assert one.stopped is not None
    assert one.stopped <= other.created
    assert [task.environment["LONGHAUL_ATTEMPT"] for task in (one, other, second)] == ["1", "2", "1"]
    path = run.path()
    assert path.index("Is a task left over?") < path.index("Wait before first's next attempt")


def test_a_step_that_no_instance_takes(play: Play) -> None:
    run = play.start("packed")
    error, line, told = failure(run, "second", "packed")
    assert error == "Job.NotPlaced"
    waited = "no instance had room for it within its timeout of 2m"
    assert f"was not placed on any instance in its only attempt and 1 of 1 start retries ({waited})" in line
    assert told["taskArn"].rpartition("/")[2]
    assert run.path().count("Is second's among them?") == 4
    assert [(task.step, task.exit_code) for task in run.tasks()] == [
        ("first", 0),
        ("second", None),
        ("second", None),
        ("clean", 0),
    ]
    assert cleaned(run)["error"] == error
    assert play.line("packed") == []


@pytest.mark.parametrize("step", ["first", "second"])
def test_exit_code_0_after_an_interruption_is_no_success(play: Play, world: World, step: str) -> None:
    # The second of them leaves a result, the first does not.
    world.meets(InterruptSpot, f"spot_{step}", once_said="ready")
    error, line, _ = failure(play.start("spot", does(**{step: ENDS_WITH_0_ON_SIGTERM})), step, "spot")
    assert error == "Job.Interrupted"
    assert "lost its machine before it finished in its only attempt and 1 of 1 start retries" in line


@pytest.mark.parametrize("step", ["first", "second"])
def test_an_interruption_with_exit_code_0_is_started_again(play: Play, world: World, step: str) -> None:
    world.meets(InterruptSpot, f"spot_{step}", once_said="ready", first=1)
    done = f"{LEAVE} 2" if step == "second" else "exit 0"
    script = f"if [ $LONGHAUL_ATTEMPT -ge 2 ]; then {done}; else {ENDS_WITH_0_ON_SIGTERM}; fi"
    run = play.start("spot", does(**{step: script}))
    run.succeeds()
    assert len(run.tasks(step)) == 2


@pytest.mark.parametrize(("script", "says"), [("exit 0", "no result"), (f"{LEAVE} '{{'", "a result that is not JSON")])
def test_a_step_that_leaves_no_valid_result(play: Play, script: str, says: str) -> None:
    run = play.start("line", does(first=script))
    error, line, _ = failure(run, "first", "line")
    assert error == "Job.InvalidResult"
    assert f"exited with code 0 in attempt 1 of 2 and left {says} at s3://" in line
    assert cleaned(run)["step"] == "first"


def test_an_input_that_gives_nothing(play: Play) -> None:
    run = play.start("undefined", input={})
    error, line, _ = failure(run, "first", "undefined")
    assert (error, "input.files[0] gives nothing" in line) == ("Job.Refused", True)
    assert (cleaned(run)["step"], cleaned(run)["error"]) == ("first", "Job.Refused")
    assert run.tasks("first") == []


def test_an_environment_that_ecs_does_not_take_is_no_reason_to_go_on_forever(play: Play) -> None:
    run = play.start("large", environment={"MUCH": "x" * 9000})
    error, line, _ = failure(run, "only", "large")
    assert (error, "of the 8,192 characters that ECS takes" in line) == ("Job.Refused", True)


def test_a_failure_in_a_branch_stops_the_others(play: Play) -> None:
    run = play.start("sides", does(near=TAKES_TIME_TO_STOP, deeper=NEVER_ENDS, deepest=FAILS_WHEN_OPEN))
    run.ready("near", "deeper").opens()
    error, line, _ = failure(run, "deepest", "sides")
    assert (error, "exited with code 7" in line) == ("Job.ExitedNonZero", True)
    assert {task.step: task.exit_code for task in run.tasks() if task.step in ("near", "deeper")} == {
        "near": 5,
        "deeper": 143,
    }
    assert run.tasks("last") == []
    assert cleaned(run) == {"step": "sides", "error": error, "cause": run.told()["cause"]}
    # Of the others it is not known whether they have stopped.
    assert play.line("sides") == [run.arn]
    play.start("sides").succeeds()


def test_an_item_that_fails_stops_the_others(play: Play) -> None:
    run = play.start(
        "part", does(part=f"if [ $LONGHAUL_INDEX = 1 ]; then {FAILS_WHEN_OPEN}; fi; {NEVER_ENDS}"), input=[1, 2]
    )
    run.ready("part0").opens()
    error, line, _ = failure(run, "part", "part")
    assert (error, "exited with code 7" in line) == ("Job.ExitedNonZero", True)
    assert cleaned(run) == {"step": "part", "error": error, "cause": run.told()["cause"]}


def test_an_execution_of_an_item_that_fails(play: Play) -> None:
    run = play.start("child", does(child="exit 7"), input=[1])
    error, cause = run.fails()
    assert error == "States.ExceedToleratedFailureThreshold"
    assert cause.startswith("step child of child (dev): States.ExceedToleratedFailureThreshold: ")
    assert cleaned(run) == {"step": "child", "error": error, "cause": cause}


def test_a_job_that_fails(play: Play) -> None:
    run = play.start("outer", input="exit 7")
    error, cause = run.fails()
    (inner,) = play.tasks_of("inner")
    assert error == "Job.ExitedNonZero"
    assert cause.startswith("step nested of outer (dev): the run arn:aws:states:")
    assert cause.endswith(f":{inner.environment['LONGHAUL_EXECUTION']} did not succeed")
    assert cleaned(run) == {"step": "nested", "error": error, "cause": cause}


def test_a_job_that_is_skipped(play: Play) -> None:
    other = play.start("inner", input=WAITS).ready("")
    run = play.start("outer", input="exit 0")
    error, cause = run.fails()
    assert cause.startswith(
        f"step nested of outer (dev): its run was skipped: the run {other.name} of steps-dev-inner still runs"
    )
    assert cleaned(run) == {"step": "nested", "error": error, "cause": cause}
    other.opens()
