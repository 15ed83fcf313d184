"""FilterLogEvents: pages as AWS cuts them, and lines of JSON by a member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws

GROUP = "/filtered"


@pytest.fixture
def logs(local_aws: LocalAws) -> Iterator[Any]:
    client = local_aws.client("logs")
    client.create_log_group(logGroupName=GROUP)
    yield client
    client.delete_log_group(logGroupName=GROUP)


def milliseconds(local_aws: LocalAws) -> int:
    return int(local_aws.clock.now() * 1000)


def put(logs: Any, stream: str, messages: list[str], at: int) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    lines = [{"timestamp": at, "message": message} for message in messages]
    for first in range(0, len(lines), 10_000):
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=lines[first : first + 10_000])


def pages(logs: Any, **request: Any) -> list[list[str]]:
    found = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **request)
    return [[event["message"] for event in page["events"]] for page in found]


def test_no_page_has_more_than_ten_thousand_lines(local_aws: LocalAws, logs: Any) -> None:
    now = milliseconds(local_aws)
    put(logs, "one", [f"a{number}" for number in range(9_999)], now)
    put(logs, "two", [f"b{number}" for number in range(3)], now + 1)
    found = pages(logs)
    assert [len(page) for page in found if page] == [10_000, 2]
    assert [message for page in found for message in page][-3:] == ["b0", "b1", "b2"]


def test_no_page_has_more_than_a_megabyte(local_aws: LocalAws, logs: Any) -> None:
    now = milliseconds(local_aws)
    messages = [f"{number}" + "x" * 200_000 for number in range(11)]
    for number, message in enumerate(messages):
        put(logs, str(number), [message], now)
    found = pages(logs)
    assert [len(page) for page in found if page] == [5, 5, 1]
    assert sorted(message for page in found for message in page) == sorted(messages)


def test_a_limit_is_a_page(local_aws: LocalAws, logs: Any) -> None:
    put(logs, "one", ["a", "b", "c"], milliseconds(local_aws))
    assert [page for page in pages(logs, limit=2) if page] == [["a", "b"], ["c"]]


def test_a_member_of_json(local_aws: LocalAws, logs: Any) -> None:
    lines = [json.dumps({"detail": {"status": status}}) for status in ("FAILED", "SUCCEEDED")]
    put(logs, "one", [*lines, "no JSON", "[1]"], milliseconds(local_aws))
    assert pages(logs, filterPattern='{ $.detail.status = "FAILED" }') == [lines[:1]]


def test_one_of_several_members_of_json_and_what_an_asterisk_stands_for(local_aws: LocalAws, logs: Any) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    lines = [json.dumps({"name": name, "arn": arn}) for name, arn in (("a", "x/b"), ("c", "x/a"), ("b", "xa"))]
    put(logs, "one", lines, milliseconds(local_aws))
    assert pages(logs, filterPattern='{ ($.name = "a") || ($.arn = "*/a") }') == [lines[:2]]
    assert pages(logs, filterPattern='{ ($.name = "c") || ($.arn = "xa") }') == [lines[1:]]


def test_a_token_that_is_none(logs: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.filter_log_events(logGroupName=GROUP, nextToken="next")
