"""Tasks that call DynamoDB, Lambda, other state machines and any other service.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import Machines


def calling(resource: str, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """One state that calls an integration, `dynamodb:getItem` for example."""
    arn = resource if resource.startswith("arn:") else f"arn:aws:states:::{resource}"
    return {"Task": {"Type": "Task", "Resource": arn, "Arguments": arguments or {}, "End": True, **fields}}


@pytest.fixture
def table(machines: Machines) -> str:
    name = f"table-{secrets.token_hex(6)}"
    machines.aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def test_an_item_is_put_and_got(machines: Machines, table: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html"""
    item = {"id": {"S": "a"}, "n": {"N": "{% $string($states.input.n) %}"}}
    put = calling("dynamodb:putItem", {"TableName": table, "Item": item})["Task"]
    get = calling("dynamodb:getItem", {"TableName": table, "Key": {"id": {"S": "a"}}})["Task"]
    run = machines.run({"Put": {**put, "End": False, "Next": "Get"}, "Get": get}, {"n": 5})
    assert run.output["Item"] == {"id": {"S": "a"}, "n": {"N": "5"}}
    assert run.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert set(run.output["SdkResponseMetadata"]) == {"RequestId"}


def test_a_condition_that_fails_is_named_by_the_service(machines: Machines, table: str) -> None:
    arguments = {"TableName": table, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}
    error, cause = machines.run(calling("dynamodb:putItem", arguments)).failure
    assert error == "DynamoDB.ConditionalCheckFailedException"
    assert "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; " in str(cause)


