"""Retry. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from sandbox.step_functions.error_handling import Retries
from sandbox.step_functions.errors import StateError
from tests.sandbox.step_functions.conftest import Machines

NO_TABLE = "DynamoDb.ResourceNotFoundException"


def failing(**fields: Any) -> dict[str, Any]:
    """A state whose task fails with DynamoDb.ResourceNotFoundException."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable",
        "Arguments": {"TableName": "no-such-table"},
        "End": True,
        **fields,
    }


def delays(retrier: dict[str, Any], *, seed: int = 0) -> list[float]:
    """The seconds before each retry of an error that comes every time."""
    retries = Retries([{"ErrorEquals": ["States.ALL"], **retrier}], random.Random(seed))
    found = []
    while (delay := retries.delay_seconds(StateError("Any"))) is not None:
        found.append(delay)
    return found


def test_the_page_s_example_of_intervals() -> None:
    """ "retried after 3 seconds ... after 6"; "IntervalSeconds 3, MaxAttempts 2, BackoffRate 2"."""
    assert delays({"IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 2.0}) == [3, 6]


def test_the_page_s_example_of_a_longest_delay() -> None:
    """ "IntervalSeconds 3, BackoffRate 2, MaxDelaySeconds 5, MaxAttempts 3": 3, then 5 and 5 instead of 6 and 12."""
    assert delays({"IntervalSeconds": 3, "MaxAttempts": 3, "BackoffRate": 2, "MaxDelaySeconds": 5}) == [3, 5, 5]


def test_the_defaults_are_one_second_doubled_three_times() -> None:
    assert delays({}) == [1, 2, 4]


def test_no_attempts_is_no_retry() -> None:
    assert delays({"MaxAttempts": 0}) == []


def test_full_jitter_draws_from_nothing_to_the_delay() -> None:
    """ "a random delay between 0 and the interval"; of 400 draws the lowest and the highest tenth get some."""
    retrier = {"IntervalSeconds": 10, "BackoffRate": 3.0, "MaxAttempts": 2, "JitterStrategy": "FULL"}
    drawn = [delays(retrier, seed=seed) for seed in range(400)]
    for position, longest in ((0, 10), (1, 30)):
        of_position = [each[position] for each in drawn]
        assert 0 <= min(of_position) < longest * 0.1
        assert longest * 0.9 < max(of_position) <= longest


def test_each_retrier_counts_its_own_attempts() -> None:
    retries = Retries(
        [
            {"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 5},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 7, "BackoffRate": 1.0},
        ],
        random.Random(0),
    )
    assert retries.delay_seconds(StateError("A")) == 5
    assert retries.delay_seconds(StateError("B")) == 7
    # The first entry that matches decides: an A that is used up does not fall to the next.
    assert retries.delay_seconds(StateError("A")) is None
    assert retries.delay_seconds(StateError("B")) == 7
    assert retries.delay_seconds(StateError("B")) is None
    assert retries.count == 3


def test_retries_wait_on_the_virtual_clock(machines: Machines) -> None:
    retrier = {"ErrorEquals": [NO_TABLE], "IntervalSeconds": 3600, "MaxAttempts": 3, "BackoffRate": 2}
    run = machines.run({"Task": failing(Retry=[retrier])})
    assert run.status == "FAILED"
    assert run.failure[0] == NO_TABLE
    attempts = run.times("TaskScheduled")
    hours = [round((later - earlier) / 3600, 1) for earlier, later in pairwise(attempts)]
    assert hours == [1.0, 2.0, 4.0]
    # A retry leaves no event of its own, and the state is entered once.
    one_attempt = ["TaskScheduled", "TaskStarted", "TaskFailed"]
    assert run.types == ["ExecutionStarted", "TaskStateEntered", *one_attempt * 4, "ExecutionFailed"]


def test_a_retry_sees_its_number(machines: Machines) -> None:
    """State.RetryCount of the context object."""
    states = {
        "Task": failing(
            Arguments={"TableName": "{% 'table-' & $states.context.State.RetryCount %}"},
            Retry=[{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2}],
        )
    }
    scheduled = machines.run(states).details("TaskScheduled")
    assert [each["parameters"] for each in scheduled] == [f'{{"TableName":"table-{number}"}}' for number in range(3)]


def test_an_output_that_fails_is_retried_with_its_task(machines: Machines) -> None:
    """ "States.QueryEvaluationError" can be retried and caught."""
    states = {
        "Task": failing(
            Resource="arn:aws:states:::aws-sdk:sts:getCallerIdentity",
            Arguments={},
            Output="{% $states.context.State.RetryCount = 0 ? $nobody : $states.context.State.RetryCount %}",
            Retry=[{"ErrorEquals": ["States.QueryEvaluationError"]}],
        )
    }
    run = machines.run(states)
    assert run.output == 1
    assert len(run.details("EvaluationFailed")) == 1


@pytest.mark.parametrize("error", ["States.Runtime", "States.DataLimitExceeded"])
def test_what_all_does_not_retry(error: str) -> None:
    """ "States.ALL ... can't catch the States.DataLimitExceeded terminal error or Runtime error types"."""
    retries = Retries([{"ErrorEquals": ["States.ALL"]}], random.Random(0))
    assert retries.delay_seconds(StateError(error)) is None
