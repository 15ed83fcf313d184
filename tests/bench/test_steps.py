"""What is counted of runs with steps: transitions in a history, and items that are lost or come twice."""

from typing import Any

from bench.many_items import differing
from bench.steps import transitions


def history(*events: tuple[str, int]) -> list[dict[str, Any]]:
    """A history of events with these types, each with the number of the one before it."""
    return [
        {"id": number, "type": kind, "previousEventId": previous} for number, (kind, previous) in enumerate(events, 1)
    ]


def test_a_retry_is_billed_like_a_state() -> None:
    """https://aws.amazon.com/step-functions/pricing/: each retry is an additional state transition."""
    called = history(
        ("ExecutionStarted", 0),
        ("MapStateEntered", 0),
        ("MapStateStarted", 2),
        ("MapIterationStarted", 3),
        ("TaskStateEntered", 4),
        ("TaskScheduled", 5),
        ("TaskStarted", 6),
        ("TaskFailed", 7),
        ("TaskScheduled", 8),
        ("TaskStarted", 9),
        ("TaskSucceeded", 10),
        ("TaskStateExited", 11),
        ("MapIterationSucceeded", 12),
        ("MapStateSucceeded", 13),
        ("MapStateExited", 14),
        ("ExecutionSucceeded", 15),
    )

    assert transitions(called) == 3


def test_what_is_lost_and_what_comes_twice_is_counted() -> None:
    assert differing([1, 2, 3], range(1, 4)) == 0
    assert differing([1, 3, 3, 3], range(1, 4)) == 3
