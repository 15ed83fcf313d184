"""What DynamoDB refuses of an expression whatever the items are.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.test_dynamodb import Table
from tests.sandbox.test_dynamodb import table as table

LIST, TEXT = {"L": [{"S": "x"}]}, {"S": "x"}


def update(table: Table, **request: Any) -> None:
    table.client.update_item(TableName=table.name, Key={"key": {"S": "a"}}, **request)


def transact(table: Table, **request: Any) -> None:
    part = {"TableName": table.name, "Key": {"key": {"S": "a"}}, **request}
    table.client.transact_write_items(TransactItems=[{"Update": part}])


@pytest.fixture(params=[update, transact], ids=["UpdateItem", "TransactWriteItems"])
def call(request: pytest.FixtureRequest) -> Callable[..., None]:
    return request.param


def refusal(call: Callable[..., None], table: Table, **request: Any) -> str:
    """Why a request is refused. That no condition could hold for it is no reason."""
    with pytest.raises(ClientError) as refused:
        call(table, **request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("name", ["line", "execution", "expires"])
def test_the_lock_s_attributes_are_not_reserved(table: Table, name: str) -> None:
    update(table, UpdateExpression=f"SET {name} = :x", ExpressionAttributeValues={":x": TEXT})
    assert (table.item("a") or {})[name] == TEXT


@pytest.mark.parametrize("name", ["lines", "Status", "time", "items"])
def test_a_reserved_word_is_refused(table: Table, call: Callable[..., None], name: str) -> None:
    reason = f"Attribute name is a reserved keyword; reserved keyword: {name}"
    values = {":x": TEXT}
    assert refusal(call, table, UpdateExpression=f"SET {name} = :x", ExpressionAttributeValues=values) == (
        f"Invalid UpdateExpression: {reason}"
    )
    condition = {"UpdateExpression": "SET a = :x", "ConditionExpression": f"{name} = :x"}
    assert refusal(call, table, **condition, ExpressionAttributeValues=values) == (
        f"Invalid ConditionExpression: {reason}"
    )


def test_a_reserved_word_has_another_name(table: Table, call: Callable[..., None]) -> None:
    call(
        table,
        UpdateExpression="SET #status = :x",
        ConditionExpression="attribute_not_exists(#key)",
        ExpressionAttributeNames={"#status": "status", "#key": "key"},
        ExpressionAttributeValues={":x": TEXT},
    )
    assert (table.item("a") or {})["status"] == TEXT


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({":x": LIST, ":xy": TEXT}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:xy}"),
        ({":xy": LIST}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:xy}"),
        (
            {":y": LIST, ":x": LIST},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:y}",
        ),
        ({}, "An expression attribute value used in expression is not defined; attribute value: :x"),
    ],
)
def test_a_value_is_used_and_defined(
    table: Table, call: Callable[..., None], more: dict[str, Any], reason: str
) -> None:
    request = {"ExpressionAttributeValues": more} if more else {}
    assert reason in refusal(call, table, UpdateExpression="SET line = :x", **request)


def test_a_value_that_begins_another_s_name_is_not_used(table: Table, call: Callable[..., None]) -> None:
    values = {":x": TEXT, ":xy": TEXT}
    reason = refusal(call, table, UpdateExpression="SET line = :xy", ExpressionAttributeValues=values)
    assert reason == "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"


def test_a_name_is_used_and_defined(table: Table, call: Callable[..., None]) -> None:
    unused = {"ExpressionAttributeNames": {"#n": "key"}, "ExpressionAttributeValues": {":x": TEXT}}
    reason = refusal(call, table, UpdateExpression="SET line = :x", **unused)
    assert reason == "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"
    undefined = {"ExpressionAttributeValues": {":x": TEXT}}
    assert "attribute name: #n" in refusal(call, table, UpdateExpression="SET #n = :x", **undefined)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("SET line :x", 'Syntax error; token: ":x", near: "line :x"'),
        ("SET line = if_not_exists(line, :x", 'Syntax error; token: "<EOF>", near: ":x"'),
        ("SET line = :x,", 'Syntax error; token: "<EOF>", near: ","'),
        ("SET line = :x; REMOVE a", 'Syntax error; token: ";", near: ":x; REMOVE"'),
        ("SET a = :x REMOVE line[-1]", 'Syntax error; token: "-", near: "[-1"'),
        ("SET line = list_apend(line, :x)", "Invalid function name; function: list_apend"),
        ("SET line = LIST_APPEND(line, :x)", "Invalid function name; function: LIST_APPEND"),
        (
            "SET line = list_append(:x)",
            "Incorrect number of operands for operator or function; operator or function: list_append, "
            "number of operands: 1",
        ),
        (
            "SET line = list_append(line, :x)",
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
        ),
        ("SET a = :x SET b = :x", 'The "SET" section can only be used once in an update expression;'),
        (
            "SET line = :x REMOVE line[0]",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [line], path two: [line, [0]]",
        ),
        ("ADD amount = :x", 'Syntax error; token: "=", near: "amount = :x"'),
    ],
)
def test_an_update_that_is_none_is_refused(
    table: Table, call: Callable[..., None], expression: str, reason: str
) -> None:
    condition = "attribute_exists(line) AND line = :x"
    found = refusal(
        call, table, UpdateExpression=expression, ConditionExpression=condition, ExpressionAttributeValues={":x": TEXT}
    )
    assert found == f"Invalid UpdateExpression: {reason}"


@pytest.mark.parametrize(
    "expression",
    [
        "SET a = if_not_exists(a, :n) + :n, b.c = :n REMOVE d[2].e, f ADD g :n DELETE h :s",
        "set a = (if_not_exists(a, :n) - :n) remove b, h ADD g :n, d :s",
        "SET a = list_append(if_not_exists(a, :l), :l), b=:n, g = :s",
    ],
)
def test_an_update_of_the_documented_grammar_is_read(expression: str) -> None:
    from sandbox.dynamodb_expressions import update_problem

    values = {":n": {"N": "1"}, ":s": {"SS": ["x"]}, ":l": LIST}
    assert update_problem(expression, values, {}) is None


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("attribute_no_exists(line[0])", "Invalid function name; function: attribute_no_exists"),
        ("Contains(line, :x)", "Invalid function name; function: Contains"),
        (
            "contains(line)",
            "Incorrect number of operands for operator or function; operator or function: contains, "
            "number of operands: 1",
        ),
        ("line = :x AND", 'Syntax error; token: "<EOF>", near: "AND"'),
    ],
)
def test_a_condition_that_is_none_is_refused(
    table: Table, call: Callable[..., None], condition: str, reason: str
) -> None:
    found = refusal(
        call,
        table,
        UpdateExpression="SET a = :x",
        ConditionExpression=condition,
        ExpressionAttributeValues={":x": TEXT},
    )
    assert found == f"Invalid ConditionExpression: {reason}"


def test_a_put_s_condition_is_read_too(table: Table) -> None:
    with pytest.raises(ClientError, match="Invalid ConditionExpression: Invalid function name; function: exists"):
        table.client.put_item(TableName=table.name, Item={"key": TEXT}, ConditionExpression="exists(execution)")
