"""EC2 instances behind capacity providers: what room they have, and the tasks that wait for some.

The instances of a provider are registered with every cluster that the provider is associated with. There are as many as
were registered, whatever a task asks for: an Auto Scaling group that is at its maximum.
"""

from __future__ import annotations

import secrets
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import Clock, Wake
from sandbox.cluster_query import Condition

CAPABILITIES: Mapping[str, str] = {
    "ecs.os-type": "linux",
    "ecs.cpu-architecture": "x86_64",
    "ecs.instance-type": "m5.large",
    "ecs.capability.task-eni": "",
}
"""Attributes of an instance unless it is registered with others."""

MOST_PROVISIONING = 500
"""Tasks in PROVISIONING a cluster: https://docs.aws.amazon.com/general/latest/gr/ecs-service.html"""
WAITING_SECONDS = 30 * 60
"""How long a task waits for an instance. AWS promises nothing; said is 10 to 30 minutes:
https://aws.amazon.com/blogs/containers/deep-dive-on-amazon-ecs-cluster-auto-scaling/"""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a task asks of an instance.

    Attributes:
        cpu_units, memory_mib: how much it reserves.
        network_interfaces: 1 for a task with a network interface of its own, else 0.
        attributes: what an instance must have, with these values.
        conditions: what else must be true of it.
        strategies: pairs of a strategy and its field, as RunTask names them.
    """

    cpu_units: int
    memory_mib: int
    network_interfaces: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    conditions: Sequence[Condition] = ()
    strategies: Sequence[tuple[str, str]] = ()


@dataclass(kw_only=True, eq=False)
class Instance:
    """One container instance.

    Attributes:
        number: the last part of its ARN.
        ec2_id: the id of the EC2 instance.
        provider: the capacity provider that it is behind.
        cpu_units, memory_mib, network_interfaces: what tasks can have of it.
        attributes: what is known of it.
    """

    provider: str
    cpu_units: int
    memory_mib: int
    network_interfaces: int
    attributes: Mapping[str, str]
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    ec2_id: str = field(default_factory=lambda: f"i-{secrets.token_hex(8)[:17]}")
    needs: dict[str, Need] = field(default_factory=dict)

    @property
    def free(self) -> tuple[int, int, int]:
        """CPU units, MiB and network interfaces that no task has."""
        taken = self.needs.values()
        return (
            self.cpu_units - sum(need.cpu_units for need in taken),
            self.memory_mib - sum(need.memory_mib for need in taken),
            self.network_interfaces - sum(need.network_interfaces for need in taken),
        )

    def lacks(self, need: Need) -> str | None:
        """Why a task cannot be placed here, as AWS says it; None when it can.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
        """
        if any(self.attributes.get(name) != value for name, value in need.attributes.items()):
            return "ATTRIBUTE"
        if not all(condition.holds(self.attributes) for condition in need.conditions):
            return "MemberOf placement constraint unsatisfied."
        asked = need.cpu_units, need.memory_mib, need.network_interfaces
        for name, wanted, free in zip(("CPU", "MEMORY", "ENI"), asked, self.free, strict=True):
            if wanted > free:
                return f"RESOURCE:{name}"
        return None


@dataclass(eq=False)
class _Waiting:
    task_arn: str
    cluster_arn: str
    provider: str
    need: Need
    placed: Instance | None = None
    wake: Wake = field(default_factory=Wake)


class ContainerInstances:
    """The instances of an account, and where its tasks are.

    Args:
        clock: what waiting is told by.

    Attributes:
        most_provisioning: how many tasks of a cluster may wait at once.
        waiting_seconds: how long each may.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._instances: list[Instance] = []
        self._waiting: list[_Waiting] = []
        self.most_provisioning = MOST_PROVISIONING
        self.waiting_seconds = float(WAITING_SECONDS)

    def register(
        self,
        provider: str,
        count: int,
        *,
        cpu_units: int = 2048,
        memory_mib: int = 7680,
        network_interfaces: int = 2,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Start instances behind a provider.

        Args:
            provider: its name.
            count: how many.
            cpu_units: what tasks can have of each; else what an m5.large has.
            memory_mib: likewise; an m5.large keeps some of its 8 GiB for itself.
            network_interfaces: how many tasks with one of their own each can hold.
            attributes: beside those of CAPABILITIES, or in their place.
        """
        with self._lock:
            self._instances += [
                Instance(
                    provider=provider,
                    cpu_units=cpu_units,
                    memory_mib=memory_mib,
                    network_interfaces=network_interfaces,
                    attributes={**CAPABILITIES, **(attributes or {})},
                )
                for _ in range(count)
            ]
            self._place_who_waits()

    def of(self, providers: Sequence[str]) -> list[Instance]:
        """The instances behind these providers."""
        with self._lock:
            return [instance for instance in self._instances if instance.provider in providers]

    def place(self, task_arn: str, provider: str, need: Need) -> Instance | None:
        """Have a task take its room on an instance; None when none has it."""
        with self._lock:
            return self._place(task_arn, provider, need)

    def what_lacks(self, provider: str, need: Need) -> list[tuple[Instance, str]]:
        """Each instance of a provider, and why a task cannot be placed there."""
        with self._lock:
            behind = [instance for instance in self._instances if instance.provider == provider]
            return [(one, lack) for one in behind if (lack := one.lacks(need)) is not None]

    def may_wait(self, cluster_arn: str) -> bool:
        """Whether one more task of a cluster may wait."""
        with self._lock:
            return sum(one.cluster_arn == cluster_arn for one in self._waiting) < self.most_provisioning

    def line_up(self, task_arn: str, cluster_arn: str, provider: str, need: Need) -> Wake:
        """Have a task wait for room; gives what is set when it has some. `wait` then has to be called."""
        waiting = _Waiting(task_arn, cluster_arn, provider, need)
        with self._lock:
            self._waiting.append(waiting)
        return waiting.wake

    def wait(self, task_arn: str, is_to_stop: Callable[[], bool]) -> Instance | None:
        """Wait until a task that is lined up has an instance; None when it has waited too long, or is to stop.

        Args:
            task_arn: the task.
            is_to_stop: whether it has been stopped meanwhile: to be told, set what `line_up` gave.
        """
        with self._lock:
            waiting = next(one for one in self._waiting if one.task_arn == task_arn)
        self._clock.wait(self._clock.now() + self.waiting_seconds, waiting.wake)
        with self._lock:
            self._waiting.remove(waiting)
            if waiting.placed is not None and is_to_stop():
                self._free(task_arn)
                return None
            return waiting.placed

    def why_it_waited(self, provider: str, need: Need) -> str:
        """Why a task that waited in vain could not be placed: what the last of the instances lacks."""
        lacks = self.what_lacks(provider, need)
        return lacks[-1][1] if lacks else "EMPTY CAPACITY PROVIDER"

    def free(self, task_arn: str) -> None:
        """Give back what a task has taken, if it has; who waits is placed."""
        with self._lock:
            self._free(task_arn)

    def _free(self, task_arn: str) -> None:
        for instance in self._instances:
            instance.needs.pop(task_arn, None)
        self._place_who_waits()

    def _place_who_waits(self) -> None:
        for waiting in self._waiting:
            if waiting.placed is None and not waiting.wake.is_set():
                waiting.placed = self._place(waiting.task_arn, waiting.provider, waiting.need)
                if waiting.placed is not None:
                    waiting.wake.set()

    def _place(self, task_arn: str, provider: str, need: Need) -> Instance | None:
        behind = [instance for instance in self._instances if instance.provider == provider]
        candidates = [instance for instance in behind if instance.lacks(need) is None]
        if not candidates:
            return None
        best = min(candidates, key=lambda instance: list(_ranks(instance, behind, need.strategies)))
        best.needs[task_arn] = need
        return best


def _ranks(instance: Instance, behind: Sequence[Instance], strategies: Sequence[tuple[str, str]]) -> Iterator[Any]:
    """The lower, the sooner: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html

    `random` ranks nothing: the first is as good as any.
    """
    cpu, memory, _ = instance.free
    for strategy, of in strategies:
        if strategy == "binpack":
            yield cpu if of.lower() == "cpu" else memory
        elif strategy == "spread" and of in ("instanceId", "host"):
            yield len(instance.needs)
        elif strategy == "spread":
            name = of.removeprefix("attribute:")
            tasks = Counter[str | None]()
            for one in behind:
                tasks[one.attributes.get(name)] += len(one.needs)
            yield tasks[instance.attributes.get(name)]
