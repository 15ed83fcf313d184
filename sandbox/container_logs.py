"""A container's output as CloudWatch log events, as the awslogs driver makes them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

# The driver's limit for one event: 256 KiB less the 26 bytes that CloudWatch Logs counts for each event.
MAX_EVENT_BYTES = 256 * 1024 - 26


class LineSplitter:
    """Cuts a stream of bytes into log messages: one a line, empty lines left out, long ones in pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The messages that are complete after `chunk`; b"" ends the stream and completes the last line."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            lines, self._rest = [self._rest], b""
        while len(self._rest) > MAX_EVENT_BYTES:
            piece = _cut(self._rest)
            lines.append(piece)
            self._rest = self._rest[len(piece) :]
        return [message for line in lines for message in _pieces(line)]


class LogStream:
    """One log stream of CloudWatch Logs that a container writes to.

    Args:
        account, region: where the log group is.
        group, name: the log group and the stream, which exist.
        now: the time in epoch seconds.
        line_end: what each event ends with.
    """

    def __init__(
        self, account: str, region: str, group: str, name: str, now: Callable[[], float], *, line_end: str = ""
    ) -> None:
        self._place = (account, region)
        self._group = group
        self._name = name
        self._now = now
        self._line_end = line_end
        self._splitter = LineSplitter()

    def write(self, chunk: bytes) -> None:
        """Add output; b"" at its end."""
        messages = self._splitter.feed(chunk)
        if not messages:
            return
        from ministack.core.responses import request_scope
        from ministack.services import cloudwatch_logs

        timestamp = int(self._now() * 1000)
        events = [{"timestamp": timestamp, "message": message + self._line_end} for message in messages]
        with request_scope(*self._place):
            cloudwatch_logs._put_log_events(
                {"logGroupName": self._group, "logStreamName": self._name, "logEvents": events}
            )


def _pieces(line: bytes) -> Iterator[str]:
    while line:
        piece = _cut(line)
        yield piece.decode("utf-8", "replace")
        line = line[len(piece) :]


def _cut(line: bytes) -> bytes:
    """The longest beginning of `line` that fits into one event and ends no character in the middle."""
    end = min(len(line), MAX_EVENT_BYTES)
    while end < len(line) and end > MAX_EVENT_BYTES - 4 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end]
