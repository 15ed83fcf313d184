"""The shape that every IAM policy document shares."""

from collections.abc import Mapping
from typing import Any

Condition = Mapping[str, Mapping[str, str | list[str]]]


def allow(
    sid: str, actions: list[str], resources: str | list[str], condition: Condition | None = None
) -> dict[str, Any]:
    """One Allow statement.

    Args:
        sid: says what the statement is for; letters and digits.
        actions: IAM actions, `service:Action`.
        resources: ARNs or patterns of ARNs.
        condition: condition operator to key to value(s).
    """
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    if condition is not None:
        statement["Condition"] = condition
    return statement


def policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": statements}
