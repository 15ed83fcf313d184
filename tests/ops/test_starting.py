"""Runs that a person starts, in a deployed stack with real runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.runs import read_run
from ops.starting import UnfitInputError, check_input, new_name, overrides_size, start_run
from ops.waiting import wait_for_end
from tests.ops.operated import Operated
from tests.ops.tasks import tasks

MOST = 8192
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"""


def test_a_run_gets_what_it_is_started_with(operated: Operated) -> None:
    job = operated.job("obeys")
    given: dict[str, Any] = {
        "trigger": "manual",
        "input": {"exit": 64},
        "command": ["--day", "2026-11-24"],
        "environment": {"DRY_RUN": "true"},
    }
    execution_arn = start_run(operated.aws, job, "started-by-hand", given)
    assert execution_arn == job.execution_arn("started-by-hand")
    run = wait_for_end(operated.aws, job, execution_arn)
    assert (run.status, run.error, run.exit_code, run.input) == ("FAILED", "Job.ExitedNonZero", 64, given)
    (container,) = tasks(operated, execution_arn)[0]["overrides"]["containerOverrides"]
    assert container["command"] == ["--day", "2026-11-24"]
    assert {"name": "DRY_RUN", "value": "true"} in container["environment"]


def test_asking_twice_starts_once(operated: Operated) -> None:
    job, name = operated.job("obeys"), new_name("manual")
    first = start_run(operated.aws, job, name, {"trigger": "manual"})
    assert start_run(operated.aws, job, name, {"trigger": "manual"}) == first
    operated.to_end(first)
    # The execution has ended by now, which StartExecution refuses.
    assert start_run(operated.aws, job, name, {"trigger": "manual"}) == first
    assert sum(event["type"] == "TaskSubmitted" for event in operated.events(first)) == 1


def test_names_are_new_each_time() -> None:
    names = {new_name("rerun") for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("rerun-") for name in names)


def test_the_largest_input_is_what_the_machine_takes(operated: Operated) -> None:
    # Of a job whose failed runs no test runs again: one that is refused for its size is refused then too.
    stack, job, name = operated.found(), operated.job("obeys-in-line"), new_name("manual")

    # A quote takes a backslash in JSON, and another two where that is text in JSON.
    def execution_input(length: int) -> dict[str, Any]:
        return {"input": {"text": '"' + "x" * length}, "environment": {"A": "\\"}, "command": ["a b"]}

    room = MOST - overrides_size(stack, job, name, execution_input(0))
    check_input(operated.aws, stack, job, name, execution_input(room))
    largest = operated.run("obeys-in-line", execution_input(room), name=name)
    run = read_run(operated.aws, "obeys-in-line", largest)
    assert run.status == "SUCCEEDED", f"{run.cause}"

    with pytest.raises(UnfitInputError, match="take 8,194 of the 8,192 characters that ECS takes"):
        check_input(operated.aws, stack, job, name, execution_input(room + 2))
    # A first attempt has one digit, where two are counted.
    refused = operated.run("obeys-in-line", execution_input(room + 2), name=name[:-1] + "-")
    assert read_run(operated.aws, "obeys-in-line", refused).error == "Job.Refused"


@pytest.mark.parametrize("variable", ["LONGHAUL_INPUT", "AWS_REGION", "ECS_X"])
def test_variables_that_are_set_for_the_job_are_refused(operated: Operated, variable: str) -> None:
    with pytest.raises(UnfitInputError, match=f"{variable} cannot be set"):
        check_input(operated.aws, operated.found(), operated.job("obeys"), "x", {"environment": {variable: "1"}})


def test_an_end_before_the_redrive_is_none(operated: Operated, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    job, goes_on = operated.job("obeys"), tmp_path / "goes-on"
    goes_on.touch()
    execution_arn = operated.start("obeys", {"input": {"while": str(goes_on)}})
    operated.until_submitted(execution_arn)
    operated.stop(execution_arn)
    goes_on.unlink()
    redriven = []

    def sleep(_seconds: float) -> None:
        # DescribeExecution tells of the redrive only now.
        if not redriven:
            redriven.append(operated.states.redrive_execution(executionArn=execution_arn))

    monkeypatch.setattr("ops.waiting.time", SimpleNamespace(monotonic=lambda: 0.0, sleep=sleep))
    run = wait_for_end(operated.aws, job, execution_arn, redrives=1)
    assert (run.status, run.redrives) == ("SUCCEEDED", 1)


def test_a_run_that_is_not_there_is_waited_for_only_a_while(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.waiting._UNSEEN_SECONDS", 0)
    job = operated.job("obeys")
    with pytest.raises(operated.aws("stepfunctions").exceptions.ExecutionDoesNotExist):
        wait_for_end(operated.aws, job, job.execution_arn("never-was"))
