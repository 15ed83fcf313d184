"""What the lock of a job relies on in DynamoDB, asked as any client asks it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws

Item = dict[str, Any]
MINE, OTHER, THIRD = ({"S": f"{name} 0 2026-11-24T03:15:00.000Z"} for name in ("mine", "other", "third"))
FREE_OR_MINE = "attribute_not_exists(line[0]) OR line[0] = :mine"
FAILED = "ConditionalCheckFailedException"
NO_PATH = "The document path provided in the update expression is invalid for update"
NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"


@dataclass(frozen=True)
class Table:
    """A table with the hash key `key`."""

    client: Any
    name: str

    def line(self, key: str = "lock") -> list[Item] | None:
        """The attribute `line` of an item; None without item or attribute."""
        item = self.item(key)
        return item["line"]["L"] if item and "line" in item else None

    def item(self, key: str = "lock") -> Item | None:
        found = self.client.get_item(TableName=self.name, Key={"key": {"S": key}}, ConsistentRead=True)
        return found.get("Item")

    def put(self, *entries: Item, key: str = "lock") -> None:
        """Put an item with these entries in its line."""
        self.client.put_item(TableName=self.name, Item={"key": {"S": key}, "line": {"L": list(entries)}})

    def update(self, expression: str, condition: str = "", *, key: str = "lock", **values: Item) -> Any:
        """UpdateItem."""
        request = self.part(expression, condition, key=key, **values)
        return self.client.update_item(**request)

    def part(self, expression: str, condition: str = "", *, key: str = "lock", **values: Item) -> dict[str, Any]:
        """UpdateItem's request; `values` are named without their colon."""
        request: dict[str, Any] = {"TableName": self.name, "Key": {"key": {"S": key}}, "UpdateExpression": expression}
        if condition:
            request["ConditionExpression"] = condition
        if values:
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
        return request

    def take(self, entry: Item, *, by: str = "me") -> None:
        """Take the lock and a scheduled time in one transaction."""
        self.client.transact_write_items(
            TransactItems=[
                {"Update": self.part("SET line = :line", FREE_OR_MINE, line={"L": [entry]}, mine=entry)},
                {
                    "Put": {
                        "TableName": self.name,
                        "Item": {"key": {"S": "time"}, "execution": {"S": by}, "expires": {"N": "1795490100"}},
                        "ConditionExpression": "attribute_not_exists(execution) OR execution = :me",
                        "ExpressionAttributeValues": {":me": {"S": by}},
                    }
                },
            ]
        )


@pytest.fixture
def table(local_aws: LocalAws) -> Table:
    client, name = local_aws.client("dynamodb"), f"locks-{secrets.token_hex(4)}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Table(client, name)


