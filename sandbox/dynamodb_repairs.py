"""The repairs of MiniStack's DynamoDB, each one small named function that says what is wrong as shipped.

`tests/sandbox/test_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from sandbox import dynamodb_expressions, dynamodb_permissions, permissions
from sandbox.dynamodb_ttl import TimeToLive

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

Request = dict[str, Any]


def expressions_are_read_before_items(_aws: LocalAws) -> None:
    """As shipped, an update expression that is none changes nothing and succeeds, and any function is one.

    An expression is then only looked at when the condition holds, a reserved word in a condition is told of as one
    in an update, and a value counts as used when its name begins another's.
    """

    def validate(data: Request, fields: tuple[str, ...], *wording: Any) -> Any:
        refused = _expression_refusal(data) or _validate_expression_attrs(data, fields, *wording)
        values = data.get("ExpressionAttributeValues") or {}
        unused = dynamodb_expressions.unused_values([data.get(field) or "" for field in fields], values)
        if refused is None and unused:
            message = (
                f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{', '.join(unused)}}}"
            )
            return error_response_json("ValidationException", message, 400)
        return refused

    def part_of_a_transaction(kind: str, part: Any) -> Any:
        return (isinstance(part, dict) and _expression_refusal(part)) or _transact_write_action_error(kind, part)

    def reserved(tokens: list[tuple[str, str]]) -> str | None:
        found = _check_reserved_keyword_usage(tokens)
        # Who asks puts the name of the expression before it.
        return found and found.removeprefix("Invalid UpdateExpression: ")

    dynamodb._validate_expression_attrs = validate
    dynamodb._transact_write_action_error = part_of_a_transaction
    dynamodb._check_reserved_keyword_usage = reserved


def paths_to_remove_exist(_aws: LocalAws) -> None:
    """As shipped, REMOVE of something within an attribute that is not there succeeds.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
    """

    def remove(item: Request, tokens: list[Any], names: Request, updated: set[Any]) -> None:
        for path_tokens in dynamodb._split_by_comma(tokens):
            *parents, last = dynamodb._parse_path_from_tokens(path_tokens, names)
            if parents and ("L" if isinstance(last, int) else "M") not in (dynamodb._get_at_path(item, parents) or ()):
                raise ValueError("The document path provided in the update expression is invalid for update")
        _apply_remove(item, tokens, names, updated)

    dynamodb._apply_remove = remove


def only_lists_are_appended(_aws: LocalAws) -> None:
    """As shipped, list_append takes anything that is no list for an empty one."""

    def evaluate(tokens: list[tuple[str, str]], item: Request, values: Request, names: Request) -> Any:
        if [token[1].lower() for token in tokens[:2]] == ["list_append", "("]:
            inside = tokens[2 : dynamodb._find_matching_paren(tokens, 1)]
            for operand in dynamodb._split_by_comma(inside):
                if "L" not in (evaluate(operand, item, values, names) or ()):
                    raise ValueError("An operand in the update expression has an incorrect data type")
        return _eval_set_value(tokens, item, values, names)

    dynamodb._eval_set_value = evaluate


def calls_are_checked_item_by_item(_aws: LocalAws) -> None:
    """As shipped, calls are checked without the keys of their items, and a denied transaction names no table."""
    # Whatever repair came before this one.
    extract = iam_actions.extract_iam_action

    def action(service: str, *request: Any) -> str | None:
        found = extract(service, *request)
        known = service == "dynamodb" and found and found.partition(":")[2] in dynamodb_permissions.CHECKED
        # Then the server asks only who it is, and `_denial` the rest.
        return None if known else found

    iam_actions.extract_iam_action = action


def expired_items_go_by_the_clock(aws: LocalAws) -> None:
    """As shipped, a thread deletes expired items once a real minute, beside the calls, and TTLs change at any time."""
    handlers: dict[str, Any] = app.SERVICE_HANDLERS
    ttl = TimeToLive(aws.clock.now)

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Any:
        ttl.delete_expired()
        denied = _denial(headers, body)
        if denied is not None:
            return error_response_json("AccessDeniedException", denied, 400)
        return await _handle(method, path, headers, body, query_params)

    handlers["dynamodb"] = handle
    dynamodb._update_ttl = ttl.update
    dynamodb._lock = _NotForTheReaper()  # type: ignore[assignment]


class _NotForTheReaper:
    """A lock that the thread of MiniStack's that deletes expired items waits for in vain."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if threading.current_thread().name == "dynamodb-ttl-reaper":
            threading.Event().wait()
        self._lock.acquire()

    def __exit__(self, *_raised: object) -> None:
        self._lock.release()


def _expression_refusal(request: Request) -> Any:
    values, names = request.get("ExpressionAttributeValues") or {}, request.get("ExpressionAttributeNames") or {}
    condition, update = request.get("ConditionExpression"), request.get("UpdateExpression")
    problem = None
    if isinstance(condition, str):
        problem = dynamodb_expressions.condition_problem(condition)
    if problem is None and isinstance(update, str) and update.strip():
        problem = dynamodb_expressions.update_problem(update, values, names)
    return problem and error_response_json("ValidationException", problem, 400)


def _denial(headers: dict[str, str], body: bytes) -> str | None:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation not in dynamodb_permissions.CHECKED:
        return None
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return None
    denials = (permissions.caller_denial(*check) for check in dynamodb_permissions.checks(operation, request))
    return next(filter(None, denials), None)


# What the repairs call in turn.
_apply_remove = dynamodb._apply_remove
_check_reserved_keyword_usage = dynamodb._check_reserved_keyword_usage
_eval_set_value = dynamodb._eval_set_value
_handle = app.SERVICE_HANDLERS["dynamodb"]
_transact_write_action_error = dynamodb._transact_write_action_error
_validate_expression_attrs = dynamodb._validate_expression_attrs

ALL: tuple[Callable[[LocalAws], None], ...] = (
    expressions_are_read_before_items,
    paths_to_remove_exist,
    only_lists_are_appended,
    calls_are_checked_item_by_item,
    expired_items_go_by_the_clock,
)
