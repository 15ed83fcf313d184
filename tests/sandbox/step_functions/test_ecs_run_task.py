"""ecs:runTask.sync. https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.ecs import RunTask
from tests.sandbox.conftest import TaskPlace, policy
from tests.sandbox.step_functions.conftest import Machines, Run

ABORTED = "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted"


def running(place: TaskPlace, *command: str, pattern: str = ".sync", **fields: Any) -> dict[str, Any]:
    """States of which the first runs a task."""
    arguments = {
        "Cluster": place.cluster,
        "LaunchType": "FARGATE",
        "TaskDefinition": place.register(*command),
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": [place.subnet_id]}},
    }
    task = {"Type": "Task", "Resource": f"arn:aws:states:::ecs:runTask{pattern}", "Arguments": arguments}
    return {"Run": {**task, "End": True, **fields}}


def started_task(machines: Machines, run: Run) -> str:
    """The ARN of the task that an execution runs, once it runs."""
    while not (submitted := [each for each in run.now().details("TaskSubmitted") if each["resourceType"] == "ecs"]):
        assert run.now().status == "RUNNING"
        machines.aws.clock.wait_idle(0.05)
    return json.loads(submitted[0]["output"])["Tasks"][0]["TaskArn"]


def test_the_result_is_the_stopped_task(place: TaskPlace, machines: Machines) -> None:
    run = machines.run(running(place, "sh", "-c", "echo $DAY"))
    task = run.output
    described = place.describe(task["TaskArn"])
    assert task["LastStatus"] == "STOPPED"
    assert task["Containers"][0]["ExitCode"] == 0
    assert task["StartedBy"] == described["startedBy"] == "AWS Step Functions"
    assert abs(task["StoppedAt"] - described["stoppedAt"].timestamp() * 1000) < 1
    assert run.types == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    (scheduled,) = run.details("TaskScheduled")
    assert (scheduled["resourceType"], scheduled["resource"]) == ("ecs", "runTask.sync")
    assert json.loads(scheduled["parameters"])["StartedBy"] == "AWS Step Functions"


def test_an_exit_code_other_than_0_fails_with_the_task(place: TaskPlace, machines: Machines) -> None:
    run = machines.run(running(place, "sh", "-c", "exit 3"))
    error, cause = run.failure
    task = json.loads(str(cause))
    assert error == "States.TaskFailed"
    assert task["Containers"][0]["ExitCode"] == 3
    assert task["StopCode"] == "EssentialContainerExited"
    assert run.types[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_a_task_that_never_ran_fails(place: TaskPlace, machines: Machines) -> None:
    task_definition = place.register(image="public.ecr.aws/no/such:image")
    states = running(place, "true")
    states["Run"]["Arguments"]["TaskDefinition"] = task_definition
    run = machines.run(states)
    task = json.loads(str(run.failure[1]))
    assert run.failure[0] == "States.TaskFailed"
    assert task["StopCode"] == "TaskFailedToStart"
    assert "ExitCode" not in task["Containers"][0]


def test_the_state_s_input_reaches_the_container(place: TaskPlace, machines: Machines) -> None:
    states = running(place, "sh", "-c", "echo day $DAY")
    environment = [{"Name": "DAY", "Value": "{% $string($states.input.day) %}"}]
    states["Run"]["Arguments"]["Overrides"] = {"ContainerOverrides": [{"Name": "job", "Environment": environment}]}
    assert place.lines(machines.run(states, {"day": 24}).output["TaskArn"]) == ["day 24"]


def test_without_sync_the_answer_is_the_result(place: TaskPlace, machines: Machines) -> None:
    run = machines.run(running(place, "true", pattern=""))
    assert run.output["Failures"] == []
    assert run.output["Tasks"][0]["LastStatus"] == "PROVISIONING"
    place.finish(run.output["Tasks"][0]["TaskArn"])


def test_what_run_task_cannot_place_is_an_unknown_error() -> None:
    """RunTask may answer with failures instead of tasks; the sandbox always has room.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
    """
    answer = {"tasks": [], "failures": [{"arn": "arn:instance", "reason": "RESOURCE:CPU"}], "ResponseMetadata": {}}
    ecs = SimpleNamespace(run_task=lambda **_request: answer)
    call: Any = SimpleNamespace(client=lambda _service: ecs, parameters={"TaskDefinition": "job"})
    with pytest.raises(StateError) as caught:
        RunTask(waits_for_job=True).run(call)
    assert caught.value.error == "AmazonECS.Unknown"
    assert json.loads(str(caught.value.cause)) == {
        "Failures": [{"Arn": "arn:instance", "Reason": "RESOURCE:CPU"}],
        "Tasks": [],
    }


def test_a_cluster_that_does_not_exist_is_an_ecs_error(place: TaskPlace, machines: Machines) -> None:
    states = running(place, "true")
    states["Run"]["Arguments"]["Cluster"] = "no-such-cluster"
    run = machines.run(states)
    assert run.failure[0] == "ECS.ClusterNotFoundException"
    assert "(Service: AmazonECS; Status Code: 400; Error Code: ClusterNotFoundException; Request ID: " in run.failure[1]
    assert run.types[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_a_role_without_the_permission_is_denied(
    place: TaskPlace, machines: Machines, role: Callable[..., str]
) -> None:
    rule = f"arn:aws:events:{place.aws.region}:{place.aws.account}:rule/StepFunctionsGetEventsForECSTaskRule"
    may_wait = policy((["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule))
    arn = machines.create(running(place, "true"), role_arn=role("states.amazonaws.com", may_wait))
    run = machines.run(arn)
    assert run.failure[0] == "ECS.AccessDeniedException"
    assert "is not authorized to perform: ecs:RunTask on resource" in run.failure[1]


def test_a_timeout_stops_the_task(place: TaskPlace, machines: Machines) -> None:
    states = running(place, "sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait", TimeoutSeconds=3600)
    arn = machines.create(states)
    run = machines.start(arn)
    task_arn = started_task(machines, run)
    clock = machines.aws.clock
    # The container works in real time, and while it works the clock flows; so it is sped up instead of moved.
    clock.speed = 10_000.0
    try:
        task = place.finish(task_arn)
    finally:
        clock.speed = 1.0
    run = machines.play(run)
    assert task["stoppedReason"] == ABORTED.format(run.arn)
    assert (run.status, run.failure) == ("FAILED", ("States.Timeout", None))
    assert run.types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    (submitted,), (ended,) = run.times("TaskScheduled"), run.times("TaskTimedOut")
    assert ended - submitted >= 3600


def test_stopping_the_execution_stops_the_task(place: TaskPlace, machines: Machines) -> None:
    run = machines.start(running(place, "sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait"))
    task_arn = started_task(machines, run)
    sfn = machines.aws.client("stepfunctions")
    sfn.stop_execution(executionArn=run.arn, error="Enough", cause="by hand")
    assert run.status == "ABORTED"
    assert run.failure == ("Enough", "by hand")
    assert place.finish(task_arn)["stoppedReason"] == ABORTED.format(run.arn)
    assert run.types[-2:] == ["TaskSubmitted", "ExecutionAborted"]


def test_a_role_that_may_not_stop_leaves_the_task_running(
    place: TaskPlace, machines: Machines, role: Callable[..., str]
) -> None:
    """ "Step Functions attempts to stop the task": without ecs:StopTask it goes on."""
    rule = f"arn:aws:events:{place.aws.region}:{place.aws.account}:rule/*"
    grants = policy((["events:*"], rule), (["ecs:RunTask", "ecs:DescribeTasks", "iam:PassRole"], "*"))
    arn = machines.create(running(place, "sh", "-c", "sleep 600"), role_arn=role("states.amazonaws.com", grants))
    run = machines.start(arn)
    task_arn = started_task(machines, run)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert run.status == "ABORTED"
    assert place.describe(task_arn)["desiredStatus"] == "RUNNING"
    place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn)
    place.finish(task_arn)
