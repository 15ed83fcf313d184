"""The token of a task that waits for a job: by it the job may send heartbeats, or report its own end."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.step_functions.error_handling import HeartbeatMissedError
from sandbox.step_functions.errors import StateError


class TaskToken:
    """One attempt's token. `rouse` wakes the execution that waits.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
    """

    def __init__(self, rouse: Callable[[], None]) -> None:
        self.value = uuid.uuid4().hex * 4
        self.last_heartbeat: float | None = None
        self._rouse = rouse
        self._outcome: Callable[[], Any] | None = None

    def heartbeat(self, now: float) -> None:
        """SendTaskHeartbeat at the virtual time `now` (epoch seconds)."""
        self.last_heartbeat = now
        self._rouse()

    def succeed(self, output_text: str) -> None:
        """SendTaskSuccess: the task's result is this JSON text."""
        self._finish(lambda: json.loads(output_text))

    def fail(self, error: str | None, cause: str | None) -> None:
        """SendTaskFailure."""

        def failed() -> Any:
            raise StateError(error, cause)

        self._finish(failed)

    @property
    def is_used(self) -> bool:
        """Whether the task's end was reported by its token."""
        return self._outcome is not None

    def outcome(self) -> Any:
        """The result that was reported; raises StateError if it was a failure."""
        assert self._outcome is not None
        return self._outcome()

    def _finish(self, outcome: Callable[[], Any]) -> None:
        self._outcome = self._outcome or outcome
        self._rouse()


class Limits:
    """The times (epoch seconds) by which one attempt of a task must have ended or shown a sign of life."""

    def __init__(self, start: float, timeout_seconds: float | None, heartbeat_seconds: float | None) -> None:
        self._start = start
        self._end = None if timeout_seconds is None else start + timeout_seconds
        self._heartbeat_seconds = heartbeat_seconds

    def next(self, token: TaskToken | None) -> float | None:
        """The earlier of the two, None if there is neither."""
        ends = [end for end in (self._end, self._heartbeat_end(token)) if end is not None]
        return min(ends, default=None)

    def check(self, now: float, token: TaskToken | None) -> None:
        """Raise the timeout that `now` is too late for. AWS gives timeouts no cause."""
        if self._end is not None and now >= self._end:
            raise StateError("States.Timeout")
        heartbeat_end = self._heartbeat_end(token)
        if heartbeat_end is not None and now >= heartbeat_end:
            raise HeartbeatMissedError

    def _heartbeat_end(self, token: TaskToken | None) -> float | None:
        if self._heartbeat_seconds is None:
            return None
        last = token.last_heartbeat if token is not None else None
        return (self._start if last is None else last) + self._heartbeat_seconds
