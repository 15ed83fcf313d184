"""What ECS refuses of tasks on EC2 instances, of their definitions and of capacity providers."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import TaskPlace
from tests.sandbox.container_instances.conftest import TO_THE_END, Warehouse


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"launchType": "EC2"}, "InvalidParameterException", "both a launch type and capacity provider strategy"),
        ({"platformVersion": "LATEST"}, "InvalidParameterException", "The platform version must be null"),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}, "InvalidParameterException",
         "Network Configuration is not valid for the given networkMode"),
        ({"placementConstraints": [{"type": "memberOf", "expression": "task:group == x"}]},
         "InvalidParameterException", "does not simulate the expression"),
        ({"placementStrategy": [{"type": "binpack", "field": "instanceId"}]}, "InvalidParameterException",
         "binpack has no field"),
        ({"capacityProviderStrategy": [{"capacityProvider": "nobody's"}]}, "InvalidParameterException",
         "does not exist"),
    ],
)  # fmt: skip
def test_what_ec2_does_not_take_is_refused(fixed: Warehouse, request_: dict[str, Any], code: str, message: str) -> None:
    found_code, said = fixed.refusal(fixed.register("true"), **request_)
    assert found_code == code
    assert message in said


def test_fargate_and_ec2_are_not_mixed(fixed: Warehouse) -> None:
    both = [{"capacityProvider": name, "weight": 1} for name in (fixed.provider, "FARGATE")]
    assert "cannot contain a mix" in fixed.refusal(fixed.register("true"), capacityProviderStrategy=both)[1]


def test_a_network_interface_on_ec2_has_no_public_address(fixed: Warehouse) -> None:
    network = {"awsvpcConfiguration": {"subnets": [fixed.place.subnet_id], "assignPublicIp": "ENABLED"}}
    definition = fixed.register("true", networkMode="awsvpc")
    said = fixed.refusal(definition, networkConfiguration=network)
    assert said == ("InvalidParameterException", "Assign public IP is not supported for this launch type.")


def test_a_task_definition_for_the_other_launch_type_is_refused(fixed: Warehouse) -> None:
    network = {"awsvpcConfiguration": {"subnets": [fixed.place.subnet_id]}}
    for_fargate = fixed.place.register("true")
    assert "does not support launch_type EC2" in fixed.refusal(for_fargate, networkConfiguration=network)[1]
    said = fixed.refusal(fixed.register("true"), capacityProviderStrategy=None, launchType="FARGATE")
    assert "does not support launch_type FARGATE" in said[1]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"cpu": "127"}, "Invalid 'cpu' setting"),
        ({"cpu": "196609"}, "Invalid 'cpu' setting"),
        ({"memory": None}, "At least one of 'memory' or 'memoryReservation'"),
        ({"ephemeralStorage": {"sizeInGiB": 40}}, "Ephemeral storage"),
        ({"networkMode": "overlay"}, "networkMode"),
    ],
)
def test_a_task_definition_that_ec2_could_not_run_is_refused(
    fixed: Warehouse, task: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as raised:
        fixed.register("true", **task)
    assert message in raised.value.response["Error"]["Message"]


@pytest.mark.parametrize(("cpu", "memory"), [("128", "64"), ("100 vCPU", "200 GB"), (None, "700")])
def test_any_size_will_do_on_ec2(fixed: Warehouse, cpu: str | None, memory: str) -> None:
    assert fixed.register("true", cpu=cpu, memory=memory)


@pytest.mark.parametrize(
    ("providers", "default", "message"),
    [
        (["nobody's"], [], "does not exist"),
        (["FARGATE"], [{"capacityProvider": "FARGATE_SPOT"}], "not associated"),
    ],
)
def test_a_cluster_gets_no_provider_that_is_not_there(
    place: TaskPlace, providers: list[str], default: list[dict[str, str]], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        place.aws.client("ecs").put_cluster_capacity_providers(
            cluster=place.cluster, capacityProviders=providers, defaultCapacityProviderStrategy=default
        )


def test_a_provider_on_which_a_task_runs_stays(fixed: Warehouse) -> None:
    ecs = fixed.place.aws.client("ecs")
    task_arn = fixed.run(fixed.register(*TO_THE_END))
    without: dict[str, Any] = {
        "cluster": fixed.place.cluster, "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []
    }  # fmt: skip
    with pytest.raises(ClientError, match="ResourceInUseException"):
        ecs.put_cluster_capacity_providers(**without)
    fixed.stop(task_arn)
    ecs.put_cluster_capacity_providers(**without)
    assert "not associated" in fixed.refusal(fixed.register("true"))[1]


def test_a_provider_with_managed_scaling_is_of_one_cluster(scaled: Warehouse) -> None:
    ecs, other = scaled.place.aws.client("ecs"), f"other-{secrets.token_hex(4)}"
    ecs.create_cluster(clusterName=other)
    with pytest.raises(ClientError, match="another cluster"):
        ecs.put_cluster_capacity_providers(
            cluster=other, capacityProviders=[scaled.provider], defaultCapacityProviderStrategy=[]
        )
