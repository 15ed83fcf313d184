"""RedriveExecution: what it refuses, its client token, and what the API tells of redrives.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from boto3.session import Session
from botocore.config import Config

from sandbox.step_functions import history
from tests.sandbox.conftest import policy
from tests.sandbox.refusals import refusal
from tests.sandbox.step_functions.conftest import Machines, Run

FAIL = {"Fail": {"Type": "Fail", "Error": "Mine", "Cause": "why"}}
DONE = {"Done": {"Type": "Succeed"}}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}
# Fails in an execution that has been redriven less often than the input says.
STUBBORN = {
    "Try": {
        "Type": "Pass",
        "Output": "{% $states.context.Execution.RedriveCount < $states.input ? $error('no') : 'done' %}",
        "End": True,
    }
}
DAY = 86_400


def later(machines: Machines, seconds: float) -> None:
    """Move the clock, which nothing waits for."""
    clock = machines.aws.clock
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + seconds)


def running(machines: Machines) -> Run:
    run = machines.start(WAIT)
    assert machines.aws.clock.wait_idle(30)
    return run


def succeeded(machines: Machines) -> Run:
    return machines.run(DONE)


def long_ended(machines: Machines) -> Run:
    run = machines.run(FAIL)
    later(machines, 14 * DAY + 60)
    return run


def being_deleted(machines: Machines) -> Run:
    arn = machines.create(STUBBORN | WAIT | {"Try": {**STUBBORN["Try"], "End": False, "Next": "Wait"}})
    run = machines.run(arn, 1)
    machines.start(arn, 0)
    assert machines.aws.clock.wait_idle(30)
    machines.aws.client("stepfunctions").delete_state_machine(stateMachineArn=arn)
    return run


def deleted(machines: Machines) -> Run:
    arn = machines.create(FAIL)
    run = machines.run(arn)
    machines.aws.client("stepfunctions").delete_state_machine(stateMachineArn=arn)
    return run


def of_a_namesake(machines: Machines) -> Run:
    """The machine was deleted, and another one has its name."""
    run = deleted(machines)
    later(machines, 60)
    machines.create(DONE, name=run.description["stateMachineArn"].rpartition(":")[2])
    return run


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html, redriveStatusReason
        (running, "Execution is RUNNING and cannot be redriven"),
        (succeeded, "Execution is SUCCEEDED and cannot be redriven"),
        (long_ended, "Execution redrivable period exceeded"),
        (being_deleted, "State machine is in DELETING status"),
        (deleted, "State machine is in DELETING status"),
        (of_a_namesake, "State machine is in DELETING status"),
    ],
)
def test_executions_that_cannot_be_redriven(machines: Machines, make: Callable[[Machines], Run], reason: str) -> None:
    """The message is the one that AWS gave for executions that ran."""
    run = make(machines)
    before, events = run.now().status, run.now().events
    refused = refusal(machines.aws.client("stepfunctions").redrive_execution, executionArn=run.arn)
    assert refused == ("ExecutionNotRedrivable", f"Execution {run.arn} invalid for redrive as: {reason}")
    described = run.now().description
    assert (described["redriveStatus"], described["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    assert (described["status"], run.now().events) == (before, events)


def test_the_last_day_of_the_period_is_within_it(machines: Machines) -> None:
    run = machines.run(FAIL)
    later(machines, 14 * DAY - 60)
    assert run.now().description["redriveStatus"] == "REDRIVABLE"
    assert machines.redrive(run).description["redriveCount"] == 1


@pytest.mark.parametrize(("room", "is_redrivable"), [(2, True), (1, False)])
def test_two_events_must_fit_into_the_history(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, room: int, is_redrivable: bool
) -> None:
    """ "less than 24,999 events to accommodate the ExecutionRedriven history event and at least one other"."""
    run = machines.run(STUBBORN, 1)
    monkeypatch.setattr(history, "MAX_EVENTS", len(run.events) + room)
    if not is_redrivable:
        assert run.now().description["redriveStatusReason"] == "Execution history event limit exceeded"
        redrive = machines.aws.client("stepfunctions").redrive_execution
        assert refusal(redrive, executionArn=run.arn)[1].endswith(": Execution history event limit exceeded")
        return
    again = machines.redrive(run)
    assert again.types[-2:] == ["ExecutionRedriven", "ExecutionFailed"]
    assert again.failure[0] == "States.Runtime"
    assert "reached the maximum number of history events" in again.failure[1]


def test_what_is_no_execution(machines: Machines) -> None:
    redrive = machines.aws.client("stepfunctions").redrive_execution
    place = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}"
    missing, express = f"{place}:execution:none:none", f"{place}:express:none:none:e036ca4a"
    assert refusal(redrive, executionArn=missing) == ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{missing}'")
    assert refusal(redrive, executionArn=express) == (
        "InvalidArn",
        "Invalid Arn: 'Resource type not valid in this context: express'",
    )
    assert refusal(redrive, executionArn="nonsense")[0] == "InvalidArn"


@pytest.mark.parametrize(
    ("token", "constraints"),
    [
        ("", ["length greater than or equal to 1", "regular expression pattern: [!-~]+"]),
        ("x" * 65, ["length less than or equal to 64"]),
        ("a b", ["regular expression pattern: [!-~]+"]),
    ],
)
def test_client_tokens_that_are_none(machines: Machines, token: str, constraints: list[str]) -> None:
    run = machines.run(FAIL)
    unchecked = Session().client("stepfunctions", config=Config(parameter_validation=False))
    code, message = refusal(unchecked.redrive_execution, executionArn=run.arn, clientToken=token)
    assert code == "ValidationException"
    assert message.startswith(f"{len(constraints)} validation error")
    assert all(constraint in message for constraint in constraints)
    assert run.now().description["redriveCount"] == 0


def test_the_caller_needs_the_right(machines: Machines, role: Callable[..., str]) -> None:
    """ "states:RedriveExecution" on `execution:myStateMachine:*`; the machine's own role needs nothing for it."""
    arn = machines.create(FAIL, role_arn=role("states.amazonaws.com"))
    run = machines.run(arn)
    others = policy(("states:RedriveExecution", run.arn + "x"), ("states:StartExecution", "*"))
    right = policy(("states:RedriveExecution", f"{arn.replace(':stateMachine:', ':execution:')}:*"))
    clients = [
        machines.aws.identity.client("stepfunctions", role("states.amazonaws.com", document))
        for document in (others, right)
    ]
    code, message = refusal(clients[0].redrive_execution, executionArn=run.arn)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: states:RedriveExecution on resource: {run.arn}" in message
    assert clients[1].redrive_execution(executionArn=run.arn)["redriveDate"]


