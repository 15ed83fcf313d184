"""The calls by which a state machine keeps a lock and looks after tasks, with what AWS answers and refuses.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import TaskPlace, policy
from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_integrations import calling

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"
HEAD = "{% $states.input.head %}"


@pytest.fixture
def table(machines: Machines) -> str:
    name = f"locks-{secrets.token_hex(6)}"
    machines.aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def take(table: str, condition: str = "attribute_not_exists(line[0])") -> dict[str, Any]:
    """A state that takes the lock for `head`, and the time for `by`, both of the input."""
    update = {
        "TableName": table,
        "Key": {"key": {"S": "lock"}},
        "UpdateExpression": "SET line = :line",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":line": {"L": [{"S": HEAD}]}},
    }
    put = {
        "TableName": table,
        "Item": {
            "key": {"S": "time"},
            "execution": {"S": "{% $states.input.by %}"},
            "expires": {"N": "{% $string($floor($toMillis($states.context.Execution.StartTime) / 1000)) %}"},
        },
        "ConditionExpression": "attribute_not_exists(execution) OR execution = :me",
        "ExpressionAttributeValues": {":me": {"S": "{% $states.input.by %}"}},
    }
    return calling("aws-sdk:dynamodb:transactWriteItems", {"TransactItems": [{"Update": update}, {"Put": put}]})


def look(table: str) -> dict[str, Any]:
    keys = "{% ['lock', 'time', 'none'].{'key': {'S': $}} %}"
    items = {table: {"Keys": keys, "ConsistentRead": True}}
    return calling("aws-sdk:dynamodb:batchGetItem", {"RequestItems": items})


def leave(table: str) -> dict[str, Any]:
    return calling(
        "dynamodb:updateItem",
        {
            "TableName": table,
            "Key": {"key": {"S": "lock"}},
            "UpdateExpression": "REMOVE line[0]",
            "ConditionExpression": "line[0] = :entry",
            "ExpressionAttributeValues": {":entry": {"S": HEAD}},
        },
    )


def test_a_lock_is_taken_seen_and_left(machines: Machines, table: str) -> None:
    mine = {"head": "me 0 now", "by": "me"}
    assert machines.run(take(table), mine).output == {}
    answer = machines.run(look(table)).output
    assert set(answer) == {"Responses", "UnprocessedKeys"}
    assert answer["UnprocessedKeys"] == {}
    found = {item["key"]["S"]: item for item in answer["Responses"][table]}
    assert found["lock"] == {"key": {"S": "lock"}, "line": {"L": [{"S": "me 0 now"}]}}
    assert found["time"]["execution"] == {"S": "me"}
    assert re.fullmatch(r"\d+", found["time"]["expires"]["N"])
    assert set(found) == {"lock", "time"}
    answer = machines.run(leave(table), mine).output
    assert set(answer) == {"SdkHttpMetadata", "SdkResponseMetadata"}
    assert machines.run(look(table)).output["Responses"][table][0]["line"] == {"L": []}


def test_a_transaction_is_cancelled_by_its_own_name(machines: Machines, table: str) -> None:
    machines.run(take(table), {"head": "other", "by": "other"})
    error, cause = machines.run(take(table), {"head": "me", "by": "me"}).failure
    assert error == "DynamoDb.TransactionCanceledException"
    assert str(cause).startswith(
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[ConditionalCheckFailed, ConditionalCheckFailed] (Service: DynamoDb, Status Code: 400, Request ID: "
    )
    line = machines.run(look(table)).output["Responses"][table][0]["line"]
    assert line == {"L": [{"S": "other"}]}


def test_a_cancelled_transaction_can_be_caught(machines: Machines, table: str) -> None:
    machines.run(take(table), {"head": "other", "by": "other"})
    caught = {"ErrorEquals": ["DynamoDb.TransactionCanceledException"], "Next": "Look"}
    states = {"Take": {**take(table)["Task"], "Catch": [caught]}, "Look": look(table)["Task"]}
    head = machines.run(states, {"head": "me", "by": "me"}).output["Responses"][table][0]["line"]["L"][0]["S"]
    assert head == "other"


def test_a_condition_that_fails_has_the_optimised_integration_s_name(machines: Machines, table: str) -> None:
    error, _ = machines.run(leave(table), {"head": "me"}).failure
    assert error == "DynamoDB.ConditionalCheckFailedException"
    machines.run(take(table), {"head": "me", "by": "me"})
    put = calling(
        "dynamodb:putItem",
        {"TableName": table, "Item": {"key": {"S": "time"}}, "ConditionExpression": "attribute_not_exists(execution)"},
    )
    assert machines.run(put).failure[0] == "DynamoDB.ConditionalCheckFailedException"


def test_a_request_that_is_none_is_the_service_s_general_error(machines: Machines, table: str) -> None:
    error, cause = machines.run(take(table, "attribute_not_exists(key)"), {"head": "me", "by": "me"}).failure
    assert error == "DynamoDb.DynamoDbException"
    assert "Attribute name is a reserved keyword; reserved keyword: key" in str(cause)


def describing(arn: str, **more: Any) -> dict[str, Any]:
    return calling("aws-sdk:sfn:describeExecution", {"ExecutionArn": arn, **more})


def failed(machines: Machines) -> Run:
    return machines.run({"Fail": {"Type": "Fail", "Error": "Broken", "Cause": "why"}}, {"a": 1})


def test_an_execution_is_described(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html"""
    child = failed(machines)
    answer = machines.run(describing(child.arn, IncludedData="METADATA_ONLY")).output
    assert {name: answer[name] for name in ("ExecutionArn", "Status", "Error", "RedriveCount", "RedriveStatus")} == {
        "ExecutionArn": child.arn,
        "Status": "FAILED",
        "Error": "Broken",
        "RedriveCount": 0,
        "RedriveStatus": "REDRIVABLE",
    }
    # "METADATA_ONLY" leaves out the payloads.
    assert answer["InputDetails"] == {"Included": False}
    assert "Input" not in answer
    for name in ("StartDate", "StopDate"):
        assert re.fullmatch(ISO, answer[name])
    answer = machines.run(describing(child.arn)).output
    assert (answer["Input"], answer["InputDetails"]) == ('{"a": 1}', {"Included": True})


