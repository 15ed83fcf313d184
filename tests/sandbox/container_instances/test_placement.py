"""Tasks on EC2 instances behind a capacity provider, as an operator sees them: where they go, and wait."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.faults import Faults, InterruptSpot, LoseHost, RefuseCapacity, RetireTask
from tests.sandbox.conftest import TaskPlace
from tests.sandbox.container_instances.conftest import TO_THE_END, Warehouse, make_warehouse

PATIENCE_SECONDS = 120
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
NO_MEMORY, NO_CPU = "RESOURCE:MEMORY", "RESOURCE:CPU"


def test_a_task_runs_on_an_instance_of_its_provider(fixed: Warehouse) -> None:
    task_arn = fixed.run(fixed.register("sh", "-c", "echo $AWS_EXECUTION_ENV"))
    task = fixed.place.finish(task_arn)
    assert (task["launchType"], task["capacityProviderName"]) == ("EC2", fixed.provider)
    assert task["containerInstanceArn"].startswith(
        f"arn:aws:ecs:{fixed.place.aws.region}:{fixed.place.aws.account}:container-instance/{fixed.place.cluster}/"
    )
    assert not {"platformVersion", "ephemeralStorage"} & task.keys()
    assert task["attachments"] == []
    assert fixed.place.lines(task_arn) == ["AWS_ECS_EC2"]


@pytest.mark.parametrize(("size", "reason"), [({"memory": "1025"}, NO_MEMORY), ({"cpu": "1024"}, NO_CPU)])
def test_beyond_its_slots_a_provider_without_managed_scaling_has_failures(
    fixed: Warehouse, size: dict[str, str], reason: str
) -> None:
    first = fixed.run(fixed.register(*TO_THE_END, cpu="512"))
    answer = fixed.call(fixed.register("true", **size))
    assert answer["tasks"] == []
    assert [failure["reason"] for failure in answer["failures"]] == [reason]
    assert answer["failures"][0]["arn"] == fixed.place.describe(first)["containerInstanceArn"]
    fixed.stop(first)
    fixed.place.finish(fixed.run(fixed.register("true", **size)))


def test_a_task_waits_in_provisioning_until_another_gives_its_room_back(scaled: Warehouse) -> None:
    whole = scaled.register(*TO_THE_END, memory="2048")
    first, second = scaled.run(whole), scaled.run(whole)
    task = scaled.place.describe(second)
    assert (task["lastStatus"], task["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert not {"containerInstanceArn", "startedAt"} & task.keys()
    scaled.stop(first)
    while scaled.place.describe(second)["lastStatus"] != "RUNNING":
        continue
    assert scaled.place.describe(second)["containerInstanceArn"]
    scaled.stop(second)


def test_who_waits_first_is_placed_first(scaled: Warehouse) -> None:
    whole = scaled.register("true", memory="2048")
    holder = scaled.run(scaled.register(*TO_THE_END, memory="2048"))
    waiting = [scaled.run(whole) for _ in range(3)]
    scaled.stop(holder)
    ended = [scaled.place.finish(task_arn) for task_arn in waiting]
    assert [task["startedAt"] for task in ended] == sorted(task["startedAt"] for task in ended)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"memory": "2049"}, NO_MEMORY),
        ({"cpu": "2048"}, NO_CPU),
        ({"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}}, "ATTRIBUTE"),
    ],
)
def test_what_no_instance_can_hold_is_given_up_when_it_has_waited_too_long(
    scaled: Warehouse, task: dict[str, Any], reason: str
) -> None:
    clock = scaled.place.aws.clock
    task_arn = scaled.run(scaled.register("true", **task))
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(clock.now() + 30 * 60)
    ended = scaled.place.finish(task_arn)
    assert (ended["stopCode"], ended["stoppedReason"]) == ("TaskFailedToStart", f"TaskFailedToStart: {reason}")
    assert not {"startedAt", "containerInstanceArn"} & ended.keys()
    assert "exitCode" not in ended["containers"][0]


def test_a_task_that_waits_can_be_stopped(scaled: Warehouse) -> None:
    ended = scaled.stop(scaled.run(scaled.register("true", memory="4096")))
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "UserInitiated")
    assert "startedAt" not in ended


def test_only_so_many_tasks_of_a_cluster_wait(scaled: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html: a ClientException
    monkeypatch.setattr(scaled.place.aws.container_instances, "most_provisioning", 1)
    definition = scaled.register("true", memory="4096")
    first = scaled.run(definition)
    assert scaled.refusal(definition) == ("ClientException", "Tasks provisioning capacity limit exceeded.")
    scaled.stop(first)
    scaled.stop(scaled.run(definition))


def test_an_instance_has_so_many_network_interfaces(fixed: Warehouse) -> None:
    network = {"awsvpcConfiguration": {"subnets": [fixed.place.subnet_id]}}
    definition = fixed.register(*TO_THE_END, memory="128", networkMode="awsvpc")
    tasks = [fixed.run(definition, networkConfiguration=network) for _ in range(2)]
    answer = fixed.call(definition, networkConfiguration=network)
    assert [failure["reason"] for failure in answer["failures"]] == ["RESOURCE:ENI"]
    for task_arn in tasks:
        fixed.stop(task_arn)


def test_a_provider_without_instances_is_empty(place: TaskPlace) -> None:
    empty = make_warehouse(place, "DISABLED")
    answer = empty.call(empty.register("true"))
    assert [failure["reason"] for failure in answer["failures"]] == ["EMPTY CAPACITY PROVIDER"]


@pytest.mark.parametrize(
    ("expression", "is_placed"),
    [
        ("attribute:ecs.instance-type =~ r6.*", True),
        ("attribute:ecs.instance-type == m5.large", False),
        ("attribute:ecs.instance-type != m5.large and attribute:disk in [fast, faster]", True),
        ("attribute:disk not_exists", False),
    ],
)
def test_constraints_say_which_instances_will_do(fixed: Warehouse, expression: str, is_placed: bool) -> None:
    attributes = {"ecs.instance-type": "r6.large", "disk": "fast"}
    fixed.place.aws.container_instances.register(fixed.provider, 1, attributes=attributes)
    constraints = [{"type": "memberOf", "expression": expression}]
    definition = fixed.register("true", memory="4096")
    answer = fixed.call(definition, placementConstraints=constraints)
    assert bool(answer["tasks"]) == is_placed
    if not is_placed:
        reasons = [failure["reason"] for failure in answer["failures"]]
        assert reasons[1] == "MemberOf placement constraint unsatisfied."


@pytest.mark.parametrize(
    ("strategy", "instances"),
    [
        ({"type": "binpack", "field": "memory"}, 1),
        ({"type": "spread", "field": "instanceId"}, 2),
        ({"type": "spread", "field": "attribute:ecs.availability-zone"}, 2),
    ],
)
def test_strategies_say_which_instance_comes_first(fixed: Warehouse, strategy: dict[str, str], instances: int) -> None:
    for zone in ("a", "b"):
        attributes = {"ecs.availability-zone": zone}
        fixed.place.aws.container_instances.register(fixed.provider, 1, memory_mib=4096, attributes=attributes)
    definition = fixed.register(*TO_THE_END, memory="1000")
    tasks = [fixed.run(definition, placementStrategy=[strategy]) for _ in range(2)]
    where = {fixed.place.describe(task_arn)["containerInstanceArn"] for task_arn in tasks}
    for task_arn in tasks:
        fixed.stop(task_arn)
    assert len(where) == instances


def test_instances_tell_what_they_have_and_what_is_left(fixed: Warehouse) -> None:
    ecs, cluster = fixed.place.aws.client("ecs"), fixed.place.cluster
    task_arn = fixed.run(fixed.register(*TO_THE_END, cpu="256"))
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    instance = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"][0]
    told = {
        key: {one["name"]: one["integerValue"] for one in instance[key]}
        for key in ("registeredResources", "remainingResources")
    }
    assert told == {
        "registeredResources": {"CPU": 1024, "MEMORY": 2048},
        "remainingResources": {"CPU": 768, "MEMORY": 1024},
    }
    assert (instance["capacityProviderName"], instance["runningTasksCount"]) == (fixed.provider, 1)
    fixed.stop(task_arn)


def test_faults_of_capacity_speak_of_ec2(fixed: Warehouse, faults: Faults) -> None:
    definition = fixed.register("true")
    faults.add(RefuseCapacity(of=fixed.place.cluster, first=1))
    assert fixed.call(definition)["failures"] == [{"reason": NO_MEMORY}]
    faults.add(RefuseCapacity(of=fixed.place.cluster, first=1, as_error=True))
    assert fixed.refusal(definition)[0] == "ClientException"
    faults.add(RefuseCapacity(of=fixed.place.cluster, spot_only=True))
    fixed.place.finish(fixed.run(definition))


def test_the_machine_under_a_task_can_be_terminated_but_fargate_takes_nothing_back(
    fixed: Warehouse, faults: Faults
) -> None:
    spared = [faults.add(kind(of=fixed.place.cluster)) for kind in (InterruptSpot, RetireTask)]
    faults.add(LoseHost(of=fixed.place.cluster, once_said="ready"))
    ended = fixed.place.finish(fixed.run(fixed.register(*TO_THE_END)))
    assert ended["stoppedReason"].startswith("Host EC2 (instance i-")
    assert "exitCode" not in ended["containers"][0]
    assert [fault.met for fault in spared] == [0, 0]
