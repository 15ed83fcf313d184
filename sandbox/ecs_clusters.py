"""The capacity providers of a cluster, and the instances that they bring.

Wrong as shipped: providers that do not exist are associated, strategies may name any, and providers that tasks run on
are taken away.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import ecs

from sandbox import task_placement
from sandbox.container_instances import ContainerInstances, Instance
from sandbox.ecs_refusals import RefusedError, Request, Response, find_cluster

_MOST_PROVIDERS = 20
_UNKNOWN = "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
_IN_USE = "The specified capacity provider is in use and cannot be removed."
_ELSEWHERE = "The specified capacity provider uses managed scaling and is associated with another cluster."
_put_as_shipped = ecs._put_cluster_capacity_providers


def put_capacity_providers(request: Request) -> Response:
    """PutClusterCapacityProviders. Raises RefusedError."""
    cluster = find_cluster(request)
    if request.get("capacityProviders") is None or request.get("defaultCapacityProviderStrategy") is None:
        raise RefusedError("ClientException", "capacityProviders and defaultCapacityProviderStrategy must be given.")
    names, strategy = request["capacityProviders"], request["defaultCapacityProviderStrategy"]
    if len(names) > _MOST_PROVIDERS:
        raise RefusedError("InvalidParameterException", f"A cluster can have {_MOST_PROVIDERS} capacity providers.")
    for name in names:
        if not task_placement.is_known(name):
            raise RefusedError("InvalidParameterException", _UNKNOWN)
        if _scales_elsewhere(name, cluster):
            raise RefusedError("ClientException", _ELSEWHERE)
    in_strategy = [item["capacityProvider"] for item in strategy]
    if set(in_strategy) - set(names):
        raise RefusedError("InvalidParameterException", task_placement.NOT_ASSOCIATED)
    task_placement.check_not_mixed(in_strategy)
    for name in set(cluster.get("capacityProviders") or ()) - set(names):
        if any(
            task["clusterArn"] == cluster["clusterArn"]
            and task["capacityProviderName"] == name
            and task["lastStatus"] != "STOPPED"
            for task in list(ecs._tasks.values())
        ):
            raise RefusedError("ResourceInUseException", _IN_USE)
    return _put_as_shipped(request)


def list_container_instances(request: Request, instances: ContainerInstances) -> Response:
    """ListContainerInstances, all on one page. Raises RefusedError."""
    cluster = find_cluster(request)
    if request.get("filter") or request.get("status") not in (None, "ACTIVE"):
        raise RefusedError("InvalidParameterException", "The sandbox does not simulate filters of instances.")
    found = instances.of(cluster.get("capacityProviders") or ())
    arns = [task_placement.instance_arn(cluster["clusterArn"], one) for one in found]
    return json_response({"containerInstanceArns": arns})


def describe_container_instances(request: Request, instances: ContainerInstances) -> Response:
    """DescribeContainerInstances. Raises RefusedError."""
    cluster = find_cluster(request)
    asked = request.get("containerInstances") or []
    if not 1 <= len(asked) <= 100:
        raise RefusedError("InvalidParameterException", "Container instances must be 1 to 100.")
    known = {one.number: one for one in instances.of(cluster.get("capacityProviders") or ())}
    shown, failures = [], []
    for reference in asked:
        instance = known.get(reference.rpartition("/")[2])
        if instance is None:
            failures.append({"arn": reference, "reason": "MISSING"})
        else:
            shown.append(_shown(instance, cluster["clusterArn"]))
    return json_response({"containerInstances": shown, "failures": failures})


def _shown(instance: Instance, cluster_arn: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html"""
    cpu, memory, _ = instance.free
    attributes = [
        {"name": name, **({"value": value} if value else {})} for name, value in sorted(instance.attributes.items())
    ]
    return {
        "containerInstanceArn": task_placement.instance_arn(cluster_arn, instance),
        "ec2InstanceId": instance.ec2_id,
        "capacityProviderName": instance.provider,
        "status": "ACTIVE",
        "agentConnected": True,
        "registeredResources": _resources(instance.cpu_units, instance.memory_mib),
        "remainingResources": _resources(cpu, memory),
        "runningTasksCount": len(instance.needs),
        "pendingTasksCount": 0,
        "attributes": attributes,
    }


def _resources(cpu_units: int, memory_mib: int) -> list[dict[str, Any]]:
    return [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu_units},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory_mib},
    ]


def _scales_elsewhere(name: str, cluster: dict[str, Any]) -> bool:
    """Whether a provider with managed scaling is another cluster's: it can be of one only.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-auto-scaling.html
    """
    if name in task_placement.FARGATE_PROVIDERS or not task_placement.scales(name):
        return False
    return any(
        name in (other.get("capacityProviders") or ())
        for other in list(ecs._clusters.values())
        if other["clusterArn"] != cluster["clusterArn"] and other["status"] == "ACTIVE"
    )