def test_an_execution_that_runs_has_not_stopped(machines: Machines) -> None:
    run = machines.run(describing("{% $states.context.Execution.Id %}"))
    assert run.output["Status"] == "RUNNING"
    assert not {"StopDate", "Output", "Error", "Cause", "RedriveDate"} & set(run.output)


def test_an_execution_that_is_not_there_has_a_name_for_it(machines: Machines) -> None:
    child = failed(machines)
    error, cause = machines.run(describing(f"{child.arn}-none")).failure
    assert error == "Sfn.ExecutionDoesNotExistException"
    assert str(cause).startswith(f"Execution Does Not Exist: '{child.arn}-none' (Service: Sfn, Status Code: 400, ")


def test_an_execution_is_stopped(machines: Machines) -> None:
    waiting = machines.start({"Wait": {"Type": "Wait", "Seconds": 1000, "End": True}})
    arguments = {"ExecutionArn": waiting.arn, "Error": "Job.Replaced", "Cause": "by another"}
    answer = machines.run(calling("aws-sdk:sfn:stopExecution", arguments)).output
    assert set(answer) == {"StopDate"}
    assert re.fullmatch(ISO, answer["StopDate"])
    assert (waiting.now().status, *waiting.now().failure) == ("ABORTED", "Job.Replaced", "by another")


def listing(place: TaskPlace, **more: Any) -> dict[str, Any]:
    return calling("aws-sdk:ecs:listTasks", {"Cluster": place.cluster, **more})


def test_tasks_are_listed_page_by_page_and_described(machines: Machines, place: TaskPlace) -> None:
    definition = place.register("true")
    arns = {place.run(definition, group=f"run-{number}") for number in range(3)}
    for arn in arns:
        place.finish(arn)
    found: set[str] = set()
    token = None
    while True:
        page = listing(
            place, Family=place.cluster, DesiredStatus="STOPPED", MaxResults=2, NextToken="{% $states.input.token %}"
        )
        answer = machines.run(page, {"token": token}).output
        described = calling("aws-sdk:ecs:describeTasks", {"Cluster": place.cluster, "Tasks": answer["TaskArns"]})
        tasks = machines.run(described).output
        assert set(tasks) == {"Failures", "Tasks"}
        assert {task["TaskArn"] for task in tasks["Tasks"]} == set(answer["TaskArns"])
        for task in tasks["Tasks"]:
            assert (task["LastStatus"], task["DesiredStatus"]) == ("STOPPED", "STOPPED")
            assert task["Group"].startswith("run-")
            assert re.fullmatch(ISO, task["StoppedAt"])
        found |= set(answer["TaskArns"])
        token = answer.get("NextToken")
        if token is None:
            break
    assert found == arns


