"""The inputs of the child executions: an item each, or a batch of items."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.json_text import MAX_PAYLOAD_BYTES, to_text
from sandbox.step_functions.map_run.settings import Batching


@dataclass(frozen=True)
class Batch:
    """One child execution's input as JSON text, and how many items are in it."""

    text: str
    items: int


def batches(items: Iterable[Any], batching: Batching | None) -> Iterator[Batch]:
    """The inputs for all items, in order; raises States.DataLimitExceeded for an item that no input can hold.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    if batching is None:
        for item in items:
            text = to_text(item)
            _check_size(len(text.encode()), MAX_PAYLOAD_BYTES)
            yield Batch(text, 1)
        return
    head = f'"BatchInput":{to_text(batching.batch_input)},' if batching.has_batch_input else ""
    around = len(f'{{{head}"Items":[]}}'.encode())
    texts: list[str] = []
    size = around
    for item in items:
        text = to_text(item)
        length = len(text.encode())
        _check_size(around + length, batching.max_bytes)
        if texts and (len(texts) == batching.max_items or size + 1 + length > batching.max_bytes):
            yield _batch(head, texts)
            texts, size = [], around
        size += length + (1 if texts else 0)
        texts.append(text)
    if texts:
        yield _batch(head, texts)


def _batch(head: str, texts: list[str]) -> Batch:
    return Batch(f'{{{head}"Items":[{",".join(texts)}]}}', len(texts))


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise StateError(
            "States.DataLimitExceeded",
            f"An item makes the input of a child execution larger than it may be: {size} of {limit} bytes.",
        )
