"""Time limits of tasks and machines, and StopExecution.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html, TimeoutSeconds and HeartbeatSeconds
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html, TimeoutSeconds
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.step_functions.conftest import Machines, Run

WAIT_A_DAY = {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}


def nesting(machines: Machines, **fields: Any) -> dict[str, Any]:
    """States of which the first waits for an execution that takes a day."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync",
        "Arguments": {"StateMachineArn": machines.create(WAIT_A_DAY)},
        "Next": "Done",
    }
    return {"Task": {**task, **fields}, "Done": {"Type": "Pass", "End": True}}


def children(machines: Machines, states: dict[str, Any]) -> list[Run]:
    """The executions that `nesting` started, the last first."""
    arn = states["Task"]["Arguments"]["StateMachineArn"]
    found = machines.aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return [Run(machines.aws, each["executionArn"]) for each in found]


def test_a_task_s_time_is_up(machines: Machines) -> None:
    states = nesting(machines, TimeoutSeconds=600)
    run = machines.run(states)
    assert (run.status, run.failure) == ("FAILED", ("States.Timeout", None))
    assert run.types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    (timed_out,), (scheduled,) = run.details("TaskTimedOut"), run.details("TaskScheduled")
    assert timed_out == {"resourceType": "states", "resource": "startExecution.sync", "error": "States.Timeout"}
    assert scheduled["timeoutInSeconds"] == 600
    (began,), (ended,) = run.times("TaskScheduled"), run.times("TaskTimedOut")
    assert 600 <= ended - began < 660
    (child,) = children(machines, states)
    assert child.status == "ABORTED"
    assert child.failure[1] == (
        f"The Task state in AWS Step Functions execution [{run.arn}] which was managing this resource was aborted"
    )


@pytest.mark.parametrize("limit", [{}, {"TimeoutSeconds": 99_999_999}])
def test_no_execution_lasts_longer_than_a_year(machines: Machines, limit: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html, maximum execution time"""
    for_ever = {"Wait": {"Type": "Wait", "Timestamp": "9999-12-31T00:00:00Z", "End": True}}
    run = machines.run(machines.create(for_ever, **limit))
    assert run.status == "TIMED_OUT"
    assert run.details("ExecutionTimedOut") == [{"error": "States.Timeout"}]
    (began,), (ended,) = run.times("ExecutionStarted"), run.times("ExecutionTimedOut")
    assert 365 * 86_400 <= ended - began < 365 * 86_400 + 60


def test_a_time_limit_may_be_an_expression(machines: Machines) -> None:
    states = nesting(machines, TimeoutSeconds="{% $states.input.limit %}")
    run = machines.run(states, {"limit": 60})
    assert run.failure[0] == "States.Timeout"
    assert run.details("TaskScheduled")[0]["timeoutInSeconds"] == 60


def test_the_limit_holds_for_each_attempt(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 100, "MaxAttempts": 1}
    states = nesting(machines, TimeoutSeconds=50, Retry=[retrier])
    run = machines.run(states)
    assert run.failure[0] == "States.Timeout"
    first, second = run.times("TaskScheduled")
    assert 150 <= second - first < 200
    assert [child.status for child in children(machines, states)] == ["ABORTED", "ABORTED"]


@pytest.mark.parametrize("name", ["States.Timeout", "States.ALL"])
def test_a_timeout_is_caught_by_its_name(machines: Machines, name: str) -> None:
    run = machines.run(nesting(machines, TimeoutSeconds=5, Catch=[{"ErrorEquals": [name], "Next": "Done"}]))
    assert run.output == {"Error": "States.Timeout", "Cause": ""}


def test_a_timeout_is_no_task_failure(machines: Machines) -> None:
    catcher = {"ErrorEquals": ["States.TaskFailed"], "Next": "Done"}
    run = machines.run(nesting(machines, TimeoutSeconds=5, Catch=[catcher]))
    assert (run.status, run.failure[0]) == ("FAILED", "States.Timeout")


def test_a_heartbeat_that_does_not_come_is_a_timeout(machines: Machines) -> None:
    catcher = {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Done"}
    run = machines.run(nesting(machines, TimeoutSeconds=600, HeartbeatSeconds=60, Catch=[catcher]))
    assert run.output["Error"] == "States.Timeout"
    assert run.details("TaskScheduled")[0]["heartbeatInSeconds"] == 60
    (began,), (ended,) = run.times("TaskScheduled"), run.times("TaskTimedOut")
    assert 60 <= ended - began < 90


def test_heartbeats_put_the_timeout_off(machines: Machines) -> None:
    states = nesting(machines, HeartbeatSeconds=3600)
    states["Task"]["Arguments"]["Input"] = {"token": "{% $states.context.Task.Token %}"}
    run = machines.start(states)
    clock, sfn = machines.aws.clock, machines.aws.client("stepfunctions")
    assert clock.wait_idle(30)
    (child,) = children(machines, states)
    token = json.loads(child.description["input"])["token"]
    for _ in range(3):
        clock.advance_to(clock.now() + 3000)
        sfn.send_task_heartbeat(taskToken=token)
        assert clock.wait_idle(30)
    assert run.now().status == "RUNNING"
    run = machines.play(run)
    (began,), (ended,) = run.times("TaskScheduled"), run.times("TaskTimedOut")
    assert 9000 + 3600 <= ended - began < 9000 + 3700


def test_a_machine_s_time_is_up(machines: Machines) -> None:
    run = machines.run(machines.create(WAIT_A_DAY, TimeoutSeconds=7200))
    assert (run.status, run.failure) == ("TIMED_OUT", (None, None))
    assert run.types == ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]
    assert run.details("ExecutionTimedOut") == [{"error": "States.Timeout"}]
    began, ended = run.description["startDate"], run.description["stopDate"]
    assert 7200 <= (ended - began).total_seconds() < 7260


def test_a_machine_s_end_ends_what_it_waits_for(machines: Machines) -> None:
    states = nesting(machines)
    run = machines.run(machines.create(states, TimeoutSeconds=60))
    assert run.status == "TIMED_OUT"
    assert machines.aws.clock.wait_idle(30)
    assert [child.status for child in children(machines, states)] == ["ABORTED"]


def test_no_catcher_holds_a_machine_beyond_its_time(machines: Machines) -> None:
    states = nesting(machines, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}])
    assert machines.run(machines.create(states, TimeoutSeconds=60)).status == "TIMED_OUT"


def test_stopping_ends_a_wait_at_once(machines: Machines) -> None:
    run = machines.start(WAIT_A_DAY)
    sfn = machines.aws.client("stepfunctions")
    stopped = sfn.stop_execution(executionArn=run.arn, error="Enough", cause="by hand")
    assert (run.status, run.failure) == ("ABORTED", ("Enough", "by hand"))
    assert run.description["stopDate"] == stopped["stopDate"]
    assert run.types[-1] == "ExecutionAborted"
    assert run.details("ExecutionAborted") == [{"error": "Enough", "cause": "by hand"}]


def test_stopping_what_has_ended_changes_nothing(machines: Machines) -> None:
    run = machines.run({"Done": {"Type": "Succeed"}})
    before = run.description
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn, error="Late")
    assert {**run.now().description, "ResponseMetadata": 0} == {**before, "ResponseMetadata": 0}
