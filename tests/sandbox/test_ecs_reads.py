"""ListTasks and DescribeTasks.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import PATIENCE_SECONDS, TaskPlace, policy
from tests.sandbox.refusals import refusal

FOREVER = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")


def listed(place: TaskPlace, **request: Any) -> list[str]:
    return place.aws.client("ecs").list_tasks(cluster=place.cluster, **request)["taskArns"]


@pytest.fixture
def running(place: TaskPlace) -> Iterator[Callable[..., str]]:
    """Starts tasks that end only by SIGKILL, two seconds after they are told to; gives a task's ARN once it runs."""
    started: list[str] = []

    def start(**request: Any) -> str:
        task_arn = place.run(place.register(*FOREVER, task=request.pop("task", None)), **request)
        started.append(task_arn)
        while "ready" not in _lines(place, task_arn):
            assert place.describe(task_arn)["lastStatus"] != "STOPPED"
        return task_arn

    yield start
    for task_arn in started:
        place.aws.client("ecs").stop_task(cluster=place.cluster, task=task_arn)
    for task_arn in started:
        place.finish(task_arn)


def _lines(place: TaskPlace, task_arn: str) -> list[str]:
    try:
        return place.lines(task_arn)
    except place.aws.client("logs").exceptions.ResourceNotFoundException:
        return []


