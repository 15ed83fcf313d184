"""RunTask refused, over HTTP."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import Faults, RefuseCapacity, Throttle
from tests.sandbox.conftest import TaskPlace

PATIENCE_SECONDS = 120
# https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity
NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


def call(place: TaskPlace, definition: str, **request: Any) -> dict[str, Any]:
    """RunTask's answer."""
    network = {"awsvpcConfiguration": {"subnets": [place.subnet_id]}}
    given = {"cluster": place.cluster, "taskDefinition": definition, "networkConfiguration": network, **request}
    if "capacityProviderStrategy" not in given:
        given["launchType"] = "FARGATE"
    answer = place.aws.client("ecs").run_task(**given)
    for task in answer["tasks"]:
        place.finish(task["taskArn"])
    return answer


@pytest.fixture
def within_a_second(place: TaskPlace) -> Iterator[None]:
    """A virtual second begins, and lasts as long as the test."""
    clock = place.aws.clock
    assert clock.wait_idle(PATIENCE_SECONDS)
    clock.speed = 1e-6
    clock.advance_to(math.floor(clock.now()) + 1)
    yield
    clock.speed = 1


def test_no_capacity_is_a_failure_in_an_answer_and_no_task(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=place.cluster))
    answer = call(place, place.register("true"))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (answer["tasks"], answer["failures"]) == ([], [{"reason": NO_CAPACITY}])
    ecs = place.aws.client("ecs")
    for status in ("RUNNING", "STOPPED"):
        assert ecs.list_tasks(cluster=place.cluster, desiredStatus=status)["taskArns"] == []
    assert (fault.met, fault.struck) == (1, 1)


def test_there_is_room_again_after_the_first_calls(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=place.cluster, first=2))
    definition = place.register("true")
    assert [len(call(place, definition)["failures"]) for _ in range(4)] == [1, 1, 0, 0]
    assert (fault.met, fault.struck) == (4, 2)


def test_a_share_of_the_calls_is_refused(place: TaskPlace, faults: Faults) -> None:
    faults.add(RefuseCapacity(of=place.cluster, share=0.4, seed=7))
    expected = RefuseCapacity(share=0.4, seed=7)
    definition = place.register("true")
    refused = [bool(call(place, definition)["failures"]) for _ in range(10)]
    assert refused == [expected.strikes("any") for _ in range(10)]
    assert True in refused
    assert False in refused


def test_only_spot_may_have_no_room(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=place.cluster, spot_only=True))
    definition = place.register("true")
    on_demand = [{"capacityProvider": "FARGATE", "weight": 1}]
    assert call(place, definition)["failures"] == []
    assert call(place, definition, capacityProviderStrategy=on_demand)["failures"] == []
    assert call(place, definition, capacityProviderStrategy=SPOT)["failures"] == [{"reason": NO_CAPACITY}]
    assert fault.met == 1


def test_other_families_have_room(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=f"{place.cluster}-other"))
    assert call(place, place.register("true"))["failures"] == []
    assert fault.met == 0


def test_what_is_wrong_is_said_before_what_has_no_room(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(RefuseCapacity(of=place.cluster))
    with pytest.raises(place.aws.client("ecs").exceptions.ClusterNotFoundException):
        call(place, place.register("true"), cluster="no-such-cluster")
    assert fault.met == 0


def test_without_faults_there_is_room_again(place: TaskPlace, faults: Faults) -> None:
    faults.add(RefuseCapacity(of=place.cluster))
    faults.clear()
    assert call(place, place.register("true"))["failures"] == []


@pytest.mark.usefixtures("within_a_second")
def test_so_many_calls_a_second_and_the_next_are_throttled(place: TaskPlace, faults: Faults) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/request-throttling.html"""
    fault = faults.add(Throttle(of=place.cluster, a_second=3))
    definition = place.register("true")
    for _ in range(3):
        assert call(place, definition)["failures"] == []
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            call(place, definition)
        error = refused.value.response
        assert error["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    clock = place.aws.clock
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(math.floor(clock.now()) + 1)
    for _ in range(3):
        assert call(place, definition)["failures"] == []
    with pytest.raises(ClientError, match="Rate exceeded"):
        call(place, definition)
    assert (fault.met, fault.struck) == (9, 3)


@pytest.mark.usefixtures("within_a_second")
def test_ec2_may_throttle_in_the_place_of_ecs(place: TaskPlace, faults: Faults) -> None:
    """https://github.com/dagster-io/dagster/issues/33439"""
    faults.add(Throttle(of=place.cluster, a_second=1, by_ec2=True))
    definition = place.register("true")
    call(place, definition)
    with pytest.raises(place.aws.client("ecs").exceptions.InvalidParameterException) as refused:
        call(place, definition)
    assert refused.value.response["Error"]["Message"] == (
        f"Error retrieving subnet information for [{place.subnet_id}]: Rate exceeded (ErrorCode: Throttling)"
    )
