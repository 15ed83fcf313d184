"""CreateStateMachine, UpdateStateMachine and what the sandbox refuses there.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from boto3.session import Session
from botocore.config import Config

from tests.sandbox.conftest import policy, trust
from tests.sandbox.refusals import refusal
from tests.sandbox.step_functions.conftest import Machines

DONE = {"Done": {"Type": "Succeed"}}
NESTED = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (
            task("arn:aws:states:::lambda:invoke.waitForTaskToken", Arguments={"FunctionName": "f"}),
            "tasks that wait for a task token (.waitForTaskToken)",
        ),
        (task("arn:aws:states:eu-west-1:123456789012:activity:mine"), "activities"),
        (
            task("arn:aws:states:::sns:publish", Arguments={"Message": "m", "TopicArn": "t"}),
            "the integration sns:publish",
        ),
        (
            task("arn:aws:states:::aws-sdk:polly:synthesizeSpeech"),
            "the AWS SDK integration of the service 'polly'",
        ),
        (
            task(
                "arn:aws:states:::ecs:runTask",
                Arguments={"TaskDefinition": "t"},
                Credentials={"RoleArn": "arn:aws:iam::123456789012:role/r"},
            ),
            "Task states with Credentials",
        ),
    ],
)
def test_what_the_sandbox_does_not_run_is_refused_by_name(machines: Machines, state: dict[str, Any], what: str) -> None:
    expected = f"Invalid State Machine Definition: 'The sandbox does not run {what}: at /States/Job'"
    assert refusal(machines.create, {"Job": state}) == ("InvalidDefinition", expected)


def test_what_is_inside_of_a_state_is_refused_too(machines: Machines) -> None:
    inner = {"StartAt": "Act", "States": {"Act": task("arn:aws:states:eu-west-1:123456789012:activity:mine")}}
    refused = refusal(machines.create, {"Job": {"Type": "Parallel", "Branches": [NESTED, inner], "End": True}})
    assert "The sandbox does not run activities: at /States/Job/Branches[1]/States/Act" in refused[1]


def test_jsonpath_is_refused_with_the_way_out(machines: Machines) -> None:
    code, message = refusal(machines.create, DONE, QueryLanguage="JSONPath")
    assert code == "InvalidDefinition"
    assert 'The sandbox does not run states in JSONPath (set "QueryLanguage": "JSONata")' in message


def test_express_machines_are_refused(machines: Machines) -> None:
    refused = refusal(machines.create, DONE, type="EXPRESS")
    assert refused == ("StateMachineTypeNotSupported", "The sandbox does not run Express state machines")


def test_other_calls_that_are_not_run_say_so(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    definition = json.dumps({"Type": "Pass", "End": True})
    assert "does not run activities" in refusal(sfn.create_activity, name="a")[1]
    # Their host name begins with "sync-", which a loopback address cannot have.
    sync = Session().client("stepfunctions", config=Config(inject_host_prefix=False))
    assert "TestState" in refusal(sync.test_state, definition=definition, roleArn=machines.role_arn)[1]
    started = refusal(sync.start_sync_execution, stateMachineArn=machines.create(DONE))
    assert started[0] == "StateMachineTypeNotSupported"


def test_an_update_is_refused_too_and_leaves_the_machine_as_it_was(machines: Machines) -> None:
    arn, sfn = machines.create(DONE), machines.aws.client("stepfunctions")
    publish = task("arn:aws:states:::sns:publish", Arguments={"Message": "m", "TopicArn": "t"})
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Job", "States": {"Job": publish}})
    assert refusal(sfn.update_state_machine, stateMachineArn=arn, definition=definition)[0] == "InvalidDefinition"
    assert machines.run(arn).status == "SUCCEEDED"


def test_a_definition_that_aws_refuses_is_refused_in_its_words(machines: Machines) -> None:
    refused = refusal(machines.create, {"Wait": {"Type": "Wait", "Seconds": -1, "End": True}})
    assert refused == (
        "InvalidDefinition",
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/Wait/Seconds'",
    )


def test_validation_alone_creates_nothing_and_refuses_nothing_of_its_own(machines: Machines) -> None:
    sfn = machines.aws.client("stepfunctions")
    before = len(sfn.list_state_machines()["stateMachines"])
    publish = task("arn:aws:states:::sns:publish", Arguments={"Message": "m", "TopicArn": "t"})
    definition = {"QueryLanguage": "JSONata", "StartAt": "Job", "States": {"Job": publish}}
    answer = sfn.validate_state_machine_definition(definition=json.dumps(definition))
    assert (answer["result"], answer["diagnostics"]) == ("OK", [])
    definition["StartAt"] = "None"
    answer = sfn.validate_state_machine_definition(definition=json.dumps(definition))
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"][0] == {
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: None",
        "location": "/StartAt",
    }
    assert len(sfn.list_state_machines()["stateMachines"]) == before


def test_the_role_must_trust_step_functions(machines: Machines, role: Callable[..., str]) -> None:
    code, message = refusal(machines.create, DONE, role_arn=role("ecs-tasks.amazonaws.com"))
    assert code == "AccessDeniedException"
    assert "states.amazonaws.com" in message


def test_a_trust_may_be_bound_to_the_machine(machines: Machines, role: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html, confused deputy"""
    machine = f"arn:aws:states:{machines.aws.region}:{machines.aws.account}:stateMachine:bound-machine"
    document = trust("states.amazonaws.com", ArnLike={"aws:SourceArn": machine})
    role_arn = role("states.amazonaws.com", trusted=document)
    assert refusal(machines.create, DONE, role_arn=role_arn)[0] == "AccessDeniedException"
    arn = machines.create(DONE, role_arn=role_arn, name="bound-machine")
    assert machines.run(arn).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        (
            task("arn:aws:states:::ecs:runTask.sync", Arguments={"TaskDefinition": "t"}),
            "StepFunctionsGetEventsForECSTaskRule",
        ),
        (
            task("arn:aws:states:::states:startExecution.sync", Arguments={"StateMachineArn": "m"}),
            "StepFunctionsGetEventsForStepFunctionsExecutionRule",
        ),
    ],
)
def test_who_waits_for_a_job_must_be_allowed_its_managed_rule(
    machines: Machines, role: Callable[..., str], state: dict[str, Any], rule: str
) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam and connect-stepfunctions.html"""
    actions = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
    place = f"arn:aws:events:{machines.aws.region}:{machines.aws.account}:rule"
    for grants in ([], [(actions[:2], f"{place}/{rule}")], [(actions, f"{place}/other")]):
        role_arn = role("states.amazonaws.com", *([policy(*grants)] if grants else []))
        refused = refusal(machines.create, {"Job": state}, role_arn=role_arn)
        assert refused == ("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")
    role_arn = role("states.amazonaws.com", policy((actions, f"{place}/{rule}")))
    assert machines.create({"Job": state}, role_arn=role_arn)


def logging_to(machines: Machines, group: str) -> dict[str, Any]:
    arn = f"arn:aws:logs:{machines.aws.region}:{machines.aws.account}:log-group:{group}:*"
    return {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def test_logging_needs_a_group_and_the_rights_to_deliver(machines: Machines, role: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy"""
    group = f"/group-{machines.role_arn[-12:]}"
    configuration = logging_to(machines, group)
    refused = refusal(machines.create, DONE, loggingConfiguration=configuration)
    assert refused == (
        "InvalidLoggingConfiguration",
        "Invalid Logging Configuration: Log Destination not found.",
    )
    machines.aws.client("logs").create_log_group(logGroupName=group)
    poor = role("states.amazonaws.com", policy((["logs:CreateLogStream", "logs:PutLogEvents"], "*")))
    assert refusal(machines.create, DONE, role_arn=poor, loggingConfiguration=configuration) == (
        "AccessDeniedException",
        "The state machine IAM Role is not authorized to access the Log Destination",
    )
    assert machines.create(DONE, loggingConfiguration=configuration)


def test_a_level_without_a_destination_is_refused(machines: Machines) -> None:
    refused = refusal(machines.create, DONE, loggingConfiguration={"level": "ALL"})
    assert refused[0] == "InvalidLoggingConfiguration"


def test_creating_the_same_again_is_the_same(machines: Machines) -> None:
    """ "CreateStateMachine is an idempotent API": name, definition, type, logging and tracing decide."""
    arn = machines.create(DONE, name="same-again")
    assert machines.create(DONE, name="same-again") == arn
    refused = refusal(machines.create, {"Fail": {"Type": "Fail"}}, name="same-again")
    assert refused == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def test_an_update_changes_what_it_names(machines: Machines) -> None:
    arn, sfn = machines.create(DONE), machines.aws.client("stepfunctions")
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "F", "States": {"F": {"Type": "Fail"}}})
    sfn.update_state_machine(stateMachineArn=arn, definition=definition)
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert described["definition"] == definition
    assert described["roleArn"] == machines.role_arn
    assert refusal(sfn.update_state_machine, stateMachineArn=arn)[0] == "MissingRequiredParameter"