def test_a_task_that_is_being_stopped_is_to_be_stopped_and_is_not_yet(
    place: TaskPlace, running: Callable[..., str]
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html"""
    ecs, task_arn = place.aws.client("ecs"), running()
    assert (listed(place), listed(place, desiredStatus="STOPPED")) == ([task_arn], [])
    assert ecs.stop_task(cluster=place.cluster, task=task_arn)["task"]["desiredStatus"] == "STOPPED"
    # Its process ignores SIGTERM: it is there for its stopTimeout of two seconds.
    task = place.describe(task_arn)
    assert task["desiredStatus"] == "STOPPED"
    assert task["lastStatus"] != "STOPPED"
    assert (listed(place), listed(place, desiredStatus="STOPPED")) == ([], [task_arn])
    assert place.finish(task_arn)["lastStatus"] == "STOPPED"
    assert (listed(place), listed(place, desiredStatus="STOPPED")) == ([], [task_arn])


def test_a_task_ends_with_its_essential_container_while_another_still_runs(place: TaskPlace) -> None:
    aside = {"name": "aside", "image": "x", "essential": False, "stopTimeout": 5, "command": list(FOREVER)}
    job = {"name": "job", "image": "x", "command": ["true"]}
    task_arn = place.run(place.register(task={"containerDefinitions": [job, aside]}))
    while (task := place.describe(task_arn))["desiredStatus"] != "STOPPED":
        assert not place.aws.tasks.stopped(task_arn).is_set()
    assert (task["stopCode"], task["lastStatus"] != "STOPPED") == ("EssentialContainerExited", True)
    assert listed(place, desiredStatus="STOPPED") == [task_arn]
    assert place.finish(task_arn)["stopCode"] == "EssentialContainerExited"


def test_pages_hold_each_task_once_even_when_tasks_go_meanwhile(place: TaskPlace) -> None:
    definition = place.register("true")
    arns = [place.run(definition) for _ in range(5)]
    for task_arn in arns:
        place.finish(task_arn)
    ecs, asked = place.aws.client("ecs"), {"cluster": place.cluster, "desiredStatus": "STOPPED", "maxResults": 2}
    first = ecs.list_tasks(**asked)
    # The first page's tasks are no longer shown an hour after they stopped.
    stopped = {task_arn: place.describe(task_arn)["stoppedAt"].timestamp() for task_arn in arns}
    assert place.aws.clock.wait_idle(PATIENCE_SECONDS)
    gone = max(stopped[task_arn] for task_arn in first["taskArns"]) + 3600.001
    assert place.aws.clock.advance_to(gone)
    rest = first
    found = list(first["taskArns"])
    while "nextToken" in rest:
        rest = ecs.list_tasks(**asked, nextToken=rest["nextToken"])
        assert len(rest["taskArns"]) <= 2
        found += rest["taskArns"]
    # On a busy machine more have gone by now.
    now = place.aws.clock.now()
    still_there = [task_arn for task_arn in arns if stopped[task_arn] + 3600 > now]
    assert set(first["taskArns"]) | set(still_there) <= set(found)
    assert len(found) == len(set(found))


def test_a_family_is_a_family_and_no_beginning_of_one(place: TaskPlace) -> None:
    longer = f"{place.cluster}-longer"
    mine, other = place.run(place.register("true")), place.run(place.register("true", task={"family": longer}))
    for task_arn in (mine, other):
        place.finish(task_arn)
    assert listed(place, desiredStatus="STOPPED", family=place.cluster) == [mine]
    assert listed(place, desiredStatus="STOPPED", family=longer) == [other]
    assert set(listed(place, desiredStatus="STOPPED", launchType="FARGATE")) == {mine, other}
    assert listed(place, desiredStatus="STOPPED", launchType="EC2") == []
    # "This doesn't return any results. Amazon ECS never sets the desired status of a task to that value."
    assert listed(place, desiredStatus="PENDING") == []


def test_who_started_a_task_is_asked_alone(place: TaskPlace, running: Callable[..., str]) -> None:
    """ "When you specify startedBy as the filter, it must be the only filter that you use." """
    mine = running(startedBy="me")
    running(startedBy="someone-else")
    assert listed(place, startedBy="me", maxResults=10) == [mine]
    for other in ({"family": place.cluster}, {"desiredStatus": "RUNNING"}, {"launchType": "FARGATE"}):
        code, message = refusal(listed, place=place, startedBy="me", **other)
        # https://github.com/aws/aws-sdk-go-v2/issues/1893
        assert (code, message) == ("InvalidParameterException", "cannot specify startedBy with other arguments")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"maxResults": 0}, "InvalidParameterException"),
        ({"maxResults": 101}, "InvalidParameterException"),
        ({"desiredStatus": "STOPPING"}, "InvalidParameterException"),
        ({"launchType": "LAMBDA"}, "InvalidParameterException"),
        ({"nextToken": "2"}, "InvalidParameterException"),
        ({"nextToken": "bm9uc2Vuc2U="}, "InvalidParameterException"),
        ({"serviceName": "s"}, "ServiceNotFoundException"),
        ({"serviceName": "s", "family": "f"}, "InvalidParameterException"),
        ({"containerInstance": "i"}, "InvalidParameterException"),
    ],
)
def test_a_list_that_ecs_does_not_give_is_refused(place: TaskPlace, request_: dict[str, Any], code: str) -> None:
    assert refusal(listed, place=place, **request_)[0] == code


def test_descriptions_are_of_one_to_a_hundred_tasks_by_arn_or_id(place: TaskPlace) -> None:
    ecs, task_arn = place.aws.client("ecs"), place.run(place.register("true"))
    place.finish(task_arn)
    task_id = task_arn.rpartition("/")[2]
    answer = ecs.describe_tasks(
        cluster=place.cluster, tasks=[task_id, task_id[8:], task_arn.replace(place.cluster, "x")]
    )
    assert [task["taskArn"] for task in answer["tasks"]] == [task_arn]
    assert answer["failures"] == [
        {"arn": task_arn.replace(task_id, task_id[8:]), "reason": "MISSING"},
        {"arn": task_arn.replace(place.cluster, "x"), "reason": "MISSING"},
    ]
    for tasks in ([], [secrets.token_hex(16) for _ in range(101)]):
        assert refusal(ecs.describe_tasks, cluster=place.cluster, tasks=tasks)[0] == "InvalidParameterException"
    assert len(ecs.describe_tasks(cluster=place.cluster, tasks=[secrets.token_hex(16)] * 100)["failures"]) == 100
    wrong = {"cluster": place.cluster, "tasks": [task_id], "include": ["SECRETS"]}
    assert refusal(ecs.describe_tasks, **wrong)[0] == "InvalidParameterException"


def test_a_task_is_stopped_by_its_whole_id(place: TaskPlace) -> None:
    task_arn = place.run(place.register("true"))
    place.finish(task_arn)
    ecs, task_id = place.aws.client("ecs"), task_arn.rpartition("/")[2]
    assert refusal(ecs.stop_task, cluster=place.cluster, task=task_id[8:])[0] == "InvalidParameterException"
    assert ecs.stop_task(cluster=place.cluster, task=task_id)["task"]["taskArn"] == task_arn


def test_lists_are_a_right_to_everything_that_a_cluster_narrows(place: TaskPlace, role: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html"""
    clusters = f"arn:aws:ecs:{place.aws.region}:{place.aws.account}:cluster"

    def acting_as(resource: str, cluster: str) -> Any:
        narrowed = policy(("ecs:ListTasks", resource), ArnEquals={"ecs:cluster": f"{clusters}/{cluster}"})
        return place.aws.identity.client("ecs", role("states.amazonaws.com", narrowed), "states.amazonaws.com")

    asked = {"cluster": place.cluster, "family": place.cluster, "desiredStatus": "RUNNING"}
    assert acting_as("*", place.cluster).list_tasks(**asked)["taskArns"] == []
    for client in (acting_as("*", "other"), acting_as(f"{clusters}/{place.cluster}", place.cluster)):
        code, message = refusal(client.list_tasks, **asked)
        assert code == "AccessDeniedException"
        # https://github.com/cdklabs/construct-hub/pull/1207
        assert "is not authorized to perform: ecs:ListTasks on resource: * because no identity-based policy" in message
