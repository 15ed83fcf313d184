"""The event history of one execution."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.step_functions.errors import HistoryFull

MAX_EVENTS = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html"""
LIMIT_CAUSE = f"The execution reached the maximum number of history events ({MAX_EVENTS})."

Event = dict[str, Any]


def timestamp(epoch_seconds: float) -> str:
    """A time as MiniStack's records hold it: ISO 8601 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(round(epoch_seconds, 3), UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class History:
    """Appends events to an execution's record, and to its log.

    `events` is the record's list, read by GetExecutionHistory while it grows; `on_event` sees each event.
    """

    def __init__(self, events: list[Event], now: Callable[[], float], on_event: Callable[[Event], None]) -> None:
        self._events = events
        self._now = now
        self._on_event = on_event
        self._lock = threading.Lock()
        self._closed = False
        self._previous = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event_type: str, /, **details: Any) -> int:
        """Append an event of the flow and return its id. None among the details means the field is absent.

        Raises HistoryFull when only the event that ends the execution still fits.
        """
        with self._lock:
            if self._closed:
                return self._previous
            if len(self._events) >= MAX_EVENTS - 1:
                raise HistoryFull
            self._previous = self._append(event_type, self._previous, details)
            return self._previous

    def start(self, **details: Any) -> None:
        """Append ExecutionStarted. The first state's event does not name it as its previous one."""
        with self._lock:
            self._append("ExecutionStarted", 0, details)

    def end(self, event_type: str, /, *, in_flow: bool = True, **details: Any) -> None:
        """Append the event that ends the execution; whatever comes later is dropped.

        `in_flow`: the last state's end is its reason, unlike for an abort or a timeout.
        """
        with self._lock:
            if not self._closed:
                self._closed = True
                self._append(event_type, self._previous if in_flow else 0, details)

    def _append(self, event_type: str, previous: int, details: dict[str, Any]) -> int:
        event: Event = {
            "id": len(self._events) + 1,
            "previousEventId": previous,
            "type": event_type,
            "timestamp": timestamp(self._now()),
        }
        if key := details_key(event_type):
            event[key] = {name: value for name, value in details.items() if value is not None}
        self._events.append(event)
        self._on_event(event)
        return event["id"]


def details_key(event_type: str) -> str | None:
    """The member of HistoryEvent that holds an event's details; None for a type that has none.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    if event_type == "LambdaFunctionStarted":
        return None
    for suffix in ("StateEntered", "StateExited"):
        if event_type.endswith(suffix):
            return f"{suffix[0].lower()}{suffix[1:]}EventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"
