"""What the states of a machine are built from: calls of an AWS API that may go unanswered, and rules of a choice."""

from typing import Any

from definitions.jsonata import UNCHANGED, expression

_PATIENCE = {
    "IntervalSeconds": 2,
    "BackoffRate": 2.0,
    "MaxDelaySeconds": 60,
    "MaxAttempts": 8,
    "JitterStrategy": "FULL",
}
"""Some four minutes at most. What AWS still refuses then ends the execution under AWS's own name for it: a redrive
goes on from there."""

CONDITION_FAILED = "DynamoDB.ConditionalCheckFailedException"
TRANSACTION_CANCELLED = "DynamoDb.TransactionCanceledException"
"""One of its conditions failed, or another transaction was at the same item."""


def call(
    comment: str,
    resource: str,
    arguments: dict[str, Any] | str,
    following: str,
    *,
    assign: dict[str, Any] | None = None,
    expected: tuple[tuple[str, str, dict[str, Any]], ...] = (),
) -> dict[str, Any]:
    """A task state around one call.

    Args:
        comment: what it is for.
        resource: the integration, such as `dynamodb:updateItem` or `aws-sdk:ecs:listTasks`.
        arguments: the request, or a JSONata expression that makes one.
        following: the next state.
        assign: variables from the result.
        expected: errors that are answers: the error's name, the next state, the catcher's other fields. Its comment, if
            it has one, is its label in the diagram.
    """
    answers = [error for error, _, _ in expected if error != "States.ALL"]
    state: dict[str, Any] = {
        "Comment": comment,
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Arguments": arguments,
        "Retry": [
            *([{"ErrorEquals": answers, "MaxAttempts": 0}] if answers else []),
            {"ErrorEquals": ["States.ALL"], **_PATIENCE},
        ],
    }
    if expected:
        state["Catch"] = [
            {"ErrorEquals": [error], "Output": UNCHANGED, **fields, "Next": next_state}
            for error, next_state, fields in expected
        ]
    if assign:
        state["Assign"] = assign
    return {**state, "Output": UNCHANGED, "Next": following}


def rule(comment: str, condition: str, following: str, assign: dict[str, Any] | None = None) -> dict[str, Any]:
    """One rule of a Choice.

    Args:
        comment: its label in the diagram.
        condition: JSONata that is true or false.
        following: the next state.
        assign: variables to set on the way.
    """
    more = {"Assign": assign} if assign else {}
    return {"Comment": comment, "Condition": expression(condition), **more, "Next": following}
