"""How a task ended is told as a state machine tells it, by the same facts: its own expression is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.outcome import AFTER_ERROR, AFTER_RESULT, Outcome
from ops.task_changes import change_of
from ops.task_outcome import exit_code, outcome_of, reason_of, sentence
from tests.definitions.walker import evaluate

ARN = "arn:aws:ecs:eu-west-1:123456789012:task/acme/0123456789abcdef0123456789abcdef"
REASONS = (
    None,
    "Essential container in task exited",
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): x: not found",
    "CannotPullContainerError: dial tcp 192.0.2.1:443: i/o timeout",
    "ResourceInitializationError: unable to pull secrets or registry auth",
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    "Timeout waiting for network interface provisioning to complete.",
    "You've reached the limit on the number of vCPUs you can run concurrently",
    "Rate exceeded",
)
CODES = ("EssentialContainerExited", "TaskFailedToStart", "UserInitiated", "SpotInterruption", "TerminationNotice",
         "InfrastructureHealth", "ServiceSchedulerInitiated", None)  # fmt: skip


def stopped(code: int | None, stop_code: str | None, reason: str | None, of_container: str | None, *, ran: bool) -> Any:
    container = {"Name": "job", "ExitCode": code, "Reason": of_container}
    task = {
        "TaskArn": ARN,
        "LastStatus": "STOPPED",
        "StopCode": stop_code,
        "StoppedReason": reason,
        "StartedAt": "2026-11-24T03:15:00Z" if ran else None,
        "Containers": [{key: value for key, value in container.items() if value is not None}],
    }
    return {key: value for key, value in task.items() if value is not None}


@settings(max_examples=150)
@given(
    code=st.sampled_from((None, 0, 1, 64, 137, 143)),
    stop_code=st.sampled_from(CODES),
    reason=st.sampled_from(REASONS),
    of_container=st.sampled_from((None, "OutOfMemoryError: Container killed due to memory usage", "odd\n line")),
    ran=st.booleans(),
)
def test_it_is_what_a_state_machine_makes_of_it(
    code: int | None, stop_code: str | None, reason: str | None, of_container: str | None, *, ran: bool
) -> None:
    task = stopped(code, stop_code, reason, of_container, ran=ran)
    if code == 0:
        # Step Functions takes it for a success.
        expected = evaluate(AFTER_RESULT, {"result": task}, {})
    else:
        failure = {"Error": "States.TaskFailed", "Cause": json.dumps(task)}
        expected = evaluate(AFTER_ERROR, {"errorOutput": failure}, {})
    assert outcome_of(task) == expected["outcome"]
    assert (exit_code(task), reason_of(task)) == (expected.get("exitCode"), expected.get("reason"))
    assert (sentence("it", task) is None) == (expected["outcome"] == Outcome.SUCCEEDED)


def test_a_task_that_has_not_stopped_goes_on() -> None:
    assert outcome_of({"LastStatus": "DEPROVISIONING", "Containers": [{"Name": "job", "ExitCode": 0}]}) == "RUNNING"


@pytest.mark.parametrize("odd", [None, 7, [], {}, "odd", [7], [{"name": 7}], [{"name": "job", "exitCode": "odd"}]])
@pytest.mark.parametrize("key", ["containers", "overrides", "stopCode", "stoppedReason", "startedBy", "startedAt"])
def test_what_may_be_missing_or_odd_spoils_nothing(key: str, odd: Any) -> None:
    detail = {
        "taskArn": ARN,
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-dev-a:1",
        "lastStatus": "STOPPED",
        "createdAt": "2026-11-24T03:15:00Z",
        key: odd,
    }
    change = change_of(detail, "arn")
    assert (change["executionArn"], change["status"]) == (ARN, "FAILED")
    assert json.loads(change["cause"].partition("\n")[2])["taskArn"] == ARN
