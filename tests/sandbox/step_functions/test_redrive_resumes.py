"""Where a redriven execution goes on, with what, and the events of it.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html#redrive-behavior-states
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.conftest import TaskPlace
from tests.sandbox.step_functions.conftest import Machines
from tests.sandbox.step_functions.test_ecs_run_task import ABORTED, running, started_task

COUNT = "$states.context.Execution.RedriveCount"
DONE = {"Done": {"Type": "Pass", "End": True}}
NO_TABLE = "DynamoDb.ResourceNotFoundException"
IDENTITY = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity"}


def describing(table: str, **fields: Any) -> dict[str, Any]:
    """A state whose task fails while there is no such table."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable",
        "Arguments": {"TableName": table},
        "Output": "{% $states.result.Table.TableName %}",
        "Next": "Done",
        **fields,
    }


def create_table(machines: Machines, name: str) -> None:
    machines.aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    )


@pytest.fixture
def table() -> str:
    return f"table-{secrets.token_hex(6)}"


def test_the_state_that_failed_is_scheduled_again(machines: Machines, table: str) -> None:
    """The ids are as AWS gives them: the attempt follows from the state's first entry, which is not repeated."""
    states = {
        "Before": {"Type": "Pass", "Assign": {"x": "{% $states.input.n %}"}, "Output": "kept", "Next": "Task"},
        "Task": describing(table, Assign={"y": "{% $states.input & $x %}"}),
        "Done": {**DONE["Done"], "Output": ["{% $states.input %}", "{% $x %}", "{% $y %}"]},
    }
    run = machines.run(states, {"n": 7})
    assert run.failure[0] == NO_TABLE
    create_table(machines, table)
    again = machines.redrive(run)
    assert again.output == [table, 7, "kept7"]
    assert again.events[: len(run.events)] == run.events
    assert again.links == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "PassStateEntered"),
        (3, 2, "PassStateExited"),
        (4, 3, "TaskStateEntered"),
        (5, 4, "TaskScheduled"),
        (6, 5, "TaskStarted"),
        (7, 6, "TaskFailed"),
        (8, 7, "ExecutionFailed"),
        (9, 8, "ExecutionRedriven"),
        (10, 4, "TaskScheduled"),
        (11, 10, "TaskStarted"),
        (12, 11, "TaskSucceeded"),
        (13, 12, "TaskStateExited"),
        (14, 13, "PassStateEntered"),
        (15, 14, "PassStateExited"),
        (16, 15, "ExecutionSucceeded"),
    ]
    assert again.details("ExecutionRedriven") == [{"redriveCount": 1}]
    assert again.times("ExecutionRedriven") == [again.description["redriveDate"].timestamp()]


def test_retries_are_counted_anew_and_the_entry_stays(machines: Machines) -> None:
    """ "the retry attempt count for these states is reset to 0"; State.EnteredTime stayed the first entry's on AWS."""
    context = f"[{COUNT}, $states.context.State.RetryCount, $states.context.State.EnteredTime]"
    retrier = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "IntervalSeconds": 100}
    states = {"Task": describing(f"{{% $string({context}) %}}", Retry=[retrier]), **DONE}
    run = machines.redrive(machines.redrive(machines.run(states)))
    assert run.status == "FAILED"
    seen = [json.loads(json.loads(each["parameters"])["TableName"]) for each in run.details("TaskScheduled")]
    entered = f"{run.events[1]['timestamp'].astimezone():%M:%S.%f}"[:-3] + "Z"
    assert [each[:2] for each in seen] == [[redrive, retry] for redrive in range(3) for retry in range(2)]
    assert {each[2].partition(":")[2] for each in seen} == {entered}


