"""What ECS tells of tasks, as rules deliver it to log groups and topics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.faults import FailPull, SpoilChange
from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import TaskPlace

EVENTS = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html, on Fargate.
TOLD = {
    *("attachments", "availabilityZone", "clusterArn", "connectivity", "connectivityAt", "containers", "cpu"),
    *("createdAt", "desiredStatus", "enableExecuteCommand", "ephemeralStorage", "group", "lastStatus", "launchType"),
    *("memory", "overrides", "platformFamily", "platformVersion", "taskArn", "taskDefinitionArn", "updatedAt"),
    "version",
}


class Heard:
    """A log group with the events that a rule matches."""

    def __init__(self, place: TaskPlace, undo: ExitStack, **detail: Any) -> None:
        self._aws, self._group = place.aws, f"/aws/events/{place.cluster}"
        logs, events = self._aws.client("logs"), self._aws.client("events")
        logs.create_log_group(logGroupName=self._group)
        arn = f"arn:aws:logs:{self._aws.region}:{self._aws.account}:log-group:{self._group}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": EVENTS},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{arn}:*",
        }
        logs.put_resource_policy(
            policyName=place.cluster, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        undo.callback(logs.delete_resource_policy, policyName=place.cluster)
        cluster = f"arn:aws:ecs:{self._aws.region}:{self._aws.account}:cluster/{place.cluster}"
        pattern = {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {"clusterArn": [cluster], **detail},
        }
        events.put_rule(Name=place.cluster, EventPattern=json.dumps(pattern))
        undo.callback(events.delete_rule, Name=place.cluster)
        events.put_targets(Rule=place.cluster, Targets=[{"Id": "log", "Arn": arn}])
        undo.callback(events.remove_targets, Rule=place.cluster, Ids=["log"])

    def events(self) -> list[dict[str, Any]]:
        """What was told, by the version that it tells of."""
        pages = self._aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=self._group)
        found = [json.loads(event["message"]) for page in pages for event in page["events"]]
        return sorted(found, key=lambda event: event["detail"]["version"])

    def details(self) -> list[dict[str, Any]]:
        return [event["detail"] for event in self.events()]


@pytest.fixture
def undo(local_aws: LocalAws) -> Iterator[ExitStack]:
    with ExitStack() as undone:
        yield undone
    local_aws.faults.clear()


def states(details: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["lastStatus"], each["desiredStatus"]) for each in details]


def test_each_change_of_a_task_is_told(place: TaskPlace, undo: ExitStack) -> None:
    heard = Heard(place, undo)
    task_arn = place.run(place.register("sh", "-c", "exit 3"), startedBy="somebody")
    described = place.finish(task_arn)
    events = heard.events()
    assert states([event["detail"] for event in events]) == [
        ("PROVISIONING", "RUNNING"),
        ("PENDING", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("RUNNING", "STOPPED"),
        ("STOPPED", "STOPPED"),
    ]
    for event in events:
        assert (event["source"], event["detail-type"]) == ("aws.ecs", "ECS Task State Change")
        assert event["resources"] == [task_arn]
        assert event["detail"].keys() >= {*TOLD, "startedBy"}
        assert not event["detail"].keys() & {"tags", "healthStatus"}
    first, ended = events[0]["detail"], events[-1]["detail"]
    assert (first["version"], ended["version"]) == (1, described["version"])
    assert not first.keys() & {"startedAt", "stoppedAt", "stopCode", "stoppedReason"}
    assert ended["stopCode"] == "EssentialContainerExited"
    assert ended["stoppedReason"] == "Essential container in task exited"
    (container,) = ended["containers"]
    assert (container["name"], container["exitCode"], container["lastStatus"]) == ("job", 3, "STOPPED")
    assert [each["type"] for each in ended["attachments"]] == ["eni"]
    assert (ended["group"], ended["startedBy"]) == (f"family:{place.cluster}", "somebody")
    for name in ("createdAt", "startedAt", "stoppingAt", "stoppedAt"):
        assert datetime.fromisoformat(ended[name]) == described[name]


def test_overrides_are_told_and_each_container_by_its_name(place: TaskPlace, undo: ExitStack) -> None:
    heard, environment = Heard(place, undo, lastStatus=["STOPPED"]), [{"name": "DAY", "value": "2026-11-24"}]
    definition = place.register("true")
    overrides = {"containerOverrides": [{"name": "job", "environment": environment}]}
    place.finish(place.run(definition, overrides=overrides))
    place.finish(place.run(definition))
    told = [each["overrides"] for each in heard.details()]
    assert {"containerOverrides": [{"name": "job", "environment": environment}]} in told
    assert {"containerOverrides": [{"name": "job"}]} in told


def test_a_task_that_never_starts_is_told_without_start_and_exit_code(place: TaskPlace, undo: ExitStack) -> None:
    heard = Heard(place, undo)
    place.aws.faults.add(FailPull(of=place.cluster, because="missing"))
    place.finish(place.run(place.register("true")))
    details = heard.details()
    assert "RUNNING" not in [each["lastStatus"] for each in details]
    ended = details[-1]
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert "CannotPullContainerError" in ended["stoppedReason"]
    assert "startedAt" not in ended
    assert "exitCode" not in ended["containers"][0]
    assert "CannotPullContainerError" in ended["containers"][0]["reason"]


def test_a_task_that_somebody_stops_is_told_once_as_stopping(place: TaskPlace, undo: ExitStack) -> None:
    heard = Heard(place, undo)
    task_arn = place.run(place.register("sleep", "1000"))
    # Until it is told: what is told later has the desired status of then.
    while "RUNNING" not in [each["lastStatus"] for each in heard.details()]:
        pass
    ecs = place.aws.client("ecs")
    for _ in range(2):
        ecs.stop_task(cluster=place.cluster, task=task_arn, reason="enough")
    place.finish(task_arn)
    details = heard.details()
    assert [each["desiredStatus"] for each in details].count("STOPPED") == 2
    assert {each["stoppedReason"] for each in details[-2:]} == {"enough"}
    assert details[-1]["stopCode"] == "UserInitiated"


@pytest.mark.parametrize(("into", "count"), [("lost", 0), ("twice", 2)])
def test_a_change_may_not_be_told_or_be_told_twice(place: TaskPlace, undo: ExitStack, into: Any, count: int) -> None:
    heard = Heard(place, undo, lastStatus=["PROVISIONING", "STOPPED"])
    fault = place.aws.faults.add(SpoilChange(of=place.cluster, first=1, into=into))
    place.finish(place.run(place.register("true")))
    told = [each["lastStatus"] for each in heard.details()]
    assert told == ["PROVISIONING"] * count + ["STOPPED"]
    assert fault.struck == 1


def test_nothing_is_written_that_nobody_asks_for(place: TaskPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    from sandbox import task_events

    def detail(_task: Any) -> Any:
        raise AssertionError("nobody asks")

    # Other tests' stacks in the same sandbox may have rules that ask.
    rule = {"EventPattern": '{"source": ["aws.states"]}', "State": "ENABLED", "EventBusName": "default"}
    monkeypatch.setattr(task_events, "eventbridge", SimpleNamespace(_rules={"the only one": rule}))
    monkeypatch.setattr(task_events, "detail", detail)

    assert place.finish(place.run(place.register("true")))["containers"][0]["exitCode"] == 0


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        ({"source": ["aws.ecs"]}, True),
        ({"source": ["aws.states", "aws.ecs"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"detail-type": ["ECS Task State Change"]}, True),
        ({"source": ["aws.states"], "detail": {"status": ["FAILED"]}}, False),
    ],
)
def test_whether_anybody_asks_is_told_by_the_source(pattern: Any, may: bool) -> None:
    from sandbox.task_events import _may_match

    assert _may_match(json.dumps(pattern)) is may
