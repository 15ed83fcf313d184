"""The capacity providers that a stack's jobs name: AWS has them already, and so has a sandbox that runs the stack.

Each has managed scaling and a few instances of which any can hold the largest of its jobs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.cluster_query import Condition, conditions

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws
    from spec.job import JobSpec

INSTANCES = 4
"""Of each kind that a provider's jobs ask for."""
_NETWORK_INTERFACES = 8


def provide_instances(aws: LocalAws, containers: Iterable[JobSpec]) -> None:
    """Create the capacity providers of what runs on EC2, with instances that will do for it, where they are not there.

    Args:
        aws: the local AWS.
        containers: what the stack's jobs run, wherever.
    """
    by_provider: dict[str, list[JobSpec]] = defaultdict(list)
    for container in containers:
        if container.run_on.kind == "ec2" and container.run_on.capacity_provider is not None:
            by_provider[container.run_on.capacity_provider].append(container)
    there = {one["name"] for one in aws.client("ecs").describe_capacity_providers()["capacityProviders"]}
    for provider, its_own in by_provider.items():
        if provider in there:
            continue
        group = f"arn:aws:autoscaling:{aws.region}:{aws.account}:autoScalingGroup:1:autoScalingGroupName/{provider}"
        aws.client("ecs").create_capacity_provider(
            name=provider,
            autoScalingGroupProvider={"autoScalingGroupArn": group, "managedScaling": {"status": "ENABLED"}},
        )
        for attributes in {tuple(sorted(_attributes(container).items())) for container in its_own}:
            aws.container_instances.register(
                provider,
                INSTANCES,
                cpu_units=max(container.cpu_units for container in its_own),
                memory_mib=max(container.memory_mib for container in its_own),
                network_interfaces=_NETWORK_INTERFACES,
                attributes=dict(attributes),
            )


def _attributes(container: JobSpec) -> dict[str, str]:
    """What an instance must be like on which the container is placed, as far as its constraints say it plainly."""
    found = {"ecs.cpu-architecture": container.architecture}
    for expression in container.run_on.constraints:
        try:
            asked = conditions(expression)
        except ValueError:
            # RunTask says what is wrong with it.
            continue
        for condition in asked:
            value = _value(condition)
            if condition.holds({condition.name: value}):
                found[condition.name] = value
    return found


def _value(condition: Condition) -> str:
    """A value that is likely to fulfil a condition."""
    if condition.operator == "=~":
        return re.sub(r"[.][*+?]|[\^$]", "", condition.value)
    return condition.value.strip("[]").split(",")[0].strip()
