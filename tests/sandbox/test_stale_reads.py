"""DescribeExecution and ListTasks tell roles what was some time ago, where a test asks for it.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import PATIENCE_SECONDS, TaskPlace, policy
from tests.sandbox.step_functions.conftest import Machines
from tests.sandbox.step_functions.conftest import machines as machines

LAG_SECONDS = 30
FAIL = {"Wait": {"Type": "Wait", "Seconds": 100, "Next": "Fail"}, "Fail": {"Type": "Fail", "Error": "Broken"}}


@pytest.fixture
def stale(local_aws: LocalAws) -> Iterator[LocalAws]:
    local_aws.stale_reads.seconds = LAG_SECONDS
    yield local_aws
    local_aws.stale_reads.seconds = 0


@pytest.fixture
def of_a_role(local_aws: LocalAws, role: Callable[..., str]) -> Callable[[str], Any]:
    """A client of a service whose role may do everything."""
    arn = role("states.amazonaws.com", policy(("*", "*")))
    return lambda service: local_aws.identity.client(service, arn)


def jump(aws: LocalAws, seconds: float) -> None:
    assert aws.clock.wait_idle(PATIENCE_SECONDS)
    assert aws.clock.advance_to(aws.clock.now() + seconds)
    assert aws.clock.wait_idle(PATIENCE_SECONDS)


def test_executions_are_told_of_as_they_were(
    stale: LocalAws, machines: Machines, of_a_role: Callable[[str], Any]
) -> None:
    client = of_a_role("stepfunctions")
    run = machines.start(FAIL)

    def told() -> dict[str, Any]:
        return client.describe_execution(executionArn=run.arn)

    with pytest.raises(ClientError, match=r"\(ExecutionDoesNotExist\)"):
        told()
    # Whoever plays sees what is.
    assert run.now().status == "RUNNING"
    jump(stale, LAG_SECONDS + 1)
    assert told()["status"] == "RUNNING"
    jump(stale, 100)
    assert run.now().status == "FAILED"
    before = told()
    assert before["status"] == "RUNNING"
    assert not {"stopDate", "error", "cause"} & set(before)
    jump(stale, LAG_SECONDS + 1)
    ended = told()
    assert (ended["status"], ended["error"], ended["redriveCount"]) == ("FAILED", "Broken", 0)
    assert ended["stopDate"] == run.now().description["stopDate"]


def test_a_redrive_is_told_of_later_too(stale: LocalAws, machines: Machines, of_a_role: Callable[[str], Any]) -> None:
    client, admin = of_a_role("stepfunctions"), stale.client("stepfunctions")
    run = machines.run(FAIL)
    jump(stale, LAG_SECONDS + 1)
    first = client.describe_execution(executionArn=run.arn)
    admin.redrive_execution(executionArn=run.arn)
    machines.play(run)
    now = admin.describe_execution(executionArn=run.arn)
    assert now["redriveCount"] == 1
    told = client.describe_execution(executionArn=run.arn)
    told.pop("ResponseMetadata")
    first.pop("ResponseMetadata")
    assert told == first
    jump(stale, LAG_SECONDS + 1)
    told = client.describe_execution(executionArn=run.arn)
    assert {name: told[name] for name in ("redriveCount", "redriveDate", "stopDate")} == {
        name: now[name] for name in ("redriveCount", "redriveDate", "stopDate")
    }


def test_a_state_machine_is_told_of_the_past(stale: LocalAws, machines: Machines) -> None:
    describe = {"ExecutionArn": "{% $states.context.Execution.Id %}"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution", "Arguments": describe}
    assert stale.stale_reads.seconds == LAG_SECONDS
    assert machines.run({"Task": {**task, "End": True}}).failure[0] == "Sfn.ExecutionDoesNotExistException"
    wait = {"Type": "Wait", "Seconds": LAG_SECONDS + 1, "Next": "Task"}
    assert machines.run({"Wait": wait, "Task": {**task, "End": True}}).output["Status"] == "RUNNING"


def test_who_waits_for_an_execution_is_told_of_its_end(stale: LocalAws, machines: Machines) -> None:
    child = machines.create({"Child": {"Type": "Pass", "Output": {"n": 1}, "End": True}})
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    assert stale.stale_reads.seconds == LAG_SECONDS
    output = machines.run({"Task": {**task, "Arguments": {"StateMachineArn": child}}}).output
    assert (output["Status"], output["Output"]) == ("SUCCEEDED", {"n": 1})


def test_tasks_are_listed_as_they_were(stale: LocalAws, place: TaskPlace, of_a_role: Callable[[str], Any]) -> None:
    client = of_a_role("ecs")

    def told(status: str) -> list[str]:
        return client.list_tasks(cluster=place.cluster, desiredStatus=status)["taskArns"]

    task_arn = place.run(place.register("true"))
    place.finish(task_arn)
    assert (told("RUNNING"), told("STOPPED")) == ([], [])
    assert stale.client("ecs").list_tasks(cluster=place.cluster, desiredStatus="STOPPED")["taskArns"] == [task_arn]
    # Descriptions are of what is.
    (task,) = client.describe_tasks(cluster=place.cluster, tasks=[task_arn])["tasks"]
    assert task["lastStatus"] == "STOPPED"
    jump(stale, LAG_SECONDS + 1)
    assert (told("RUNNING"), told("STOPPED")) == ([], [task_arn])


def test_a_task_is_first_missing_then_to_run_then_to_stop(
    local_aws: LocalAws, place: TaskPlace, of_a_role: Callable[[str], Any]
) -> None:
    """A lag moves with the clock: a test that knows when things happened can look at each moment between them."""
    client = of_a_role("ecs")
    task = place.finish(place.run(place.register("sleep", "2")))
    created, stopping = task["createdAt"].timestamp(), task["stoppingAt"].timestamp()

    def told(moment: float) -> tuple[int, int]:
        # In the past by less than the clock moves between two calls.
        local_aws.stale_reads.seconds = local_aws.clock.now() - moment
        lists = [client.list_tasks(cluster=place.cluster, desiredStatus=status) for status in ("RUNNING", "STOPPED")]
        return len(lists[0]["taskArns"]), len(lists[1]["taskArns"])

    try:
        assert told(created - 60) == (0, 0)
        assert told(created) == (1, 0)
        assert told(stopping + 0.001) == (0, 1)
    finally:
        local_aws.stale_reads.seconds = 0


def test_nothing_is_stale_unless_a_test_asks_for_it(
    local_aws: LocalAws, machines: Machines, of_a_role: Callable[[str], Any]
) -> None:
    assert local_aws.stale_reads.seconds == 0
    run = machines.start({"Only": {"Type": "Pass", "End": True}})
    assert of_a_role("stepfunctions").describe_execution(executionArn=run.arn)["executionArn"] == run.arn
    machines.play(run)
    assert of_a_role("stepfunctions").describe_execution(executionArn=run.arn)["status"] == "SUCCEEDED"
