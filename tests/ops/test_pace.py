"""Calls that wait, by a clock of the test's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.aws import Aws
from ops.pace import TokenBucket, list_executions_bucket
from tests.ops.operated import Operated


class Hand:
    """A clock that only sleeping, and the test, moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Still(Hand):
    """One that sleeping does not move, as if all slept at the same time."""

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)


@given(
    size=st.integers(1, 10),
    refill=st.sampled_from((0.5, 2.0, 5.0)),
    pauses=st.lists(st.sampled_from((0.0, 0.0, 0.1, 0.7, 30.0)), min_size=1, max_size=60),
)
def test_no_span_of_time_has_more_calls_than_the_bucket_allows(size: int, refill: float, pauses: list[float]) -> None:
    clock = Hand()
    bucket, at = TokenBucket(size, refill, clock), []
    for pause in pauses:
        clock.now += pause
        bucket.take()
        at.append(clock.now)
    for first, start in enumerate(at):
        for last, end in enumerate(at[first:], first):
            assert last - first + 1 <= size + (end - start) * refill + 1e-6


def test_who_does_not_hurry_never_waits() -> None:
    clock = Hand()
    bucket = TokenBucket(3, 2, clock)
    for _ in range(20):
        bucket.take()
        clock.now += 0.5
    assert clock.slept == []


def test_no_two_threads_take_one_token() -> None:
    clock = Still()
    bucket = TokenBucket(100, 2, clock)
    with ThreadPoolExecutor(10) as pool:
        for _ in range(300):
            pool.submit(bucket.take)
    assert sorted(clock.slept) == [number / 2 for number in range(1, 201)]


@pytest.mark.parametrize(
    ("region", "size", "refill_per_second"),
    # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    [("us-east-1", 200, 5), ("us-west-2", 200, 5), ("eu-west-1", 200, 5), ("eu-central-1", 100, 2)],
)
def test_the_quota_is_that_of_the_region(region: str, size: int, refill_per_second: float) -> None:
    bucket = list_executions_bucket(region, Hand())
    assert (bucket.size, bucket.refill_per_second) == (size, refill_per_second)


def test_lists_of_executions_wait_and_nothing_else(operated: Operated) -> None:
    clock = Still()
    states = Aws(clock=clock)("stepfunctions")
    machine = operated.job("idle").state_machine_arn
    for _ in range(200):
        states.list_executions(stateMachineArn=machine)
    assert clock.slept == []
    states.describe_state_machine(stateMachineArn=machine)
    states.list_executions(stateMachineArn=machine)
    assert clock.slept == [pytest.approx(0.2)]
