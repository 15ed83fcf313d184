"""The lines of real runs in the local AWS, after them and while they go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.errors import NotFoundError
from ops.logs import LogLine, read_lines, runs_since
from ops.names import NamedRun
from tests.ops.operated import Operated


def lines(operated: Operated, job: str, execution_arn: str, **more: Any) -> Iterator[LogLine]:
    return read_lines(operated.aws, NamedRun(job=operated.job(job), execution_arn=execution_arn), **more)


def test_all_attempts_in_their_order(operated: Operated) -> None:
    execution_arn = operated.run("obeys", {"input": {"lines": 2, "exit": 3}})
    found = list(lines(operated, "obeys", execution_arn))
    assert [(line.attempt, line.message) for line in found] == [(1, "1 0"), (1, "1 1"), (2, "2 0"), (2, "2 1")]
    assert {line.run for line in found} == {execution_arn.rpartition(":")[2]}

    only = list(lines(operated, "obeys", execution_arn, attempt=2))
    assert only == found[2:]
    assert list(lines(operated, "obeys", execution_arn, since=found[2].time)) == found[2:]
    with pytest.raises(NotFoundError, match="has no attempt 3: it has 2"):
        list(lines(operated, "obeys", execution_arn, attempt=3))


def test_lines_come_while_the_run_goes_on_and_each_once(operated: Operated) -> None:
    execution_arn = operated.start("obeys", {"input": {"lines": 2, "seconds": 100_000}})
    looks = 0

    def wait() -> None:
        nonlocal looks
        looks += 1

    following = lines(operated, "obeys", execution_arn, follow=True, wait=wait)
    assert [next(following).message for _ in range(2)] == ["1 0", "1 1"]
    assert operated.states.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
    operated.stop(execution_arn)
    # It ends with the run.
    assert list(following) == []
    assert looks > 0


def test_a_second_attempt_is_followed_too(operated: Operated) -> None:
    execution_arn = operated.start("obeys", {"input": {"lines": 1, "exit": 3}})
    looks = 0

    def wait() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            operated.to_end(execution_arn)

    following = lines(operated, "obeys", execution_arn, follow=True, wait=wait)
    assert [line.message for line in following] == ["1 0", "2 0"]
    # Once more when it has ended, for what comes late.
    assert looks == 4


def test_a_run_without_a_task_has_no_lines(operated: Operated) -> None:
    assert list(lines(operated, "absent", operated.run("absent"))) == []
    assert list(lines(operated, "obeys", operated.run("obeys", {"input": "x" * 9000}))) == []


def test_more_than_a_page(operated: Operated) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html: 10,000 at a time.
    execution_arn = operated.run("obeys", {"input": {"lines": 10_001}})
    found = [line.message for line in lines(operated, "obeys", execution_arn)]
    assert found == [f"1 {number}" for number in range(10_001)]


def test_runs_that_went_on_at_a_time(operated: Operated) -> None:
    operated.run("obeys")
    second = operated.run("obeys", {"input": {"exit": 3}})
    third = operated.run("obeys")
    stopped = operated.states.describe_execution(executionArn=second)["stopDate"]
    found = runs_since(operated.aws, operated.job("obeys"), stopped)
    assert [run.execution_arn for run in found] == [second, third]
