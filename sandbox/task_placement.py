"""Where RunTask places a task: on Fargate, or on an EC2 instance behind a capacity provider.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.services import ecs

from sandbox.cluster_query import conditions
from sandbox.container_instances import ContainerInstances, Instance, Need
from sandbox.ecs_refusals import RefusedError, Request
from sandbox.errors import TaskStartError
from sandbox.task_definitions import size_of

if TYPE_CHECKING:
    from sandbox.clock import Wake

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
QUEUE_IS_FULL = "Tasks provisioning capacity limit exceeded."
_MIXED = (
    "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate "
    "providers. Specify one or the other and try again."
)
NOT_ASSOCIATED = (
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the "
    "cluster. Associate the capacity provider with the cluster and try again."
)
_UNKNOWN = "The specified capacity provider does not exist. Specify a valid name or ARN and try again."
_BOTH = "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
_NO_INSTANCES = "No Container Instances were found in your cluster."
_ARCHITECTURES = {"X86_64": "x86_64", "ARM64": "arm64"}
_MOST_CONSTRAINTS, _MOST_STRATEGIES = 10, 5
_FIELDS = {"binpack": ("cpu", "memory"), "random": ("",)}


@dataclass(frozen=True)
class Capacity:
    """What a task is to run on: a launch type, and the capacity provider if one was chosen."""

    launch_type: str
    provider: str | None

    @property
    def on_ec2(self) -> bool:
        return self.launch_type == "EC2"


@dataclass(kw_only=True)
class Room:
    """The room on an instance that one task has, or waits for.

    Attributes:
        instances: all there are.
        provider, need: what the task asks for.
        wake: set when it has it; None when it had it at once.
    """

    instances: ContainerInstances
    provider: str
    need: Need
    wake: Wake | None = field(default=None)

    def take(self, task: dict[str, Any]) -> list[dict[str, str]]:
        """Take room for a task, or line up for it; gives RunTask's failures where it can do neither.

        Raises RefusedError when too many tasks of the cluster wait already.
        """
        arn, cluster_arn = task["taskArn"], task["clusterArn"]
        instance = self.instances.place(arn, self.provider, self.need)
        if instance is not None:
            show_instance(task, instance)
            return []
        if not scales(self.provider):
            return failures(self.instances.what_lacks(self.provider, self.need), cluster_arn, self.provider)
        if not self.instances.may_wait(cluster_arn):
            # https://github.com/aws/aws-sdk-ruby/issues/3047
            raise RefusedError("ClientException", QUEUE_IS_FULL)
        self.wake = self.instances.line_up(arn, cluster_arn, self.provider, self.need)
        return []

    def wait(self, task: dict[str, Any], is_to_stop: Callable[[], bool]) -> bool:
        """Wait until the task has room; False when it is stopped before. Raises TaskStartError when it never has."""
        if self.wake is None:
            return True
        instance = self.instances.wait(task["taskArn"], is_to_stop)
        if instance is not None:
            show_instance(task, instance)
            return True
        if is_to_stop():
            return False
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
        raise TaskStartError(f"TaskFailedToStart: {self.instances.why_it_waited(self.provider, self.need)}")

    def leave(self, task_arn: str) -> None:
        """Give it back."""
        self.instances.free(task_arn)


def capacity(request: Request, cluster: Mapping[str, Any], definition: Mapping[str, Any]) -> Capacity:
    """What a task runs on. Raises RefusedError for what ECS refuses."""
    strategy, launch_type = request.get("capacityProviderStrategy") or (), request.get("launchType")
    if strategy and launch_type:
        _refuse(_BOTH)
    if not strategy and not launch_type:
        strategy = cluster.get("defaultCapacityProviderStrategy") or ()
    for item in strategy:
        if not is_known(item["capacityProvider"]):
            _refuse(_UNKNOWN)
        if item["capacityProvider"] not in cluster.get("capacityProviders", ()):
            _refuse(NOT_ASSOCIATED)
    check_not_mixed([item["capacityProvider"] for item in strategy])
    if not strategy and launch_type != "FARGATE":
        # Here all instances are behind capacity providers.
        _refuse(_NO_INSTANCES)
    found = Capacity(*ecs._task_capacity(launch_type, strategy))
    if found.launch_type not in definition["requiresCompatibilities"]:
        _refuse(f"Task definition does not support launch_type {found.launch_type}.")
    if found.on_ec2 and request.get("platformVersion"):
        _refuse("The platform version must be null when specifying an EC2 launch type.")
    if not found.on_ec2 and (request.get("placementConstraints") or request.get("placementStrategy")):
        _refuse("Placement constraints and strategies are not supported with FARGATE launch type.")
    return found


def need(request: Request, definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> Need:
    """What a task asks of an EC2 instance. Raises RefusedError for what ECS refuses."""
    containers = definition["containerDefinitions"]
    # Without a size of its own, a task reserves what its containers do.
    sizes = {
        name: size_of(name, overrides.get(name) or definition.get(name))
        or sum(one.get(name) or 0 for one in containers)
        for name in ("cpu", "memory")
    }
    architecture = (definition.get("runtimePlatform") or {}).get("cpuArchitecture")
    constraints = [*(definition.get("placementConstraints") or ()), *(request.get("placementConstraints") or ())]
    if len(constraints) > _MOST_CONSTRAINTS:
        _refuse(f"placementConstraints can have at most {_MOST_CONSTRAINTS} items.")
    found = []
    for constraint in constraints:
        if constraint.get("type") != "memberOf":
            _refuse(f"The sandbox does not simulate placement constraints of the type {constraint.get('type')}.")
        try:
            found += conditions(constraint.get("expression") or "")
        except ValueError as error:
            _refuse(f"Invalid placement constraint: {error}")
    return Need(
        cpu_units=sizes["cpu"],
        memory_mib=sizes["memory"],
        network_interfaces=int(definition.get("networkMode") == "awsvpc"),
        attributes={"ecs.cpu-architecture": _ARCHITECTURES[architecture]} if architecture else {},
        conditions=tuple(found),
        strategies=tuple(_strategies(request)),
    )


def is_known(provider: str) -> bool:
    """Whether there is a capacity provider of that name."""
    return provider in FARGATE_PROVIDERS or provider in ecs._capacity_providers


def check_not_mixed(providers: list[str]) -> None:
    """Raises RefusedError for a strategy with both kinds of provider."""
    if len({provider in FARGATE_PROVIDERS for provider in providers}) > 1:
        _refuse(_MIXED)


def scales(provider: str) -> bool:
    """Whether ECS manages how many instances a provider has: then tasks wait for them."""
    managed = ecs._capacity_providers[provider]["autoScalingGroupProvider"].get("managedScaling") or {}
    return managed.get("status") == "ENABLED"


def show_instance(task: dict[str, Any], instance: Instance) -> None:
    """Show in MiniStack's record of a task where it is."""
    task["containerInstanceArn"] = instance_arn(task["clusterArn"], instance)
    zone = instance.attributes.get("ecs.availability-zone")
    if zone is not None:
        task["availabilityZone"] = zone


