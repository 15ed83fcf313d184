"""What an execution's history tells of an invocation of a job's Lambda function.

The bootstrap in the function's image tells its facts as the result, or as JSON text in the message of an error.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ops.attempts import parsed, task_facts

_REQUEST = re.compile(r"(?:RequestId: |[0-9]Z )([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""Lambda's own messages begin with it, some after the time."""
_NOT_TAKEN = re.compile(r"Lambda\.(?!Unknown$)")
"""What Step Functions calls an invocation that Lambda did not take."""


def is_invocation(details: Mapping[str, Any]) -> bool:
    """Whether an event's details are of an invocation."""
    return details.get("resourceType") == "lambda" and details.get("resource") == "invoke"


def asked_for(details: Mapping[str, Any]) -> dict[str, Any]:
    """The version of the function that a TaskScheduled says, and how long its end is waited for."""
    name, seconds = parsed(details.get("parameters")).get("FunctionName"), details.get("timeoutInSeconds")
    asked = {"FunctionArn": name} if isinstance(name, str) else {}
    return asked | ({"WaitedSeconds": seconds} if isinstance(seconds, int) else {})


def answered(details: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a TaskSucceeded."""
    payload = parsed(details.get("output")).get("Payload")
    return task_facts(payload) if isinstance(payload, dict) else {}


def failed(details: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a TaskFailed: of the bootstrap's errors all, of Lambda's the request."""
    told = parsed(details.get("cause"))
    message = told.get("errorMessage")
    if facts := task_facts(parsed(message)):
        return facts
    if _NOT_TAKEN.match(details.get("error") or ""):
        return {}
    found = _REQUEST.search(message if isinstance(message, str) else details.get("cause") or "")
    return {"RequestId": found[1]} if found else {}


def exit_code(details: Mapping[str, Any]) -> int | None:
    """The exit code among the facts of a TaskSucceeded; None where there is none."""
    payload = parsed(details.get("output")).get("Payload")
    code = payload.get("exitCode") if isinstance(payload, dict) else None
    return code if isinstance(code, int) else None
