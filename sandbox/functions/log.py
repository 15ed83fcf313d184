"""What an execution environment writes to CloudWatch Logs, with its function's role.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.container_logs import LogStream
from sandbox.functions.function import Function

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# "The last 4 KB of the execution log": https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_TAIL_BYTES = 4096


class EnvironmentLog:
    """The log stream of one environment. What the function's role may not write is lost, as on AWS.

    Attributes:
        stream: its name.
    """

    def __init__(self, aws: LocalAws, function: Function) -> None:
        self._lock = threading.Lock()
        self._tail = b""
        day = datetime.fromtimestamp(aws.clock.now(), UTC).strftime("%Y/%m/%d/")
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
        name = function.name if function.has_own_log_group else ""
        self.stream = f"{day}{name}[{function.version}]{uuid.uuid4().hex}"
        self._logs: LogStream | None = None
        if _made(aws, function, self.stream):
            place = (aws.account, function.region, function.log_group, self.stream)
            self._logs = LogStream(*place, aws.clock.now, line_end="\n")

    def write(self, chunk: bytes) -> None:
        """Add what the function's processes have written."""
        with self._lock:
            self._add(chunk)

    def line(self, text: str) -> None:
        """Add a line of Lambda's own, after what has been written."""
        with self._lock:
            # What has no line's end yet is a line of its own.
            self._add(b"")
            self._add(f"{text}\n".encode())

    def begin_tail(self) -> None:
        """From now on what is written belongs to an invocation."""
        with self._lock:
            self._tail = b""

    def tail(self) -> str:
        """The end of what an invocation has written."""
        with self._lock:
            return self._tail.decode("utf-8", "replace")

    def _add(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
        if self._logs is not None:
            self._logs.write(chunk)


def _made(aws: LocalAws, function: Function, stream: str) -> bool:
    """Make the log stream, and the log group where there is none; whether the function's role may write to it."""
    from ministack.core.responses import request_scope
    from ministack.services import cloudwatch_logs

    def may(action: str, arn: str) -> bool:
        return aws.identity.allowed(function.role, action, arn)

    group = f"arn:aws:logs:{function.region}:{aws.account}:log-group:{function.log_group}"
    of_stream = f"{group}:log-stream:{stream}"
    with request_scope(aws.account, function.region):
        if function.log_group not in cloudwatch_logs._log_groups:
            if not may("logs:CreateLogGroup", f"{group}:*"):
                return False
            cloudwatch_logs._create_log_group({"logGroupName": function.log_group})
        if not may("logs:CreateLogStream", of_stream):
            return False
        cloudwatch_logs._create_log_stream({"logGroupName": function.log_group, "logStreamName": stream})
    return may("logs:PutLogEvents", of_stream)