def test_the_context_object_tells_of_the_redrive(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html, RedriveTime"""
    context = "$states.context.Execution"
    output = f"{{% {COUNT} = 0 ? $error($string($exists({context}.RedriveTime))) : {context} %}}"
    run = machines.run({"Tell": {"Type": "Pass", "Output": output, "End": True}}, {"a": 1})
    assert run.failure[1].endswith(": false")
    again = machines.redrive(run)
    date = again.description["redriveDate"]
    assert (again.output["RedriveCount"], again.output["RedriveTime"][-7:]) == (1, f"{date:%S.%f}"[:-3] + "Z")
    assert (again.output["Input"], again.output["Id"]) == ({"a": 1}, run.arn)


def test_after_a_stop_in_a_task(place: TaskPlace, machines: Machines) -> None:
    """A new task is run, with Arguments that are evaluated anew."""
    states = running(place, "sh", "-c", '[ "$REDRIVE" = 1 ] && exit 0; trap "exit 1" TERM; sleep 600 & wait')
    redrive = {"Name": "REDRIVE", "Value": f"{{% $string({COUNT}) %}}"}
    states["Run"]["Arguments"]["Overrides"] = {"ContainerOverrides": [{"Name": "job", "Environment": [redrive]}]}
    run = machines.start(states)
    first = started_task(machines, run)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert place.finish(first)["stoppedReason"] == ABORTED.format(run.arn)
    again = machines.redrive(run)
    assert again.output["TaskArn"] != first
    assert again.output["Containers"][0]["ExitCode"] == 0
    assert again.links[4:8] == [
        (5, 4, "TaskSubmitted"),
        (6, 0, "ExecutionAborted"),
        (7, 6, "ExecutionRedriven"),
        (8, 2, "TaskScheduled"),
    ]


def test_arguments_may_refuse_a_redrive(machines: Machines) -> None:
    """An error that Arguments raise is one of evaluation, which Catch takes, in a redrive too."""
    arguments = f"{{% {COUNT} = $redrive ? {{'TableName': 'none'}} : $error('redriven') %}}"
    catcher = {"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Done"}
    states = {
        "Before": {"Type": "Pass", "Assign": {"redrive": f"{{% {COUNT} %}}"}, "Next": "Task"},
        "Task": describing("none", Arguments=arguments, Catch=[catcher]),
        **DONE,
    }
    run = machines.run(states)
    assert run.failure[0] == NO_TABLE
    again = machines.redrive(run)
    assert again.output["Error"] == "States.QueryEvaluationError"
    assert again.output["Cause"].endswith("threw an error during evaluation. D3137: redriven")
    assert again.types.count("TaskScheduled") == 1
    assert again.links[8:11] == [
        (9, 8, "ExecutionRedriven"),
        (10, 4, "EvaluationFailed"),
        (11, 10, "TaskStateExited"),
    ]


def test_a_fail_state_fails_again(machines: Machines, table: str) -> None:
    """ "Reenters the Fail state and fails again": what led there was caught, and is not run again."""
    catcher = {"ErrorEquals": ["States.ALL"], "Assign": {"was": "{% $states.errorOutput.Error %}"}, "Next": "Fail"}
    fail = {"Type": "Fail", "Error": "{% $was %}", "Cause": f"{{% 'redrives: ' & {COUNT} %}}"}
    run = machines.run({"Task": describing(table, Catch=[catcher]), **DONE, "Fail": fail})
    assert run.failure == (NO_TABLE, "redrives: 0")
    create_table(machines, table)
    again = machines.redrive(run)
    assert (again.status, again.failure) == ("FAILED", (NO_TABLE, "redrives: 1"))
    # As AWS writes it: no second entry, and the end follows from the redrive.
    assert again.links[6:] == [
        (7, 6, "FailStateEntered"),
        (8, 7, "ExecutionFailed"),
        (9, 8, "ExecutionRedriven"),
        (10, 9, "ExecutionFailed"),
    ]


def test_a_choice_is_made_anew(machines: Machines) -> None:
    """ "Reevaluates the Choice state rules"."""
    rule = {"Condition": f"{{% {COUNT} > 0 %}}", "Assign": {"x": f"{{% {COUNT} %}}"}, "Next": "Get"}
    states = {
        "Choose": {"Type": "Choice", "Choices": [rule]},
        "Get": {"Type": "Pass", "Output": "{% $x %}", "End": True},
    }
    run = machines.run(states)
    assert run.failure[0] == "States.Runtime"
    again = machines.redrive(run)
    assert again.output == 1
    assert again.types.count("ChoiceStateEntered") == 1


def test_the_definition_is_that_of_the_start(machines: Machines) -> None:
    """ "Because redriven executions use the same state machine definition, you must start a new execution"."""
    output = f"{{% {COUNT} = 0 ? $error('no') : 'before' %}}"
    arn, sfn = (
        machines.create({"Try": {"Type": "Pass", "Output": output, "End": True}}),
        machines.aws.client("stepfunctions"),
    )
    run = machines.run(arn)
    before = sfn.describe_state_machine(stateMachineArn=arn)["definition"]
    after = {"QueryLanguage": "JSONata", "StartAt": "Try", "States": {"Try": {"Type": "Succeed", "Output": "after"}}}
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(after))
    assert machines.redrive(run).output == "before"
    assert sfn.describe_state_machine_for_execution(executionArn=run.arn)["definition"] == before
    assert machines.run(arn).output == "after"


def test_what_a_stopped_run_still_did_is_lost(machines: Machines, function: Callable[..., str], tmp_path: Path) -> None:
    """A call that was under way at the stop answers when the redriven execution is further on."""
    began, go_on = tmp_path / "began", tmp_path / "go-on"
    slow = function(
        f"import pathlib; pathlib.Path({str(began)!r}).touch()",
        f"while not pathlib.Path({str(go_on)!r}).exists(): pass",
    )
    fast = function("return 'fast'")
    states = {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": f"{{% {COUNT} = 0 ? '{slow}' : '{fast}' %}}"},
            "Assign": {"payload": "{% $states.result.Payload %}"},
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"},
        "Done": {**DONE["Done"], "Output": "{% $payload %}"},
    }
    clock, sfn, run = machines.aws.clock, machines.aws.client("stepfunctions"), machines.start(states)
    while not began.exists():
        assert run.now().status == "RUNNING"
    sfn.stop_execution(executionArn=run.arn)
    sfn.redrive_execution(executionArn=run.arn)
    while "WaitStateEntered" not in run.now().types:
        assert run.now().status == "RUNNING"
    before = run.now().events
    go_on.touch()
    assert clock.wait_idle(30)
    assert (run.now().status, run.now().events) == ("RUNNING", before)
    sfn.stop_execution(executionArn=run.arn)
    assert run.now().status == "ABORTED"
    assert machines.redrive(run).output == "fast"


def step(number: int, kind: str, limit: int) -> dict[str, Any]:
    """A state that fails, or waits to be stopped, in an execution that was redriven less than `limit` times."""
    too_early = f"{COUNT} < {limit}"
    assign = {f"v{number}": f"{{% {number} + $states.input %}}"}
    shared = {"Output": "{% $states.input + 1 %}", "Assign": assign, "Next": f"State{number + 1}"}
    if kind == "Wait":
        return {"Type": "Wait", "Seconds": f"{{% {too_early} ? 3600 : 0 %}}", **shared}
    if kind == "Task":
        return {**IDENTITY, "Arguments": f"{{% {too_early} ? $error('early') : {{}} %}}", **shared}
    return {"Type": "Pass", **shared, "Output": f"{{% {too_early} ? $error('early') : $states.input + 1 %}}"}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["Pass", "Task", "Wait"]), st.integers(0, 3)), min_size=1, max_size=5))
def test_redrives_come_to_what_one_undisturbed_run_does(machines: Machines, steps: list[tuple[str, int]]) -> None:
    states: dict[str, Any] = {f"State{number}": step(number, *each) for number, each in enumerate(steps)}
    variables = {f"v{number}": f"{{% $v{number} %}}" for number in range(len(steps))}
    states[f"State{len(steps)}"] = {"Type": "Pass", "Output": {"end": "{% $states.input %}", **variables}, "End": True}
    clock, sfn, run = machines.aws.clock, machines.aws.client("stepfunctions"), machines.start(states, 0)
    redrives = 0
    while True:
        assert clock.wait_idle(30)
        if run.now().status == "RUNNING":
            sfn.stop_execution(executionArn=run.arn)
            assert clock.wait_idle(30)
        if run.now().status == "SUCCEEDED":
            break
        sfn.redrive_execution(executionArn=run.arn)
        redrives += 1
    run = run.now()
    # Each state adds one to its input, and keeps its number plus its input.
    assert run.output == {"end": len(steps), **{f"v{number}": 2 * number for number in range(len(steps))}}
    assert redrives == run.description["redriveCount"] == max(limit for _, limit in steps)
    for what in ("Entered", "Exited"):
        told = [each["name"] for kind in ("Pass", "Task", "Wait") for each in run.details(f"{kind}State{what}")]
        assert sorted(told) == sorted(states)
    assert [event["id"] for event in run.events] == list(range(1, len(run.events) + 1))
