"""The invocations of Lambda functions that an execution waited for when it ended: nobody can stop them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.aws import Aws
from ops.invocations import asked_for, is_invocation
from ops.places import Event, details_of

_LONGEST_SECONDS = 960
"""For what Step Functions does not tell: the 15 minutes of any function, and one more."""


@dataclass(frozen=True, kw_only=True)
class FunctionInHand:
    """An invocation whose end the execution did not hear of.

    Attributes:
        function_arn: the version of the function.
        until: when it must have ended.
    """

    function_arn: str
    until: datetime


def functions_in_hand(aws: Aws, execution_arn: str, *, now: datetime) -> list[FunctionInHand]:
    """The invocations of an execution, running or not, that may be going on now.

    Args:
        aws: where it is.
        execution_arn: the run; what executions of its map runs invoked is not among them.
        now: the time.

    Raises:
        botocore's errors.
    """
    pages = (
        aws("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution_arn, PaginationConfig={"PageSize": 1000})
    )
    waited_for: dict[int, Event] = {}
    for event in (event for page in pages for event in page["events"]):
        if not is_invocation(details_of(event)):
            continue
        asked = waited_for.pop(event["previousEventId"], None)
        if event["type"] == "TaskScheduled":
            waited_for[event["id"]] = event
        elif event["type"] == "TaskStarted" and asked is not None:
            waited_for[event["id"]] = asked
    return [one for one in map(_in_hand, waited_for.values()) if one.until > now]


def _in_hand(event: Event) -> FunctionInHand:
    # A state waits for longer than its function may take.
    details = details_of(event)
    longest = timedelta(seconds=details.get("timeoutInSeconds", _LONGEST_SECONDS))
    return FunctionInHand(function_arn=asked_for(details).get("FunctionArn", ""), until=event["timestamp"] + longest)
