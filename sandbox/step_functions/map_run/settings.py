"""What a Map state says of how its Map Run goes, with its expressions replaced."""

from dataclasses import dataclass
from typing import Any

from sandbox.step_functions.json_text import MAX_PAYLOAD_BYTES
from sandbox.step_functions.map_state import MAX_WHOLE_NUMBER, concurrency, tolerated
from sandbox.step_functions.visit import Visit

MAX_CONCURRENCY = 10_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html, MaxConcurrency"""
UNBOUNDED = MAX_WHOLE_NUMBER
"""What DescribeMapRun tells of a run without a limit."""


@dataclass
class Limits:
    """What UpdateMapRun may change. `max_concurrency` 0: as many as there can be; None: no such threshold."""

    max_concurrency: int
    tolerated_count: int | None
    tolerated_percentage: float | None

    @property
    def at_once(self) -> int:
        """How many child executions may run at a time."""
        return min(self.max_concurrency or MAX_CONCURRENCY, MAX_CONCURRENCY)

    def exceeded(self, failed: int, total: int) -> bool:
        """Whether so many failed items of all are more than is tolerated."""
        if self.tolerated_count is None and self.tolerated_percentage is None:
            return failed > 0
        return (self.tolerated_count is not None and failed > self.tolerated_count) or (
            self.tolerated_percentage is not None and failed * 100 > self.tolerated_percentage * total
        )


@dataclass(frozen=True)
class Batching:
    """ItemBatcher: the most items and bytes of a batch, and what each is given beside its items."""

    max_items: int | None
    max_bytes: int
    batch_input: Any
    has_batch_input: bool


def limits(visit: Visit) -> Limits:
    """The state's limits."""
    return Limits(concurrency(visit), *tolerated(visit))


def batching(visit: Visit) -> Batching | None:
    """The state's ItemBatcher; None if each item is a batch of its own."""
    if "ItemBatcher" not in visit.state:
        return None
    batcher = visit.state["ItemBatcher"]
    return Batching(
        max_items=_bound(visit, batcher, "MaxItemsPerBatch", MAX_WHOLE_NUMBER),
        max_bytes=_bound(visit, batcher, "MaxInputBytesPerBatch", MAX_PAYLOAD_BYTES) or MAX_PAYLOAD_BYTES,
        batch_input=visit.evaluate(batcher.get("BatchInput"), "ItemBatcher/BatchInput"),
        has_batch_input="BatchInput" in batcher,
    )


def _bound(visit: Visit, batcher: dict[str, Any], field: str, maximum: int) -> int | None:
    if field not in batcher:
        return None
    place = f"ItemBatcher/{field}"
    value = visit.typed(batcher[field], "number", place)
    if value != int(value) or not 1 <= value <= maximum:
        raise visit.evaluation_error(f"The {field} field must be a whole number from 1 to {maximum}: {value}", place)
    return int(value)
