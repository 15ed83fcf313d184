"""Which executions can be redriven, and what a redrive makes of an execution's record.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import re
from typing import Any

from sandbox.step_functions import history
from sandbox.step_functions.answers import ApiError
from sandbox.step_functions.history import epoch, timestamp

MAX_OPEN_SECONDS = 365 * 86_400
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions"""
_PERIOD_SECONDS = 14 * 86_400
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html, clientToken
_TOKEN_SECONDS = 15 * 60
_TOKENS = 10
_MAX_TOKEN_CHARACTERS = 64

NEVER: dict[str, Any] = {"redriveCount": 0, "redriveDate": None, "redriveTokens": {}, "before": None}
"""What the record of an execution says of redrives at its start; `before` is what it said before the last."""
_CHANGED = ("status", "stopDate", "output", "error", "cause", "redriveCount", "redriveDate", "before")


def refusal(record: dict[str, Any], now: float, *, machine_is_deleted: bool) -> str | None:
    """Why an execution cannot be redriven at `now` (epoch seconds), as redriveStatusReason; None if it can.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html, redriveStatusReason
    """
    if machine_is_deleted:
        return "State machine is in DELETING status"
    if record["status"] in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {record['status']} and cannot be redriven"
    # ExecutionRedriven and one more event must fit.
    if len(record["events"]) >= history.MAX_EVENTS - 1:
        return "Execution history event limit exceeded"
    if now - epoch(record["startDate"]) >= MAX_OPEN_SECONDS:
        return "Execution has exceeded the max execution time"
    if now - epoch(record["stopDate"]) > _PERIOD_SECONDS:
        return "Execution redrivable period exceeded"
    return None


def members(record: dict[str, Any], reason: str | None) -> dict[str, Any]:
    """DescribeExecution's members about redrives, None where AWS leaves one out; `reason` is what `refusal` says."""
    possible = "REDRIVABLE" if record.get("mapRunArn") is None else "REDRIVABLE_BY_MAP_RUN"
    return {
        "redriveCount": record["redriveCount"],
        "redriveDate": record["redriveDate"],
        "redriveStatus": possible if reason is None else "NOT_REDRIVABLE",
        "redriveStatusReason": reason,
    }


def checked_token(token: Any) -> str | None:
    """The clientToken of a request; raises ValidationException for one that is none."""
    if token is None:
        return None
    problems = []
    if len(token) > _MAX_TOKEN_CHARACTERS:
        problems.append(f"Member must have length less than or equal to {_MAX_TOKEN_CHARACTERS}")
    if not token:
        problems.append("Member must have length greater than or equal to 1")
    if not re.fullmatch("[!-~]+", token):
        problems.append("Member must satisfy regular expression pattern: [!-~]+")
    if problems:
        found = "; ".join(
            f"Value '{token}' at 'clientToken' failed to satisfy constraint: {problem}" for problem in problems
        )
        detected = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ApiError("ValidationException", f"{detected}: {found}")
    return token


def date_of(record: dict[str, Any], token: str | None, now: float) -> str | None:
    """The redriveDate of the redrive that `token` has already made, None if there is none.

    "The API will return idempotent responses for the last 10 client tokens used to successfully redrive the execution.
    These client tokens are valid for up to 15 minutes after they are first used."
    """
    date = record["redriveTokens"].get(token)
    return date if date is not None and now - epoch(date) < _TOKEN_SECONDS else None


def begin(record: dict[str, Any], token: str | None, now: float) -> str:
    """Make a record that of a running execution again; returns the redriveDate."""
    date = timestamp(now)
    # Without the token's own, which may have outlived its validity, so that the latest are the last.
    tokens = {known: its_date for known, its_date in record["redriveTokens"].items() if known != token}
    if token is not None:
        tokens[token] = date
    record.update(
        before={name: record[name] for name in _CHANGED},
        stopDate=None,
        output=None,
        error=None,
        cause=None,
        redriveCount=record["redriveCount"] + 1,
        redriveDate=date,
        redriveTokens=dict(list(tokens.items())[-_TOKENS:]),
    )
    # Last, because whoever sees the new status may read the rest.
    record["status"] = "RUNNING"
    return date
