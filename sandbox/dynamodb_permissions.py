"""On what, and with which condition keys, AWS checks the calls of DynamoDB that name items.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb

from sandbox.dynamodb_expressions import attributes

_SINGLE = ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
# The parts of a transaction, which is no action of IAM: each needs the right to do what it does.
_PARTS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_EXPRESSIONS = ("ConditionExpression", "UpdateExpression", "ProjectionExpression")

CHECKED = frozenset({*_SINGLE, "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"})
"""The operations that `checks` knows."""

Request = Mapping[str, Any]


class Check(NamedTuple):
    """A question to IAM: the action, the table's ARN and the condition keys."""

    action: str
    resource: str
    keys: dict[str, str | list[str]]


def checks(operation: str, request: Request) -> list[Check]:
    """What the caller of one of the operations in CHECKED must be allowed to do."""
    try:
        return list(_checks(operation, request))
    except (AttributeError, KeyError, TypeError):
        # Whatever such a request is about, it takes the right to everything to have it looked at.
        return [Check(f"dynamodb:{operation}", "*", {})]


def _checks(operation: str, request: Request) -> Iterator[Check]:
    if operation in _SINGLE:
        yield _check(operation, request, [_key(request)], {})
    elif operation.startswith("Transact"):
        for item in request.get("TransactItems") or ():
            # A part with two members, which DynamoDB refuses, is checked for both.
            for member, part in item.items():
                yield _check(_PARTS[member], part, [_key(part)], {"dynamodb:EnclosingOperation": operation})
    else:
        for table, part in (request.get("RequestItems") or {}).items():
            if operation == "BatchGetItem":
                yield _check(operation, {**part, "TableName": table}, part.get("Keys") or [], {})
            else:
                writes = [write for entry in part for write in entry.values()]
                yield _check(operation, {"TableName": table}, [_key(write) for write in writes], {})


def _key(part: Request) -> Request:
    """The attributes by which an item is named: its key alone, or all of it."""
    return part.get("Key") or part.get("Item") or {}


def _check(action: str, part: Request, keys: list[Request], enclosing: dict[str, str]) -> Check:
    name = part.get("TableName") or ""
    table = dynamodb._tables.get(dynamodb._normalize_table_name(name)) or {}
    hash_key = table.get("pk_name", "")
    leading = [str(value) for key in keys if hash_key in key for value in key[hash_key].values()]
    named = {attribute for key in keys for attribute in key}
    for field in _EXPRESSIONS:
        named |= attributes(part.get(field) or "", part.get("ExpressionAttributeNames") or {})
    context: dict[str, str | list[str]] = {**enclosing, "dynamodb:Attributes": sorted(named)}
    if leading:
        context["dynamodb:LeadingKeys"] = leading
    if action in ("PutItem", "UpdateItem", "DeleteItem"):
        context["dynamodb:ReturnValues"] = part.get("ReturnValues") or "NONE"
    if action in ("GetItem", "BatchGetItem"):
        projected = part.get("ProjectionExpression") or part.get("AttributesToGet")
        context["dynamodb:Select"] = "SPECIFIC_ATTRIBUTES" if projected else "ALL_ATTRIBUTES"
    arn = name if name.startswith("arn:") else f"arn:aws:dynamodb:{get_region()}:{get_account_id()}:table/{name}"
    return Check(f"dynamodb:{action}", arn, context)
