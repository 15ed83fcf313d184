"""The lines of one invocation of a Lambda function, among those of others in the same log stream.

An environment does one invocation after the other and writes all to one stream, between lines of Lambda's own.
https://docs.aws.amazon.com/lambda/latest/operatorguide/log-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

SKEW = timedelta(minutes=1)
"""How much earlier by Lambda's clock a line may be than what asked for it by Step Functions'."""
_MARK = re.compile(r"(?:(START|END|REPORT) RequestId: (\S+)|INIT_)")


class InvocationLines:
    """Picks them out of the stream's lines, oldest first."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._inside = False

    def takes(self, message: str) -> bool:
        """Whether the next line is the invocation's own: what its program wrote, or what Lambda says of its end."""
        if mark := _MARK.match(message):
            # What the program wrote last may come behind the end. The next invocation's begins with its own start.
            if mark[1] == "START":
                self._inside = mark[2] == self._request_id
            return False
        return self._inside or self._request_id in message


def milliseconds(moment: datetime) -> int:
    """A time as CloudWatch Logs takes it: since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def stream_of(
    clients: Callable[[str], Any], log_group: str, request_id: str, since: datetime, until: datetime | None
) -> str | None:
    """The stream that an invocation wrote to, of which only the request is known; None where there is none.

    Raises botocore's errors.

    Args:
        clients: gives the boto3 client of a service by its name.
        log_group: the function's.
        request_id: the invocation's.
        since: when Lambda was asked for it, or earlier.
        until: when its end was known, or later; None for one that goes on.
    """
    logs = clients("logs")
    times = {"startTime": milliseconds(since - SKEW)} | ({"endTime": milliseconds(until + SKEW)} if until else {})
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group, filterPattern=f'"START RequestId: {request_id}"', **times
    )
    try:
        return next((event["logStreamName"] for page in pages for event in page["events"]), None)
    except logs.exceptions.ResourceNotFoundException:
        return None
