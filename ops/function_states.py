"""The Lambda functions that a state machine invokes, by its definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_INVOKE = "lambda:invoke"
_SLACK_SECONDS = 60
"""How much longer than its function a state waits, as definitions/lambda_call.py has it."""


def function_states(document: Any) -> Iterator[dict[str, Any]]:
    """The states that invoke a function, wherever they are in a definition."""
    if isinstance(document, list):
        for each in document:
            yield from function_states(each)
    elif isinstance(document, dict):
        if str(document.get("Resource", "")).endswith(_INVOKE) and isinstance(document.get("Arguments"), dict):
            yield document
        for each in document.values():
            yield from function_states(each)


def function_of(version_arn: str) -> str:
    """The ARN of the function that a version is of."""
    return version_arn.rpartition(":")[0]


def timeout_seconds(waited_seconds: int) -> int:
    """How long a function may take for whose end a state waits so long."""
    return waited_seconds - _SLACK_SECONDS
