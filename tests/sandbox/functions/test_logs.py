"""What a function's environments write to CloudWatch Logs.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.sandbox.conftest import policy
from tests.sandbox.functions.conftest import Place

REQUEST = r"[0-9a-f-]{36}"
TIME = r"[0-9-]{10}T[0-9:.]{12}Z"
MS = r"[0-9]+\.[0-9]{2} ms"


def test_each_invocation_is_told_of_around_what_it_has_said(functions: Place) -> None:
    name = functions.make(Publish=True, MemorySize=256)
    for word in ("one", "two"):
        functions.invoke(f"{name}:1", say=word)
    (stream,) = functions.streams()
    day = datetime.fromtimestamp(functions.aws.clock.now(), UTC).strftime("%Y/%m/%d")
    assert re.fullmatch(rf"{day}/{name}\[1\][0-9a-f]{{32}}", stream)
    report = rf"REPORT RequestId: {REQUEST}\tDuration: {MS}\tBilled Duration: [0-9]+ ms\tMemory Size: 256 MB\t"
    used = r"Max Memory Used: [0-9]+ MB"
    patterns = [
        rf"START RequestId: {REQUEST} Version: 1\n",
        r"one\n",
        rf"END RequestId: {REQUEST}\n",
        rf"{report}{used}\tInit Duration: {MS}\n",
        rf"START RequestId: {REQUEST} Version: 1\n",
        r"two\n",
        rf"END RequestId: {REQUEST}\n",
        rf"{report}{used}\n",
    ]
    lines = functions.lines(stream)
    assert len(lines) == len(patterns)
    for pattern, line in zip(patterns, lines, strict=True):
        assert re.fullmatch(pattern, line)


def test_a_line_without_an_end_is_one_of_its_own(functions: Place) -> None:
    functions.invoke(functions.make(), say="half", end="")
    assert "half\n" in functions.lines(functions.streams()[0])


def test_all_that_was_said_before_the_answer_is_before_its_end(functions: Place) -> None:
    functions.invoke(functions.make(), say="\n".join(f"line {number}" for number in range(5000)))
    lines = functions.lines(functions.streams()[0])
    assert lines[5000] == "line 4999\n"
    assert lines[5001].startswith("END ")


@pytest.mark.parametrize(
    ("event", "timeout_seconds", "before_end", "status"),
    [
        (
            {"wait": "/nowhere"},
            1,
            rf"{TIME} {REQUEST} Task timed out after 1.00 seconds\n",
            "timeout",
        ),
        ({"exit": 4}, 60, "", "error\tError Type: Runtime.ExitError"),
    ],
)
def test_how_it_failed_is_told(
    functions: Place, event: dict[str, object], timeout_seconds: int, before_end: str, status: str
) -> None:
    functions.invoke(functions.make(Timeout=timeout_seconds), **event)
    lines = functions.lines(functions.streams()[0])
    end = next(place for place, line in enumerate(lines) if line.startswith("END "))
    if before_end:
        assert re.fullmatch(before_end, lines[end - 1])
    assert lines[end + 1].endswith(f"\tStatus: {status}\n")


def test_the_tail_is_that_of_the_invocation(functions: Place) -> None:
    name = functions.make()
    functions.invoke(name, say="before")
    log = functions.invoke(name, say="now").log
    assert log.startswith("START RequestId: ")
    assert "now" in log
    assert "before" not in log


def test_a_group_of_its_own_is_made_if_the_role_may(functions: Place, role: Callable[..., str]) -> None:
    arn = f"arn:aws:logs:{functions.aws.region}:{functions.aws.account}:*"
    able = role("lambda.amazonaws.com", policy((["logs:Create*", "logs:PutLogEvents"], arn)))
    name = functions.make(Role=able, LoggingConfig={})
    functions.invoke(name, say="hello")
    (stream,) = functions.streams(f"/aws/lambda/{name}")
    assert re.fullmatch(r"[0-9/]{11}\[\$LATEST\][0-9a-f]{32}", stream)
    assert "hello\n" in functions.lines(stream, f"/aws/lambda/{name}")
    other = functions.make(LoggingConfig={})
    assert functions.invoke(other, say="hello").error is None
    groups = functions.aws.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{other}")["logGroups"]
    assert groups == []


@pytest.mark.parametrize(
    ("rights", "has_stream"), [(["logs:PutLogEvents"], False), (["logs:CreateLogStream"], True), (["logs:Tag*"], False)]
)
def test_without_the_rights_what_is_said_is_lost(
    functions: Place, role: Callable[..., str], rights: list[str], has_stream: bool
) -> None:
    name = functions.make(Role=role("lambda.amazonaws.com", policy((rights, functions.log_arn))))
    assert functions.invoke(name, say="hello").error is None
    assert [functions.lines(stream) for stream in functions.streams()] == ([[]] if has_stream else [])