def instance_arn(cluster_arn: str, instance: Instance) -> str:
    """Its ARN as a container instance of a cluster."""
    return f"{cluster_arn.replace(':cluster/', ':container-instance/')}/{instance.number}"


def failures(lacks: list[tuple[Instance, str]], cluster_arn: str, provider: str) -> list[dict[str, str]]:
    """What RunTask answers when no instance has room and none will come."""
    if not lacks:
        arn = ecs._capacity_providers[provider]["capacityProviderArn"]
        return [{"arn": arn, "reason": "EMPTY CAPACITY PROVIDER"}]
    return [{"arn": instance_arn(cluster_arn, one), "reason": lack} for one, lack in lacks]


def _strategies(request: Request) -> list[tuple[str, str]]:
    given = request.get("placementStrategy") or ()
    if len(given) > _MOST_STRATEGIES:
        _refuse(f"placementStrategy can have at most {_MOST_STRATEGIES} items.")
    found = []
    for item in given:
        kind, of = item.get("type"), item.get("field") or ""
        if kind == "spread":
            known = of in ("instanceId", "host") or of.startswith("attribute:")
        else:
            known = of.lower() in _FIELDS.get(kind, ())
        if not known:
            _refuse(f"Invalid placement strategy: {kind} has no field {of!r}.")
        found.append((kind, of))
    return found


def _refuse(message: str) -> None:
    raise RefusedError("InvalidParameterException", message)