def test_a_task_is_stopped(machines: Machines, place: TaskPlace) -> None:
    arn = place.run(place.register("sleep", "1000"))
    stop = calling("aws-sdk:ecs:stopTask", {"Cluster": place.cluster, "Task": arn, "Reason": "nobody waits for it"})
    task = machines.run(stop).output["Task"]
    assert (task["TaskArn"], task["DesiredStatus"], task["StoppedReason"]) == (arn, "STOPPED", "nobody waits for it")
    assert place.finish(arn)["stopCode"] == "UserInitiated"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda place: listing(place, StartedBy="me", Family="f"), "Ecs.InvalidParameterException"),
        (lambda place: listing(place, Cluster=f"{place.cluster}-none"), "Ecs.ClusterNotFoundException"),
        (
            lambda place: calling("aws-sdk:ecs:describeTasks", {"Cluster": place.cluster, "Tasks": []}),
            "Ecs.InvalidParameterException",
        ),
        (
            lambda place: calling("aws-sdk:ecs:stopTask", {"Cluster": place.cluster, "Task": "0" * 32}),
            "Ecs.InvalidParameterException",
        ),
    ],
)
def test_what_ecs_refuses_has_its_name(
    machines: Machines, place: TaskPlace, call: Callable[[TaskPlace], dict[str, Any]], error: str
) -> None:
    run = machines.run(call(place))
    assert run.failure[0] == error
    assert "(Service: Ecs, Status Code: 400, Request ID: " in str(run.failure[1])


RIGHTS = {
    "dynamodb:UpdateItem": lambda _place, table, _child: take(table),
    "dynamodb:PutItem": lambda _place, table, _child: take(table),
    "dynamodb:BatchGetItem": lambda _place, table, _child: look(table),
    "states:DescribeExecution": lambda _place, _table, child: describing(child),
    "states:StopExecution": lambda _place, _table, child: calling("aws-sdk:sfn:stopExecution", {"ExecutionArn": child}),
    "ecs:ListTasks": lambda place, _table, _child: listing(place),
    "ecs:DescribeTasks": lambda place, _table, _child: calling(
        "aws-sdk:ecs:describeTasks", {"Cluster": place.cluster, "Tasks": ["0" * 32]}
    ),
    "ecs:StopTask": lambda place, _table, _child: calling(
        "aws-sdk:ecs:stopTask", {"Cluster": place.cluster, "Task": "0" * 32}
    ),
}


@pytest.mark.parametrize("missing", sorted(RIGHTS))
def test_each_call_is_the_role_s(
    machines: Machines, place: TaskPlace, table: str, role: Callable[..., str], missing: str
) -> None:
    """On the resource that AWS checks, and narrowed to the cluster where there is one.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    where = f"{machines.aws.region}:{machines.aws.account}"
    child = failed(machines).arn
    resources = {
        "dynamodb:UpdateItem": f"arn:aws:dynamodb:{where}:table/{table}",
        "dynamodb:PutItem": f"arn:aws:dynamodb:{where}:table/{table}",
        "dynamodb:BatchGetItem": f"arn:aws:dynamodb:{where}:table/{table}",
        "states:DescribeExecution": child,
        "states:StopExecution": child,
        "ecs:ListTasks": "*",
        "ecs:DescribeTasks": f"arn:aws:ecs:{where}:task/{place.cluster}/{'0' * 32}",
        "ecs:StopTask": f"arn:aws:ecs:{where}:task/{place.cluster}/{'0' * 32}",
    }

    def documents(actions: set[str]) -> list[str]:
        cluster = {"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{where}:cluster/{place.cluster}"}}
        return [
            policy((action, resources[action]), **(cluster if action.startswith("ecs:") else {}))
            for action in sorted(actions)
        ]

    states, given = RIGHTS[missing](place, table, child), {"head": "me", "by": "me"}
    allowed = machines.create(states, role_arn=role("states.amazonaws.com", *documents(set(RIGHTS))))
    assert "is not authorized to perform" not in str(machines.run(allowed, given).failure[1])
    denied = machines.create(states, role_arn=role("states.amazonaws.com", *documents(set(RIGHTS) - {missing})))
    expected = f"is not authorized to perform: {missing} on resource: {resources[missing]} because"
    assert expected in str(machines.run(denied, given).failure[1])
