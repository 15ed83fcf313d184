"""Which rights the calls on items need, on what, and by which keys they can be narrowed.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy
from tests.sandbox.test_dynamodb import Table
from tests.sandbox.test_dynamodb import table as table

As = Callable[..., Any]


def key(name: str) -> dict[str, Any]:
    return {"key": {"S": name}}


def update(name: str, lock: str = "lock") -> dict[str, Any]:
    return {
        "TableName": name,
        "Key": key(lock),
        "UpdateExpression": "SET line = :line",
        "ExpressionAttributeValues": {":line": {"L": []}},
    }


def put(name: str, time: str = "time") -> dict[str, Any]:
    return {"TableName": name, "Item": {**key(time), "execution": {"S": "me"}}}


def check(name: str) -> dict[str, Any]:
    return {"TableName": name, "Key": key("other"), "ConditionExpression": "attribute_not_exists(line)"}


def transaction(client: Any, name: str) -> Any:
    parts = [{"Update": update(name)}, {"Put": put(name)}, {"ConditionCheck": check(name)}]
    return client.transact_write_items(TransactItems=parts)


def batch(client: Any, name: str, *keys: str) -> Any:
    wanted = {"Keys": [key(one) for one in keys or ("lock", "time")], "ConsistentRead": True}
    return client.batch_get_item(RequestItems={name: wanted})


CALLS: dict[str, Callable[[Any, str], Any]] = {
    "dynamodb:UpdateItem": lambda client, name: client.update_item(**update(name)),
    "dynamodb:PutItem": lambda client, name: client.put_item(**put(name)),
    "dynamodb:GetItem": lambda client, name: client.get_item(TableName=name, Key=key("lock")),
    "dynamodb:DeleteItem": lambda client, name: client.delete_item(TableName=name, Key=key("lock")),
    "dynamodb:BatchGetItem": batch,
}


@pytest.fixture
def acting_as(local_aws: LocalAws, role: Callable[..., str]) -> As:
    """A client of DynamoDB whose role has policy documents."""
    return lambda *documents: local_aws.identity.client(
        "dynamodb", role("states.amazonaws.com", *documents), "states.amazonaws.com"
    )


def arn(local_aws: LocalAws, name: str) -> str:
    return f"arn:aws:dynamodb:{local_aws.region}:{local_aws.account}:table/{name}"


def denial(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*arguments)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    return refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("action", sorted(CALLS))
def test_each_call_needs_its_right_on_the_table(local_aws: LocalAws, table: Table, acting_as: As, action: str) -> None:
    place = arn(local_aws, table.name)
    CALLS[action](acting_as(policy((action, place))), table.name)
    others = [other for other in CALLS if other != action]
    for document in (policy((others, place)), policy((action, f"{place}-other"))):
        message = denial(CALLS[action], acting_as(document), table.name)
        assert f"is not authorized to perform: {action} on resource: {place} because" in message


PARTS = ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem")


def test_a_transaction_needs_the_rights_of_its_parts(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    place = arn(local_aws, table.name)
    transaction(acting_as(policy((list(PARTS), place))), table.name)
    # There is no such action: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    message = denial(transaction, acting_as(policy(("dynamodb:TransactWriteItems", place))), table.name)
    assert f"is not authorized to perform: dynamodb:UpdateItem on resource: {place} because" in message


@pytest.mark.parametrize("missing", PARTS)
def test_each_part_s_right_is_needed(local_aws: LocalAws, table: Table, acting_as: As, missing: str) -> None:
    place = arn(local_aws, table.name)
    rest = [action for action in PARTS if action != missing]
    message = denial(transaction, acting_as(policy((rest, place))), table.name)
    assert f"is not authorized to perform: {missing} on resource: {place} because" in message
    assert table.item("lock") is table.item("time") is None


def test_transactions_and_single_calls_can_be_told_apart(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    enclosed = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
    client = acting_as(policy((list(PARTS), arn(local_aws, table.name)), **enclosed))
    transaction(client, table.name)
    assert "dynamodb:UpdateItem" in denial(CALLS["dynamodb:UpdateItem"], client, table.name)


def test_a_right_can_be_one_to_some_keys(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    """ "You must use the ForAllValues modifier when using LeadingKeys in a condition." """
    mine = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["lock", "time#mine#*"]}}
    actions = ["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:BatchGetItem"]
    client, name = acting_as(policy((actions, arn(local_aws, table.name)), **mine)), table.name
    client.update_item(**update(name))
    client.put_item(**put(name, "time#mine#1"))
    batch(client, name, "lock", "time#mine#1")
    client.transact_write_items(TransactItems=[{"Update": update(name)}, {"Put": put(name, "time#mine#2")}])
    for call in (
        lambda: client.update_item(**update(name, "other")),
        lambda: client.put_item(**put(name, "time#other#1")),
        lambda: batch(client, name, "lock", "time#other#1"),
        lambda: client.transact_write_items(
            TransactItems=[{"Update": update(name)}, {"Put": put(name, "time#other#1")}]
        ),
    ):
        assert "on resource: " + arn(local_aws, name) in denial(call)
    assert table.item("time#other#1") is None


def test_a_right_can_be_one_to_some_attributes(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    """Those that a request names anywhere, its key among them."""
    line = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["key", "line"]}}
    client = acting_as(policy((["dynamodb:UpdateItem", "dynamodb:PutItem"], arn(local_aws, table.name)), **line))
    client.update_item(**update(table.name))
    client.update_item(**update(table.name), ConditionExpression="line[0] <> :line")
    assert "dynamodb:PutItem" in denial(CALLS["dynamodb:PutItem"], client, table.name)
    names = {"#o": "owner"}
    other = {**update(table.name), "ConditionExpression": "attribute_not_exists(#o)", "ExpressionAttributeNames": names}
    assert "dynamodb:UpdateItem" in denial(lambda: client.update_item(**other))


def test_a_deny_wins(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    place = arn(local_aws, table.name)
    denied = policy(("dynamodb:PutItem", place)).replace('"Allow"', '"Deny"')
    message = denial(transaction, acting_as(policy(("dynamodb:*", "*")), denied), table.name)
    assert "dynamodb:PutItem" in message
    assert "with an explicit deny" in message


def test_what_cannot_be_read_needs_the_right_to_everything(local_aws: LocalAws, table: Table, acting_as: As) -> None:
    from sandbox.dynamodb_permissions import checks

    assert local_aws.endpoint
    for parts in ([{"Put": put(table.name)}, 5], [{"Put": put(table.name), "Nothing": {}}]):
        assert checks("TransactWriteItems", {"TransactItems": parts}) == [("dynamodb:TransactWriteItems", "*", {})]
    assert "dynamodb:GetItem" in denial(CALLS["dynamodb:GetItem"], acting_as(), "no-such-table")