def refusal(call: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[str, str]:
    """Code and message of a call that is refused."""
    with pytest.raises(ClientError) as refused:
        call(*arguments, **named)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_transaction_does_both_or_neither(table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html"""
    table.take(MINE)
    assert table.line() == [MINE]
    assert table.item("time") == {"key": {"S": "time"}, "execution": {"S": "me"}, "expires": {"N": "1795490100"}}
    # The lock would be had again, the time is another's.
    table.update("REMOVE line[0]")
    with pytest.raises(ClientError):
        table.take(OTHER, by="other")
    assert table.line() == []


@pytest.mark.parametrize(
    ("held", "taken", "reasons"),
    [
        (OTHER, None, ["ConditionalCheckFailed", "None"]),
        (None, "other", ["None", "ConditionalCheckFailed"]),
        (OTHER, "other", ["ConditionalCheckFailed", "ConditionalCheckFailed"]),
    ],
)
def test_a_cancelled_transaction_says_why_in_the_order_of_its_parts(
    table: Table, held: Item | None, taken: str | None, reasons: list[str]
) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html"""
    if held:
        table.put(held)
    if taken:
        table.client.put_item(TableName=table.name, Item={"key": {"S": "time"}, "execution": {"S": taken}})
    with pytest.raises(ClientError) as refused:
        table.take(MINE)
    answer = refused.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert answer["Error"]["Message"].endswith(f"specific reasons [{', '.join(reasons)}]")
    assert [reason["Code"] for reason in answer["CancellationReasons"]] == reasons  # type: ignore[typeddict-item]


def test_what_is_mine_is_taken_again(table: Table) -> None:
    for _ in range(2):
        table.take(MINE)
    assert table.line() == [MINE]


def test_one_item_stands_in_a_transaction_once(table: Table) -> None:
    twice = [{"Update": table.part("REMOVE a")}, {"Update": table.part("REMOVE b")}]
    code, message = refusal(table.client.transact_write_items, TransactItems=twice)
    assert (code, message) == (
        "ValidationException",
        "Transaction request cannot include multiple operations on one item",
    )


def test_of_fifty_who_take_it_at_once_one_gets_it(table: Table, local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html: serializable"""
    assert local_aws.endpoint
    for round_ in range(5):
        start = Barrier(50)

        def take(name: str, start: Barrier = start, key: str = f"lock-{round_}") -> bool:
            part = table.part("SET line = :line", "attribute_not_exists(line[0])", key=key, line={"L": [{"S": name}]})
            start.wait(120)
            try:
                table.client.transact_write_items(TransactItems=[{"Update": part}])
            except table.client.exceptions.TransactionCanceledException:
                return False
            return True

        with ThreadPoolExecutor(50) as threads:
            names = [f"run-{number}" for number in range(50)]
            winners = [name for name, won in zip(names, threads.map(take, names), strict=True) if won]
        assert table.line(f"lock-{round_}") == [{"S": winners[0]}]
        assert len(winners) == 1


def test_nobody_who_joins_the_line_at_once_is_lost(table: Table) -> None:
    table.put(key="line")

    def join(number: int) -> None:
        entry = {"S": f"run-{number}"}
        joining = "size(line) < :limit AND NOT contains(line, :entry)"
        part = table.part(
            "SET line = list_append(line, :line)", joining, key="line",
            line={"L": [entry]}, entry=entry, limit={"N": "40"},
        )  # fmt: skip
        # Each tries twice: the second time it is there already, or the line is full.
        for _ in range(2):
            try:
                table.client.transact_write_items(TransactItems=[{"Update": part}])
            except table.client.exceptions.TransactionCanceledException:
                continue

    with ThreadPoolExecutor(50) as threads:
        list(threads.map(join, range(50)))
    line = table.line("line") or []
    assert len(line) == len({entry["S"] for entry in line}) == 40


@pytest.mark.parametrize(
    ("line", "condition", "holds"),
    [
        (None, "attribute_not_exists(line[0])", True),
        ([], "attribute_not_exists(line[0])", True),
        ([OTHER], "attribute_not_exists(line[0])", False),
        ([MINE, OTHER], "line[0] = :mine", True),
        ([OTHER, MINE], "line[0] = :mine", False),
        (None, "line[0] = :mine", False),
        ([], "size(line) < :two", True),
        ([OTHER], "size(line) < :two", True),
        ([OTHER, THIRD], "size(line) < :two", False),
        # "If the attribute is not there, size makes the condition false": there is no size to compare.
        (None, "size(line) < :two", False),
        ([OTHER], "NOT contains(line, :mine)", True),
        ([OTHER, MINE], "NOT contains(line, :mine)", False),
        # An entry of a list is equal as a whole; of a text a part would do.
        ([{"S": MINE["S"] + "0"}], "NOT contains(line, :mine)", True),
        (None, "NOT contains(line, :mine)", True),
        ([OTHER], "attribute_not_exists(line[0]) OR line[0] = :mine AND size(line) < :two", False),
        ([MINE], "attribute_not_exists(line[0]) OR line[0] = :mine AND size(line) < :two", True),
    ],
)
def test_conditions_on_a_list(table: Table, line: list[Item] | None, condition: str, holds: bool) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""
    if line is not None:
        table.put(*line)
    known: dict[str, Any] = {"mine": MINE, "two": {"N": "2"}}
    values = {name: value for name, value in known.items() if f":{name}" in condition}
    if holds:
        table.update("SET seen = :yes", condition, yes={"BOOL": True}, **values)
    else:
        code, message = refusal(table.update, "SET seen = :yes", condition, yes={"BOOL": True}, **values)
        assert (code, message) == (FAILED, "The conditional request failed")
    assert ("seen" in (table.item() or {})) == holds


def test_the_line_moves_up(table: Table) -> None:
    """ "When you delete a list element, the remaining elements are shifted."

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
    """
    table.put(MINE, OTHER, THIRD)
    table.update("REMOVE line[0]", "line[0] = :entry", entry=MINE)
    assert table.line() == [OTHER, THIRD]
    assert refusal(table.update, "REMOVE line[0]", "line[0] = :entry", entry=MINE)[0] == FAILED
    assert table.line() == [OTHER, THIRD]
    for _ in range(2):
        table.update("REMOVE line[0]")
    assert table.line() == []
    # There is no element to delete, and no harm in it.
    table.update("REMOVE line[0]")


def test_the_line_gets_longer_at_its_end(table: Table) -> None:
    table.put(MINE)
    table.update("SET line = list_append(line, :line)", line={"L": [OTHER]})
    assert table.line() == [MINE, OTHER]
    table.update("SET line = :line", "line[0] = :head", line={"L": [MINE, THIRD]}, head=MINE)
    assert table.line() == [MINE, THIRD]
    table.update("SET line = :line", line={"L": []})
    assert table.line() == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [("REMOVE line[0]", NO_PATH), ("SET line = list_append(line, :line)", NO_ATTRIBUTE)],
)
def test_a_path_that_is_not_there_is_refused(table: Table, expression: str, message: str) -> None:
    values: dict[str, Any] = {"line": {"L": [MINE]}} if ":line" in expression else {}
    assert refusal(table.update, expression, **values) == ("ValidationException", message)
    with pytest.raises(ClientError) as refused:
        table.client.transact_write_items(TransactItems=[{"Update": table.part(expression, **values)}])
    (reason,) = refused.value.response["CancellationReasons"]  # type: ignore[typeddict-item]
    assert reason == {"Code": "ValidationError", "Message": message}
    assert table.item() is None


def test_no_list_is_made_of_what_is_none(table: Table) -> None:
    table.update("SET line = :text", text=MINE)
    code, message = refusal(table.update, "SET line = list_append(line, :line)", line={"L": [OTHER]})
    assert (code, message) == ("ValidationException", "An operand in the update expression has an incorrect data type")


def test_batch_get_item_answers_what_is_there(table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    table.put(MINE)
    wanted = {"Keys": [{"key": {"S": "lock"}}, {"key": {"S": "time"}}], "ConsistentRead": True}
    answer = table.client.batch_get_item(RequestItems={table.name: wanted})
    assert answer["Responses"] == {table.name: [{"key": {"S": "lock"}, "line": {"L": [MINE]}}]}
    assert answer["UnprocessedKeys"] == {}


def test_batch_get_item_wants_each_key_once(table: Table) -> None:
    twice = {table.name: {"Keys": [{"key": {"S": "lock"}}] * 2}}
    code, message = refusal(table.client.batch_get_item, RequestItems=twice)
    assert (code, message) == ("ValidationException", "Provided list of item keys contains duplicates")
    missing = {f"{table.name}-x": {"Keys": [{"key": {"S": "lock"}}]}}
    assert refusal(table.client.batch_get_item, RequestItems=missing)[0] == "ResourceNotFoundException"
