"""PutLogEvents: which lines are taken, by their age."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.local_aws import LocalAws

GROUP = "/aged"
HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
def logs(local_aws: LocalAws) -> Iterator[Any]:
    client = local_aws.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="s")
    yield client
    client.delete_log_group(logGroupName=GROUP)


def put(local_aws: LocalAws, logs: Any, *ages: float) -> Any:
    """Put lines of these ages in seconds, the oldest first; what is said of those that are refused."""
    now = local_aws.clock.now()
    lines = [{"timestamp": int((now - age) * 1000), "message": str(age)} for age in ages]
    return logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=lines).get("rejectedLogEventsInfo")


def taken(logs: Any) -> list[str]:
    return [event["message"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]]


def test_lines_of_fourteen_days_and_two_hours_to_come_are_taken(local_aws: LocalAws, logs: Any) -> None:
    ages = (14 * DAY - HOUR, 0, -2 * HOUR + 60)
    assert put(local_aws, logs, *ages) is None
    assert taken(logs) == [str(age) for age in ages]


def test_lines_beyond_are_refused_and_the_others_taken(local_aws: LocalAws, logs: Any) -> None:
    refused = put(local_aws, logs, 16 * DAY, 15 * DAY, 0, -3 * HOUR)
    assert refused == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3}
    assert taken(logs) == ["0"]


def test_lines_that_the_log_group_would_not_keep_are_refused(local_aws: LocalAws, logs: Any) -> None:
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    assert put(local_aws, logs, 4 * DAY, DAY) == {"expiredLogEventEndIndex": 1}
    assert taken(logs) == [str(DAY)]
