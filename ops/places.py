"""Where in a state machine an event of a history belongs: events of branches and items come interleaved.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ops.step_states import step_state

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where an event belongs.

    Attributes:
        step: the step; None outside of steps.
        index: of the item, in a step that runs for each of several.
        within: the step whose branch it is in.
    """

    step: str | None = None
    index: int | None = None
    within: str | None = None


def details_of(event: Event) -> Mapping[str, Any]:
    """What an event tells beside its type."""
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


class Places:
    """Finds the place of each event, oldest first, by the event that it follows from."""

    def __init__(self) -> None:
        self._at: dict[int, Place] = {}
        self._branching: set[int] = set()
        # Of the states that have others inside.
        self._entered: dict[str, Place] = {}
        self._latest = Place()

    def of(self, event: Event) -> Place:
        """The place of the next event."""
        before = self._at.get(event.get("previousEventId", 0), Place())
        place = self._place(event, before)
        self._at[event["id"]] = place
        if event["type"] == "ParallelStateStarted":
            self._branching.add(event["id"])
        if place.step is not None:
            self._latest = place
        return place

    def _place(self, event: Event, before: Place) -> Place:
        kind, details = event["type"], details_of(event)
        if kind == "ExecutionRedriven":
            return self._latest
        if kind.startswith("MapIteration"):
            outer = self._entered.get(details["name"], before)
            return replace(outer, index=details["index"])
        if kind.endswith("StateEntered"):
            return self._enter(event, details["name"], before)
        if kind in ("ParallelStateExited", "MapStateExited"):
            return self._entered.get(details["name"], before)
        if kind.startswith("ParallelState") and kind.endswith(("Failed", "Succeeded")):
            # It follows from an event in a branch.
            return self._entered.get(f"Run {before.within}", before)
        if kind in ("MapStateFailed", "MapStateSucceeded"):
            return replace(before, index=None)
        return before

    def _enter(self, event: Event, name: str, before: Place) -> Place:
        found = step_state(name)
        within = before.step if event.get("previousEventId") in self._branching else before.within
        # The name is also that of a state of any job without steps.
        if found is None or (name == "How did it end?" and before.step != "it"):
            return Place(within=within)
        same = found.step == before.step and found.kind != "map"
        place = Place(found.step, before.index if same else None, within)
        if event["type"] in ("ParallelStateEntered", "MapStateEntered"):
            self._entered[name] = place
        return place
