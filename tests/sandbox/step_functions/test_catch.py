"""Which errors a catcher takes, and what it makes of them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.step_functions.error_handling import HeartbeatMissedError, first_match, matches
from sandbox.step_functions.errors import StateError
from tests.sandbox.step_functions.conftest import Machines

NO_TABLE = "DynamoDb.ResourceNotFoundException"


def failing(*catchers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """States of which the first fails with DynamoDb.ResourceNotFoundException."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable",
        "Arguments": {"TableName": "no-such-table"},
        "Catch": list(catchers),
        "Next": "Done",
        **fields,
    }
    return {"Task": task, "Done": {"Type": "Pass", "End": True}}


@pytest.mark.parametrize(
    ("name", "error", "is_match"),
    [
        ("Mine", "Mine", True),
        ("Mine", "mine", False),
        ("States.ALL", "Mine", True),
        ("States.ALL", "States.Timeout", True),
        ("States.ALL", "States.QueryEvaluationError", True),
        ("States.ALL", None, True),
        ("States.ALL", "States.Runtime", False),
        ("States.ALL", "States.DataLimitExceeded", False),
        ("States.DataLimitExceeded", "States.DataLimitExceeded", True),
        ("States.Runtime", "States.Runtime", False),
        # "States.TaskFailed ... matches any known error name except for States.Timeout."
        ("States.TaskFailed", "Mine", True),
        ("States.TaskFailed", "States.TaskFailed", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.TaskFailed", "States.Runtime", False),
    ],
)
def test_which_name_takes_which_error(name: str, error: str | None, is_match: bool) -> None:
    assert matches([name], StateError(error)) is is_match


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_a_missed_heartbeat_goes_by_two_names(name: str) -> None:
    """ "States.HeartbeatTimeout is available inside the Catch and Retry fields", States.Timeout too."""
    assert matches([name], HeartbeatMissedError())
    assert matches(["States.HeartbeatTimeout"], StateError("States.Timeout")) is False


def test_the_first_catcher_that_matches_takes_it() -> None:
    catchers = [{"ErrorEquals": names} for names in (["A"], ["B", "C"], ["States.TaskFailed"], ["States.ALL"])]
    taken = [first_match(catchers, StateError(error)) for error in ("C", "D", "States.Timeout", "States.Runtime")]
    assert taken == [1, 2, 3, None]


def test_what_is_caught_is_the_output(machines: Machines) -> None:
    run = machines.run(
        failing({"ErrorEquals": ["Nothing"], "Next": "Done"}, {"ErrorEquals": [NO_TABLE], "Next": "Done"})
    )
    assert set(run.output) == {"Error", "Cause"}
    assert run.output["Error"] == NO_TABLE
    assert "(Service: DynamoDb, Status Code: 400, Request ID: " in run.output["Cause"]
    assert run.types[-4:] == ["TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_a_catcher_has_its_own_output_and_variables(machines: Machines) -> None:
    catcher = {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"caught": "{% $states.errorOutput.Error %}"},
        "Output": "{% {'was': $states.input, 'cause': $type($states.errorOutput.Cause)} %}",
        "Next": "Done",
    }
    states = failing(catcher)
    states["Done"]["Output"] = ["{% $states.input %}", "{% $caught %}"]
    assert machines.run(states, {"n": 1}).output == [{"was": {"n": 1}, "cause": "string"}, NO_TABLE]


def test_the_task_s_assign_does_not_happen_when_it_is_caught(machines: Machines) -> None:
    states = failing({"ErrorEquals": ["States.ALL"], "Next": "Done"}, Assign={"x": 1})
    states["Done"]["Output"] = "{% $exists($x) %}"
    assert machines.run(states).output is False


def test_what_no_catcher_takes_ends_the_execution(machines: Machines) -> None:
    run = machines.run(failing({"ErrorEquals": ["Something"], "Next": "Done"}))
    assert (run.status, run.failure[0]) == ("FAILED", NO_TABLE)


def test_arguments_that_cannot_be_evaluated_are_caught(machines: Machines) -> None:
    states = failing(
        {"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Done"}, Arguments={"TableName": "{% $nobody %}"}
    )
    run = machines.run(states)
    assert run.output["Error"] == "States.QueryEvaluationError"
    assert "TaskScheduled" not in run.types
    assert run.types[2] == "EvaluationFailed"


def test_a_catcher_that_fails_ends_the_execution(machines: Machines) -> None:
    catchers = [
        {"ErrorEquals": [NO_TABLE], "Output": "{% $nobody %}", "Next": "Done"},
        {"ErrorEquals": ["States.ALL"], "Next": "Done"},
    ]
    run = machines.run(failing(*catchers))
    assert (run.status, run.failure[0]) == ("FAILED", "States.QueryEvaluationError")
    assert run.details("EvaluationFailed")[0]["location"] == "Catch[0]/Output"


def test_catch_comes_after_the_retries(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}
    run = machines.run(failing({"ErrorEquals": ["States.ALL"], "Next": "Done"}, Retry=[retrier]))
    assert run.output["Error"] == NO_TABLE
    assert len(run.details("TaskFailed")) == 3


def test_parameters_that_the_operation_does_not_have_are_not_caught(machines: Machines) -> None:
    states = failing({"ErrorEquals": ["States.ALL"], "Next": "Done"}, Arguments="{% {'Nonsense': 1} %}")
    run = machines.run(states)
    assert (run.status, run.failure[0]) == ("FAILED", "States.Runtime")
    assert "The field 'Nonsense' is not supported by Step Functions" in run.failure[1]
    assert "The field 'TableName' is required but was missing" in run.failure[1]
