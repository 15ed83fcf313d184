"""Where the time of a run went that goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.attempts import Attempt
from ops.course import Course
from ops.spent import spent

STARTED = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


def after(seconds: int) -> datetime:
    return STARTED + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Wait before the next attempt", "between"),
        ("Wait before starting again", "between"),
        ("Wait before load's next attempt", "between"),
        ("Give back the lock", "ending"),
    ],
)
def test_a_run_that_waits_to_try_again_is_not_ending(state: str, kind: str) -> None:
    task = {"StartedAt": after(0), "StoppedAt": after(10)}
    attempt = Attempt(number=1, outcome="Job.ExitedNonZero", requested=after(0), ended=after(10), task=task)
    course = Course(attempts=(attempt,), state=state, state_since=after(10), last_event=after(10))

    found = {kind: length.total_seconds() for kind, length in spent(course, STARTED, after(70)).items() if length}

    assert found == {"running": 10, kind: 60}