def test_a_token_redrives_once(machines: Machines) -> None:
    """As AWS answered: its own date for a token that has redriven, whatever became of the execution since."""
    redrive = machines.aws.client("stepfunctions").redrive_execution
    run = machines.run(STUBBORN, 2)
    first = redrive(executionArn=run.arn, clientToken="A")["redriveDate"]
    machines.play(run)
    assert redrive(executionArn=run.arn, clientToken="A")["redriveDate"] == first
    assert (run.now().status, run.now().description["redriveCount"]) == ("FAILED", 1)
    later(machines, 1)
    second = redrive(executionArn=run.arn, clientToken="B")["redriveDate"]
    assert second > first
    assert [redrive(executionArn=run.arn, clientToken=token)["redriveDate"] for token in "AB"] == [first, second]
    assert machines.play(run).output == "done"
    assert redrive(executionArn=run.arn, clientToken="B")["redriveDate"] == second
    assert refusal(redrive, executionArn=run.arn, clientToken="C")[0] == "ExecutionNotRedrivable"
    assert run.now().types.count("ExecutionRedriven") == 2


def test_a_refused_token_can_redrive_later(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    run = running(machines)
    assert refusal(sfn.redrive_execution, executionArn=run.arn, clientToken="A")[0] == "ExecutionNotRedrivable"
    sfn.stop_execution(executionArn=run.arn)
    sfn.redrive_execution(executionArn=run.arn, clientToken="A")
    assert run.now().description["redriveCount"] == 1


def test_a_token_is_known_for_a_quarter_of_an_hour(machines: Machines) -> None:
    """ "These client tokens are valid for up to 15 minutes after they are first used"."""
    run = machines.redrive(machines.run(FAIL), clientToken="A")
    later(machines, 14 * 60)
    assert machines.redrive(run, clientToken="A").description["redriveCount"] == 1
    later(machines, 60)
    assert machines.redrive(run, clientToken="A").description["redriveCount"] == 2


def test_ten_tokens_are_known(machines: Machines) -> None:
    """ "for the last 10 client tokens used to successfully redrive the execution"."""
    run = machines.run(FAIL)
    for number in range(11):
        run = machines.redrive(run, clientToken=f"token-{number}")
    assert machines.redrive(run, clientToken="token-1").description["redriveCount"] == 11
    assert machines.redrive(run, clientToken="token-0").description["redriveCount"] == 12


def test_a_description_tells_of_the_redrive(machines: Machines) -> None:
    """Members come and go as in AWS's answers."""
    run = machines.run(STUBBORN | WAIT | {"Try": {**STUBBORN["Try"], "End": False, "Next": "Wait"}}, 1)
    sfn = machines.aws.client("stepfunctions")
    failed = run.description
    assert (failed["redriveCount"], failed["redriveStatus"]) == (0, "REDRIVABLE")
    assert not {"redriveDate", "redriveStatusReason", "output"} & failed.keys()
    date = sfn.redrive_execution(executionArn=run.arn)["redriveDate"]
    assert machines.aws.clock.wait_idle(30)
    again = run.now().description
    assert (again["status"], again["redriveCount"], again["redriveDate"]) == ("RUNNING", 1, date)
    assert again["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert not {"stopDate", "error", "cause", "output"} & again.keys()
    assert [again[name] for name in ("startDate", "input")] == [failed[name] for name in ("startDate", "input")]
    ended = machines.play(run).description
    assert (ended["status"], ended["output"], ended["redriveDate"]) == ("SUCCEEDED", '"done"', date)
    assert ended["stopDate"] > failed["stopDate"]
    assert not {"error", "cause"} & ended.keys()


def test_a_list_tells_of_the_redrive(machines: Machines) -> None:
    """The filter is for the executions of a Map Run: AWS refuses it here, in these words."""
    arn, sfn = machines.create(FAIL), machines.aws.client("stepfunctions")
    plain = machines.run(arn, name="plain")
    redriven = machines.redrive(machines.run(arn, name="redriven"))
    listed = {each["name"]: each for each in sfn.list_executions(stateMachineArn=arn)["executions"]}
    assert listed["redriven"]["redriveCount"] == 1
    assert listed["redriven"]["redriveDate"] == redriven.description["redriveDate"]
    assert listed["plain"]["redriveCount"] == plain.description["redriveCount"] == 0
    assert "redriveDate" not in listed["plain"]
    assert refusal(sfn.list_executions, stateMachineArn=arn, redriveFilter="REDRIVEN") == (
        "ValidationException",
        "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN",
    )
    assert "enum value set" in refusal(sfn.list_executions, stateMachineArn=arn, redriveFilter="ANY")[1]


def test_a_redriven_execution_can_be_stopped_and_redriven_again(machines: Machines) -> None:
    sfn, run = machines.aws.client("stepfunctions"), machines.start(WAIT)
    for number in range(1, 4):
        sfn.stop_execution(executionArn=run.arn, error="Enough", cause="by hand")
        assert (run.now().status, run.now().failure) == ("ABORTED", ("Enough", "by hand"))
        sfn.redrive_execution(executionArn=run.arn)
        assert (run.now().status, run.now().description["redriveCount"]) == ("RUNNING", number)
    run = machines.play(run)
    assert run.status == "SUCCEEDED"
    assert [each["redriveCount"] for each in run.details("ExecutionRedriven")] == [1, 2, 3]


def test_a_machine_redrives_an_execution(machines: Machines) -> None:
    """The SDK integration has it as every other call of Step Functions."""
    redrive = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:redriveExecution", "End": True}
    run = machines.run(STUBBORN, 1)
    arn = machines.create({"Redrive": {**redrive, "Arguments": {"ExecutionArn": run.arn}}})
    redriver = machines.run(arn)
    assert json.loads(redriver.details("TaskScheduled")[0]["parameters"]) == {"ExecutionArn": run.arn}
    described = machines.play(run).description
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    assert datetime.fromisoformat(redriver.output["RedriveDate"]) == described["redriveDate"]
    error, cause = machines.run(arn).failure
    assert error == "Sfn.ExecutionNotRedrivableException"
    assert "Execution is SUCCEEDED and cannot be redriven" in cause
