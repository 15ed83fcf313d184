"""StartExecution, DescribeExecution and ListExecutions.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.sandbox.refusals import refusal
from tests.sandbox.step_functions.conftest import Machines, Run

WAIT = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}
DONE = {"Done": {"Type": "Succeed"}}


@cache
def unchecked_client() -> Any:
    """A client that sends what botocore itself would refuse."""
    from boto3.session import Session
    from botocore.config import Config

    return Session().client("stepfunctions", config=Config(parameter_validation=False))


def test_the_same_name_and_input_is_the_same_execution_while_it_runs(machines: Machines) -> None:
    """ "StartExecution is idempotent for STANDARD workflows"."""
    arn, sfn = machines.create(WAIT), machines.aws.client("stepfunctions")
    first = sfn.start_execution(stateMachineArn=arn, name="daily", input='{"a":1}')
    again = sfn.start_execution(stateMachineArn=arn, name="daily", input='{"a":1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    taken = f"Execution Already Exists: '{first['executionArn']}'"
    other = refusal(sfn.start_execution, stateMachineArn=arn, name="daily", input='{"a":2}')
    assert other == ("ExecutionAlreadyExists", taken)
    machines.play(Run(machines.aws, first["executionArn"]))
    ended = refusal(sfn.start_execution, stateMachineArn=arn, name="daily", input='{"a":1}')
    assert ended == ("ExecutionAlreadyExists", taken)
    assert len(sfn.list_executions(stateMachineArn=arn)["executions"]) == 1


def test_a_name_is_given_to_who_gives_none(machines: Machines) -> None:
    arn = machines.create(DONE)
    first, second = machines.run(arn), machines.run(arn)
    assert first.arn != second.arn
    assert len(first.description["name"]) == 36


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "a*", "x" * 81])
def test_names_that_are_none(machines: Machines, name: str) -> None:
    code, _ = refusal(unchecked_client().start_execution, stateMachineArn=machines.create(DONE), name=name)
    assert code == "InvalidName"


@pytest.mark.parametrize("text", ["", "{", "NaN", "{'a': 1}"])
def test_an_input_that_is_not_json(machines: Machines, text: str) -> None:
    arn, sfn = machines.create(DONE), machines.aws.client("stepfunctions")
    code, message = refusal(sfn.start_execution, stateMachineArn=arn, input=text)
    assert code == "InvalidExecutionInput"
    assert message.startswith("Invalid State Machine Execution Input: '")


def test_an_input_beyond_256_kib(machines: Machines) -> None:
    arn, sfn = machines.create(DONE), machines.aws.client("stepfunctions")
    code, _ = refusal(unchecked_client().start_execution, stateMachineArn=arn, input=json.dumps("x" * 262_143))
    assert code == "ValidationException"
    assert sfn.start_execution(stateMachineArn=arn, input=json.dumps("x" * 262_142))["executionArn"]


def test_any_json_value_is_an_input(machines: Machines) -> None:
    arn = machines.create(DONE)
    for value in ([1], "text", 5, True):
        assert machines.run(arn, value).output == value


def test_what_does_not_exist(machines: Machines) -> None:
    sfn, place = machines.aws.client("stepfunctions"), f"{machines.aws.region}:{machines.aws.account}"
    machine, execution = f"arn:aws:states:{place}:stateMachine:none", f"arn:aws:states:{place}:execution:none:none"
    assert refusal(sfn.start_execution, stateMachineArn=machine) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{machine}'",
    )
    for call in (sfn.describe_execution, sfn.stop_execution, sfn.get_execution_history):
        assert refusal(call, executionArn=execution) == (
            "ExecutionDoesNotExist",
            f"Execution Does Not Exist: '{execution}'",
        )
    assert refusal(sfn.start_execution, stateMachineArn="nonsense")[0] == "InvalidArn"
    assert refusal(sfn.describe_execution, executionArn=machine)[0] == "InvalidArn"


def test_a_description_says_what_came_in_and_out(machines: Machines) -> None:
    arn = machines.create(DONE)
    described = machines.run(arn, {"a": 1}, name="mine").description
    assert {name: described[name] for name in ("name", "stateMachineArn", "status", "input", "output")} == {
        "name": "mine",
        "stateMachineArn": arn,
        "status": "SUCCEEDED",
        "input": '{"a": 1}',
        "output": '{"a":1}',
    }
    assert described["inputDetails"] == described["outputDetails"] == {"included": True}
    assert described["startDate"] <= described["stopDate"]
    assert (described["redriveCount"], described["redriveStatus"]) == (0, "NOT_REDRIVABLE")


def test_a_list_can_be_of_one_status(machines: Machines) -> None:
    states = {"Fail": {"Type": "Fail"}}
    fails = machines.create(states)
    failed = machines.run(fails)
    listed = machines.aws.client("stepfunctions").list_executions
    assert [each["executionArn"] for each in listed(stateMachineArn=fails, statusFilter="FAILED")["executions"]] == [
        failed.arn
    ]
    assert listed(stateMachineArn=fails, statusFilter="SUCCEEDED")["executions"] == []


def test_an_execution_keeps_the_definition_it_started_with(machines: Machines) -> None:
    """ "Running executions will continue to use the previous definition and roleArn" (UpdateStateMachine)."""
    arn, sfn = machines.create(WAIT), machines.aws.client("stepfunctions")
    run = machines.start(arn, {"a": 1})
    before = sfn.describe_state_machine(stateMachineArn=arn)["definition"]
    after = json.dumps({"QueryLanguage": "JSONata", "StartAt": "F", "States": {"F": {"Type": "Fail"}}})
    sfn.update_state_machine(stateMachineArn=arn, definition=after)
    assert sfn.describe_state_machine_for_execution(executionArn=run.arn)["definition"] == before
    assert machines.play(run).status == "SUCCEEDED"
    assert machines.run(arn).status == "FAILED"


def test_a_deleted_machine_ends_its_executions_at_their_next_transition(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html"""
    states = {"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, **DONE}
    arn, sfn = machines.create(states), machines.aws.client("stepfunctions")
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "of", "value": arn}])
    run = machines.start(arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    assert refusal(sfn.start_execution, stateMachineArn=arn)[0] == "StateMachineDeleting"
    run = machines.play(run)
    assert run.status == "ABORTED"
    assert "SucceedStateEntered" not in run.types
    assert refusal(sfn.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"
    tagged = machines.aws.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "of", "Values": [arn]}])
    assert tagged["ResourceTagMappingList"] == []


def test_two_hundred_run_at_once(machines: Machines) -> None:
    states = {
        "Keep": {"Type": "Pass", "Assign": {"n": "{% $states.input %}"}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Tell"},
        "Tell": {"Type": "Pass", "Output": "{% $n * 2 %}", "End": True},
    }
    arn = machines.create(states)
    runs = [machines.start(arn, number) for number in range(200)]
    assert machines.aws.clock.wait_idle(30)
    assert {run.now().status for run in runs} == {"RUNNING"}
    assert [machines.play(run).output for run in runs] == [number * 2 for number in range(200)]
