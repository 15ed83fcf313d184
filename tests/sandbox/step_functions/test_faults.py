"""What an execution sees of the faults that its tasks meet."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from sandbox.faults import Fault, Faults, InterruptSpot, LoseHost, RefuseCapacity, SpoilCause, Throttle
from tests.sandbox.conftest import TaskPlace
from tests.sandbox.step_functions.conftest import Machines, Run

# https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity
NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


def running(place: TaskPlace, *command: str, provider: str = "FARGATE", **fields: Any) -> dict[str, Any]:
    arguments = {
        "Cluster": place.cluster,
        "CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}],
        "TaskDefinition": place.register("sh", "-c", *command),
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [place.subnet_id]}},
    }
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": arguments, "End": True}
    return {"Run": {**task, **fields}}


def failure(run: Run) -> tuple[str | None, str]:
    error, cause = run.failure
    assert run.types[-2:] == ["TaskFailed", "ExecutionFailed"]
    return error, str(cause)


def test_a_failure_in_the_answer_is_an_unknown_error_with_the_answer_for_its_cause(
    place: TaskPlace, machines: Machines, faults: Faults
) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html"""
    faults.add(RefuseCapacity(of=place.cluster))
    error, cause = failure(machines.run(running(place, "true")))
    assert error == "AmazonECS.Unknown"
    assert json.loads(cause) == {"Failures": [{"Reason": NO_CAPACITY}], "Tasks": []}


def test_capacity_as_an_error_is_one_that_ecs_has_no_name_for(
    place: TaskPlace, machines: Machines, faults: Faults
) -> None:
    faults.add(RefuseCapacity(of=place.cluster, as_error=True))
    error, cause = failure(machines.run(running(place, "true")))
    assert error == "ECS.AmazonECSException"
    assert cause.startswith(f"{NO_CAPACITY} (Service: AmazonECS; Status Code: 400; Error Code: ")


@pytest.mark.parametrize(
    ("by_ec2", "error", "beginning"),
    [
        # https://github.com/AllenInstitute/neuron_morphology/issues/151
        (False, "ECS.AmazonECSException", "Rate exceeded (Service: AmazonECS; Status Code: 400; Error Code: Thrott"),
        (True, "ECS.InvalidParameterException", "Error retrieving subnet information for [subnet-"),
    ],
)
def test_throttling_is_an_error(
    place: TaskPlace, machines: Machines, faults: Faults, by_ec2: bool, error: str, beginning: str
) -> None:
    states, clock = running(place, "true"), place.aws.clock
    faults.add(Throttle(of=place.cluster, a_second=1, by_ec2=by_ec2))
    assert clock.wait_idle(30)
    clock.speed = 1e-6
    try:
        clock.advance_to(math.floor(clock.now()) + 1)
        assert machines.run(states).status == "SUCCEEDED"
        throttled = failure(machines.run(states))
    finally:
        clock.speed = 1
    assert throttled[0] == error
    assert throttled[1].startswith(beginning)
    assert "Rate exceeded" in throttled[1]


def test_a_retry_finds_room_on_the_moved_clock(place: TaskPlace, machines: Machines, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=place.cluster, first=3))
    retry = [{"ErrorEquals": ["AmazonECS.Unknown"], "IntervalSeconds": 600, "MaxAttempts": 3, "BackoffRate": 1}]
    run = machines.run(running(place, "true", Retry=retry))
    assert run.status == "SUCCEEDED"
    assert run.types.count("TaskFailed") == fault.struck == 3
    (first, *_, last) = run.times("TaskScheduled")
    assert last - first >= 1800


def test_a_lost_host_is_a_failed_task_without_an_exit_code(
    place: TaskPlace, machines: Machines, faults: Faults
) -> None:
    faults.add(LoseHost(of=place.cluster))
    error, cause = failure(machines.run(running(place, "sleep 1000")))
    task = json.loads(cause)
    assert (error, task["StopCode"]) == ("States.TaskFailed", "InfrastructureHealth")
    assert "ExitCode" not in task["Containers"][0]
    assert task["StartedAt"] <= task["StoppedAt"]


@pytest.mark.parametrize("code", [0, 143])
def test_an_interruption_looks_like_success_when_the_container_exits_with_0(
    place: TaskPlace, machines: Machines, faults: Faults, code: int
) -> None:
    """That AWS looks at exit codes alone here is unverified; the sandbox takes what is worse for a machine."""
    faults.add(InterruptSpot(of=place.cluster, once_said="ready"))
    command = f"trap 'exit {code}' TERM; echo ready; while :; do sleep 0.01; done"
    run = machines.run(running(place, command, provider="FARGATE_SPOT"))
    task = run.output if code == 0 else json.loads(failure(run)[1])
    assert task["StopCode"] == "SpotInterruption"
    assert task["Containers"][0]["ExitCode"] == code


@pytest.mark.parametrize("into", ["text", "no-containers", "no-exit-code"])
def test_a_cause_is_not_always_the_task(place: TaskPlace, machines: Machines, faults: Faults, into: Any) -> None:
    fault = faults.add(SpoilCause(of=place.cluster, into=into, first=1))
    states = running(place, "exit 3")
    error, cause = failure(machines.run(states))
    assert error == "States.TaskFailed"
    whole = json.loads(failure(machines.run(states))[1])
    assert whole["Containers"][0]["ExitCode"] == 3
    if into == "text":
        assert cause == "Essential container in task exited"
    else:
        spoilt = json.loads(cause)
        assert spoilt["StopCode"] == "EssentialContainerExited"
        expected = {"no-containers": None, "no-exit-code": [{"Name": "job"}]}[into]
        containers = spoilt.get("Containers")
        assert (containers and [{"Name": each["Name"]} for each in containers]) == expected
        assert "ExitCode" not in cause
    assert (fault.met, fault.struck) == (2, 1)


def test_a_run_that_succeeds_has_no_cause_to_spoil(place: TaskPlace, machines: Machines, faults: Faults) -> None:
    fault: Fault = faults.add(SpoilCause(of=place.cluster))
    assert machines.run(running(place, "true")).status == "SUCCEEDED"
    assert fault.met == 0
