"""Redrives and time: waits, time limits and the year that an execution may last.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.step_functions import redrive
from tests.sandbox.step_functions.conftest import Machines
from tests.sandbox.step_functions.test_timeouts import children, nesting

DONE = {"Done": {"Type": "Pass", "End": True}}


def test_a_wait_for_seconds_begins_anew(machines: Machines) -> None:
    """AWS tells of Timestamp only; a task's TimeoutSeconds begins anew."""
    run = machines.start({"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"}, **DONE})
    clock, sfn = machines.aws.clock, machines.aws.client("stepfunctions")
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + 3000)
    sfn.stop_execution(executionArn=run.arn)
    assert clock.wait_idle(30)
    again = machines.redrive(run)
    (redriven,), (left,) = again.times("ExecutionRedriven"), again.times("WaitStateExited")
    assert 3600 <= left - redriven < 3660
    assert again.links[2:5] == [(3, 0, "ExecutionAborted"), (4, 3, "ExecutionRedriven"), (5, 2, "WaitStateExited")]


def test_a_wait_until_a_time_that_has_passed_is_left(machines: Machines) -> None:
    """ "Timestamp ... in the past, redrive causes the Wait state to be exited and enters the state ... in Next"."""
    clock, sfn = machines.aws.clock, machines.aws.client("stepfunctions")
    until = "{% $fromMillis($toMillis($states.context.State.EnteredTime) + 3600000) %}"
    run = machines.start({"Wait": {"Type": "Wait", "Timestamp": until, "Next": "Done"}, **DONE})
    assert clock.wait_idle(30)
    sfn.stop_execution(executionArn=run.arn)
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + 4000)
    again = machines.redrive(run)
    (redriven,), (left,) = again.times("ExecutionRedriven"), again.times("WaitStateExited")
    assert again.status == "SUCCEEDED"
    assert left - redriven < 60


def test_a_machine_s_time_begins_anew(machines: Machines) -> None:
    """ "When you redrive an execution, the state machine level timeout, if defined, is reset to 0."""
    arn = machines.create({"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}, TimeoutSeconds=7200)
    run = machines.run(arn)
    assert run.status == "TIMED_OUT"
    assert machines.aws.clock.advance_to(machines.aws.clock.now() + 86_400)
    again = machines.redrive(run)
    assert again.status == "TIMED_OUT"
    (redriven,), (_, ended) = again.times("ExecutionRedriven"), again.times("ExecutionTimedOut")
    assert 7200 <= ended - redriven < 7260
    assert [previous for _, previous, _ in again.links[2:]] == [0, 3, 0]


def test_an_execution_may_last_for_a_year() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, maximum execution time"""
    assert redrive.MAX_OPEN_SECONDS == 365 * 86_400


def test_no_redrive_lets_an_execution_last_longer(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "The workflow execution hasn't exceeded the maximum open time of one year", here of a day."""
    monkeypatch.setattr(redrive, "MAX_OPEN_SECONDS", 86_400)
    for_ever = {"Wait": {"Type": "Wait", "Timestamp": "9999-12-31T00:00:00Z", "End": True}}
    clock, sfn, run = machines.aws.clock, machines.aws.client("stepfunctions"), machines.start(for_ever)
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + 20 * 3600)
    sfn.stop_execution(executionArn=run.arn)
    again = machines.redrive(run)
    assert again.status == "TIMED_OUT"
    assert 86_400 <= again.times("ExecutionTimedOut")[0] - again.times("ExecutionStarted")[0] < 86_400 + 60
    reason = "Execution has exceeded the max execution time"
    assert again.description["redriveStatusReason"] == reason
    with pytest.raises(ClientError, match=f"ExecutionNotRedrivable.*{reason}"):
        sfn.redrive_execution(executionArn=run.arn)


def test_a_task_s_time_begins_anew_and_a_nested_execution_is_another(machines: Machines) -> None:
    """ "TimeoutSeconds for the state, if defined, is reset to 0"; the Task starts its execution again."""
    states = nesting(machines, TimeoutSeconds=600)
    run = machines.run(states)
    assert run.failure[0] == "States.Timeout"
    again = machines.redrive(run)
    assert again.failure[0] == "States.Timeout"
    (_, scheduled), (_, ended) = again.times("TaskScheduled"), again.times("TaskTimedOut")
    assert 600 <= ended - scheduled < 660
    assert [child.description["redriveCount"] for child in children(machines, states)] == [0, 0]