def test_the_sdk_s_service_names_the_same_error_differently(machines: Machines, table: str) -> None:
    arguments = {"TableName": table, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_exists(id)"}
    error, cause = machines.run(calling("aws-sdk:dynamodb:putItem", arguments)).failure
    assert error == "DynamoDb.ConditionalCheckFailedException"
    assert "(Service: DynamoDb, Status Code: 400, Request ID: " in str(cause)


def test_any_service_s_operation_can_be_called(machines: Machines) -> None:
    """ "aws-sdk:serviceName:apiAction", parameters and results in PascalCase."""
    name = f"/parameter-{secrets.token_hex(6)}"
    put = calling("aws-sdk:ssm:putParameter", {"Name": name, "Value": "v", "Type": "String"})
    assert machines.run(put).output["Version"] == 1
    found = machines.run(calling("aws-sdk:ssm:getParameter", {"Name": name})).output["Parameter"]
    assert (found["Name"], found["Value"]) == (name, "v")
    # Times are texts here and numbers nowhere.
    assert found["LastModifiedDate"].endswith("Z")


def test_members_of_lower_case_are_written_in_pascal_case(machines: Machines) -> None:
    cluster = f"cluster-{secrets.token_hex(6)}"
    machines.aws.client("ecs").create_cluster(clusterName=cluster)
    run = machines.run(calling("aws-sdk:ecs:describeClusters", {"Clusters": [cluster]}))
    assert run.output["Clusters"][0]["ClusterName"] == cluster


def test_the_calls_are_the_role_s(machines: Machines, role: Callable[..., str]) -> None:
    place = f"arn:aws:dynamodb:{machines.aws.region}:{machines.aws.account}:table"
    role_arn = role("states.amazonaws.com", policy(("dynamodb:DescribeTable", f"{place}/other")))
    states = calling("aws-sdk:dynamodb:describeTable", {"TableName": "secret"})
    error, cause = machines.run(machines.create(states, role_arn=role_arn)).failure
    # The service's model has no such exception, so that its error is the service's base class.
    assert error == "DynamoDb.DynamoDbException"
    assert f"is not authorized to perform: dynamodb:DescribeTable on resource: {place}/secret" in str(cause)


def test_a_role_that_is_gone_cannot_be_assumed(machines: Machines, role: Callable[..., str]) -> None:
    role_arn = role("states.amazonaws.com")
    arn = machines.create(calling("aws-sdk:sts:getCallerIdentity"), role_arn=role_arn)
    machines.aws.client("iam").delete_role(RoleName=role_arn.rsplit("/", 1)[-1])
    run = machines.run(arn)
    assert run.failure[0] == "States.TaskFailed"
    assert "is not authorized to assume the provided role" in str(run.failure[1])


def test_a_function_s_arn_gives_its_result(machines: Machines, function: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html"""
    arn = function("return {'sum': sum(event['numbers'])}")
    run = machines.run(calling(arn, {"numbers": "{% [1..$states.input.n] %}"}), {"n": 4})
    assert run.output == {"sum": 10}
    assert run.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]


def test_invoke_gives_the_answer_with_the_payload(machines: Machines, function: Callable[..., str]) -> None:
    arn = function("return event")
    output = machines.run(calling("lambda:invoke", {"FunctionName": arn, "Payload": {"a": [1, None]}})).output
    assert output["Payload"] == {"a": [1, None]}
    assert (output["StatusCode"], output["ExecutedVersion"]) == (200, "$LATEST")


@pytest.mark.parametrize("form", ["arn", "invoke"])
def test_the_error_is_the_function_s_exception(machines: Machines, function: Callable[..., str], form: str) -> None:
    """ "the error name is the exception's class"; the cause is the function's own report of it.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    arn = function("class OutOfPaper(Exception):", "    pass", "raise OutOfPaper('tray 2')")
    states = calling(arn) if form == "arn" else calling("lambda:invoke", {"FunctionName": arn})
    run = machines.run(states)
    error, cause = run.failure
    assert error == "OutOfPaper"
    report = json.loads(str(cause))
    assert (report["errorMessage"], report["errorType"]) == ("tray 2", "OutOfPaper")
    assert len(report["stackTrace"]) == 1
    assert "/var/task/code.py" in report["stackTrace"][0]
    assert ("LambdaFunctionFailed" if form == "arn" else "TaskFailed") in run.types


def test_a_result_that_is_no_json_is_the_function_s_error(machines: Machines, function: Callable[..., str]) -> None:
    error, cause = machines.run(calling(function("return {1, 2}"))).failure
    assert error == "Runtime.MarshalError"
    assert "Unable to marshal response" in str(cause)


def test_a_function_whose_process_ends(machines: Machines, function: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html"""
    error, cause = machines.run(calling(function("import os", "os._exit(1)"))).failure
    assert error == "Runtime.ExitError"
    assert "Error: Runtime exited" in json.loads(str(cause))["errorMessage"]


def test_a_function_s_own_time_limit(machines: Machines, function: Callable[..., str]) -> None:
    arn = function("while True: pass")
    machines.aws.client("lambda").update_function_configuration(FunctionName=arn, Timeout=1)
    error, cause = machines.run(calling(arn)).failure
    assert error == "Sandbox.Timedout"
    assert json.loads(str(cause))["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")


def test_a_function_that_does_not_exist(machines: Machines) -> None:
    arn = f"arn:aws:lambda:{machines.aws.region}:{machines.aws.account}:function:none"
    error, cause = machines.run(calling(arn)).failure
    assert error == "Lambda.ResourceNotFoundException"
    assert "(Service: Lambda, Status Code: 404, Request ID: " in str(cause)


def child(machines: Machines, **state: Any) -> str:
    return machines.create({"Child": {"Type": "Pass", "End": True, **state}})


@pytest.mark.parametrize(("pattern", "output"), [("sync", '{"n":3}'), ("sync:2", {"n": 3})])
def test_a_nested_execution_is_waited_for(machines: Machines, pattern: str, output: Any) -> None:
    """The first form gives the child's output as text, the second as JSON.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    arn = child(machines, Output="{% {'n': $states.input.n + 1} %}")
    run = machines.run(calling(f"states:startExecution.{pattern}", {"StateMachineArn": arn, "Input": {"n": 2}}))
    assert run.output["Status"] == "SUCCEEDED"
    assert run.output["Output"] == output
    assert run.output["StateMachineArn"] == arn
    assert run.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_nested_execution_that_fails_fails_the_task(machines: Machines) -> None:
    arn = machines.create({"Fail": {"Type": "Fail", "Error": "Inner", "Cause": "why"}})
    error, cause = machines.run(calling("states:startExecution.sync:2", {"StateMachineArn": arn})).failure
    assert error == "States.TaskFailed"
    described = json.loads(str(cause))
    assert (described["Status"], described["Error"], described["Cause"]) == ("FAILED", "Inner", "why")


def test_without_sync_the_child_s_arn_is_the_result(machines: Machines) -> None:
    arn = child(machines)
    output = machines.run(calling("states:startExecution", {"StateMachineArn": arn, "Name": "mine"})).output
    assert output["ExecutionArn"] == arn.replace(":stateMachine:", ":execution:") + ":mine"


def test_a_machine_that_does_not_exist_cannot_be_nested(machines: Machines) -> None:
    arn = child(machines) + "-none"
    error, cause = machines.run(calling("states:startExecution", {"StateMachineArn": arn})).failure
    assert error == "StepFunctions.StateMachineDoesNotExistException"
    assert "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; " in str(cause)


def test_a_result_of_a_service_beyond_256_kib_fails(machines: Machines, function: Callable[..., str]) -> None:
    arn = function("return 'x' * 262143")
    error, cause = machines.run(calling(arn)).failure
    assert error == "States.DataLimitExceeded"
    assert str(cause).startswith(f"The state/task '{arn}' returned a result with a size exceeding the maximum")
