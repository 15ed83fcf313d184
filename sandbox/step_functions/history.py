"""The event history of one execution."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.step_functions.errors import ExecutionOver, HistoryFull

MAX_EVENTS = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html"""
LIMIT_CAUSE = f"The execution reached the maximum number of history events ({MAX_EVENTS})."

Event = dict[str, Any]


def timestamp(epoch_seconds: float) -> str:
    """A time as MiniStack's records hold it: ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(round(epoch_seconds, 3), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def epoch(stamp: str) -> float:
    """The epoch seconds of such a time."""
    return datetime.fromisoformat(stamp).timestamp()


class History:
    """Appends events to an execution's record, and to its log, from a start or a redrive to the next end.

    `events` is the record's list, read by GetExecutionHistory while it grows; `on_event` sees each event.
    """

    def __init__(self, events: list[Event], now: Callable[[], float], on_event: Callable[[Event], None]) -> None:
        self._events = events
        self._now = now
        self._on_event = on_event
        self._lock = threading.Lock()
        self._closed = False
        # From which the end follows: not from what a redriven execution had entered before.
        self._latest = 0

    def chain(self, previous: int) -> "Chain":
        """A line of events of which the first follows from the event with the id `previous`."""
        return Chain(self, previous)

    def start(self, at: str, **details: Any) -> None:
        """Append ExecutionStarted. The first state's event does not name it as its previous one."""
        with self._lock:
            self._append("ExecutionStarted", 0, at, details)

    def redrive(self, at: str, count: int) -> None:
        """Append ExecutionRedriven. Events of the flow do not name it, but an end may that comes at once."""
        with self._lock:
            event = self._append("ExecutionRedriven", len(self._events), at, {"redriveCount": count})
            self._latest = event["id"]

    def end(self, event_type: str, /, *, in_flow: bool = True, **details: Any) -> None:
        """Append the event that ends the execution.

        `in_flow`: the last state's end is its reason, unlike for an abort or a timeout.
        """
        with self._lock:
            self._closed = True
            self._append(event_type, self._latest if in_flow else 0, timestamp(self._now()), details)

    def _add(self, chain: "Chain", event_type: str, details: dict[str, Any], *, advance: bool) -> Event:
        with self._lock:
            if self._closed or chain.is_closed:
                raise ExecutionOver
            if len(self._events) >= MAX_EVENTS - 1:
                raise HistoryFull
            event = self._append(event_type, chain.previous, timestamp(self._now()), details)
            self._latest = event["id"]
            if advance:
                chain.previous = event["id"]
            return event

    def _append(self, event_type: str, previous: int, at: str, details: dict[str, Any]) -> Event:
        event: Event = {
            "id": len(self._events) + 1,
            "previousEventId": previous,
            "type": event_type,
            "timestamp": at,
        }
        if key := details_key(event_type):
            event[key] = {name: value for name, value in details.items() if value is not None}
        self._events.append(event)
        self._on_event(event)
        return event


class Chain:
    """A line of events, each of which follows from the one before: that of the machine, of a branch, of an iteration.

    `previous` is the id of the event from which the next one follows.
    """

    def __init__(self, history: History, previous: int) -> None:
        self._history = history
        self.previous = previous
        self.is_closed = False

    def add(self, event_type: str, /, **details: Any) -> Event:
        """Append an event and return it. None among the details means the field is absent.

        Raises HistoryFull when only the event that ends the execution still fits, and ExecutionOver after that event
        or after `close`.
        """
        return self._history._add(self, event_type, details, advance=True)

    def aside(self, event_type: str, /, **details: Any) -> Event:
        """As `add`, for an event from which the next one does not follow."""
        return self._history._add(self, event_type, details, advance=False)

    def close(self) -> None:
        """Refuse further events."""
        self.is_closed = True


# Of HistoryEvent's types, those that have no member for details, and those that share one.
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
_WITHOUT_DETAILS = frozenset({"LambdaFunctionStarted", "MapRunAborted", "MapRunSucceeded", "ParallelStateStarted"})


def details_key(event_type: str) -> str | None:
    """The member of HistoryEvent that holds an event's details; None for a type that has none.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    if event_type in _WITHOUT_DETAILS or event_type.endswith(("StateAborted", "StateFailed", "StateSucceeded")):
        return None
    for suffix in ("StateEntered", "StateExited"):
        if event_type.endswith(suffix):
            return f"{suffix[0].lower()}{suffix[1:]}EventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"
