"""Tasks that run on although their run has ended, and runs whose task has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ops.doctor import runs_without_task, tasks_left
from ops.doctor.finding import Finding
from ops.stopping import see_tasks_stopped
from tests.ops.denied import may_not
from tests.ops.doctor.sick import Sick
from tests.ops.slow_request import Hold
from tests.ops.tasks import tasks

LONG = {"input": {"seconds": 600}}
LATER = timedelta(minutes=11)


@pytest.fixture
def goes_on(sick: Sick) -> Iterator[str]:
    """A run of the job `daily` whose task works; its ARN."""
    execution_arn = sick.start("daily", LONG)
    sick.until_submitted(execution_arn)
    yield execution_arn
    sick.stop(execution_arn)
    see_tasks_stopped(sick.aws, execution_arn, "the test is over")


def left(sick: Sick, after: timedelta = LATER) -> list[Finding]:
    with sick.patient(now=sick.now + after) as patient:
        return tasks_left.check(patient)


def without_task(sick: Sick, after: timedelta = LATER) -> list[Finding]:
    with sick.patient(now=sick.now + after) as patient:
        return runs_without_task.check(patient, {})


@pytest.mark.usefixtures("goes_on")
def test_a_task_at_work_is_neither(sick: Sick) -> None:
    assert left(sick) == []
    assert without_task(sick) == []


def test_a_task_that_outlives_its_run(sick: Sick, goes_on: str) -> None:
    (task,) = tasks(sick, goes_on)
    with may_not(sick, "daily", "ecs:StopTask"):
        sick.stop(goes_on)
        soon, late = left(sick, timedelta(minutes=4)), left(sick)
    # It may be about to be stopped.
    assert soon == []
    (finding,) = late
    name = goes_on.rpartition(":")[2]
    assert (finding.check, finding.job, finding.arn) == ("task-left", "daily", task["taskArn"])
    assert f"its run {name} ended as ABORTED" in finding.problem
    assert finding.advice == f"`./longhaul stop daily@{name}` stops it."


def test_a_step_s_task_that_outlives_its_run(sick: Sick) -> None:
    execution_arn = sick.start("steps", LONG)
    sick.until_submitted(execution_arn)
    with may_not(sick, "steps", "ecs:StopTask"):
        sick.stop(execution_arn)
        (finding,) = left(sick)
    see_tasks_stopped(sick.aws, execution_arn, "the test is over")
    name = execution_arn.rpartition(":")[2]
    assert (finding.check, finding.job) == ("task-left", "steps")
    assert finding.advice == f"`./longhaul stop steps@{name}` stops it."


def test_a_task_whose_run_is_gone(sick: Sick, goes_on: str) -> None:
    (task,) = tasks(sick, goes_on)
    ecs = sick.local_aws.client("ecs")

    def run(**who: str) -> str:
        network = {"awsvpcConfiguration": {"subnets": [subnet(task)], "assignPublicIp": "ENABLED"}}
        started = ecs.run_task(
            cluster=task["clusterArn"],
            taskDefinition=task["taskDefinitionArn"],
            launchType="FARGATE",
            networkConfiguration=network,
            overrides={
                "containerOverrides": [
                    {"name": "job", "environment": [{"name": "LONGHAUL_INPUT", "value": '{"seconds": 600}'}]}
                ]
            },
            **who,
        )
        return started["tasks"][0]["taskArn"]

    forgotten, by_hand = run(startedBy="AWS Step Functions", group="forgotten"), run(startedBy="jane")
    findings = left(sick)
    for arn in (forgotten, by_hand):
        ecs.stop_task(cluster=task["clusterArn"], task=arn)
    assert [(finding.check, finding.job, finding.arn) for finding in findings] == [("task-left", "daily", forgotten)]
    assert f"aws ecs stop-task --cluster {task['clusterArn']}" in findings[0].advice


def subnet(task: dict[str, Any]) -> str:
    details = task["attachments"][0]["details"]
    return next(detail["value"] for detail in details if detail["name"] == "subnetId")


class Forgets:
    """Clients of an ECS that does not know its tasks any more, as an hour after their end."""

    def __init__(self, sick: Sick) -> None:
        self._sick = sick

    def __call__(self, service: str) -> Any:
        return self if service == "ecs" else self._sick.aws(service)

    def describe_tasks(self, **_: Any) -> Any:
        return {"tasks": [], "failures": []}


def test_a_run_whose_task_nobody_knows(sick: Sick, goes_on: str) -> None:
    with sick.patient(now=sick.now + LATER) as patient:
        patient.aws = Forgets(sick)  # type: ignore[assignment]
        (finding,) = runs_without_task.check(patient, {})
    assert (finding.check, finding.job, finding.arn) == ("run-without-task", "daily", goes_on)
    assert "does not know" in finding.problem


def test_a_task_that_was_asked_for_a_moment_ago_is_waited_for(sick: Sick, goes_on: str) -> None:
    machine = sick.job("daily").machine_arn
    # As one that waited for its turn for an hour.
    started = (sick.now - timedelta(hours=1)).timestamp() * 1000
    written = {"executionArn": goes_on, "stateMachineArn": machine, "status": "RUNNING", "startDate": started}
    with sick.patient(now=sick.now + timedelta(minutes=9)) as patient:
        patient.aws = Forgets(sick)  # type: ignore[assignment]
        assert runs_without_task.check(patient, {machine: [written]}) == []


def test_a_run_whose_request_is_not_answered(sick: Sick) -> None:
    hold = sick.local_aws.faults.add(Hold("acme-sick-daily"))
    execution_arn = sick.start("daily")
    hold.reached.wait()
    soon, late = without_task(sick, timedelta(minutes=9)), without_task(sick)
    hold.go_on.set()
    sick.to_end(execution_arn)
    sick.local_aws.faults.clear()
    assert soon == []
    assert [(finding.check, finding.arn) for finding in late] == [("run-without-task", execution_arn)]


def test_a_run_that_waits_for_its_turn_is_none(sick: Sick) -> None:
    first = sick.start("line", LONG)
    sick.until_submitted(first)
    waits = sick.start("line", LONG)
    while not any(event["type"] == "WaitStateEntered" for event in sick.events(waits)):
        pass
    findings = without_task(sick)
    for execution_arn in (waits, first):
        sick.stop(execution_arn)
    see_tasks_stopped(sick.aws, first, "the test is over")
    assert findings == []
