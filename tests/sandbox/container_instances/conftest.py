"""Clusters with EC2 instances behind a capacity provider of their own."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.faults import Faults
from tests.sandbox.conftest import TaskPlace
from tests.sandbox.refusals import refusal

TO_THE_END = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(1000)")


@dataclass(frozen=True)
class Warehouse:
    """A place whose cluster has EC2 instances behind a capacity provider of its own."""

    place: TaskPlace
    provider: str

    def register(self, *command: str, **task: Any) -> str:
        """A task definition for EC2 instances, of half an instance's memory."""
        task = {"cpu": None, "memory": "1024", "networkMode": "bridge", **task, "requiresCompatibilities": ["EC2"]}
        return self.place.register(*command, task=task)

    def call(self, definition: str, **request: Any) -> dict[str, Any]:
        """RunTask's answer."""
        strategy = [{"capacityProvider": self.provider, "weight": 1}]
        given = {
            "cluster": self.place.cluster,
            "taskDefinition": definition,
            "capacityProviderStrategy": strategy,
            **request,
        }
        return self.place.aws.client("ecs").run_task(**{k: v for k, v in given.items() if v is not None})

    def refusal(self, definition: str, **request: Any) -> tuple[str, str]:
        """The code and the message with which RunTask is refused."""
        return refusal(self.call, definition, **request)

    def run(self, definition: str, **request: Any) -> str:
        """The ARN of a task that was accepted."""
        answer = self.call(definition, **request)
        assert answer["failures"] == []
        return answer["tasks"][0]["taskArn"]

    def stop(self, task_arn: str) -> dict[str, Any]:
        """The task once it was stopped."""
        self.place.aws.client("ecs").stop_task(cluster=self.place.cluster, task=task_arn, reason="enough")
        return self.place.finish(task_arn)


def make_warehouse(place: TaskPlace, scaling: str) -> Warehouse:
    ecs, provider = place.aws.client("ecs"), f"warehouse-{secrets.token_hex(4)}"
    group = f"arn:aws:autoscaling:{place.aws.region}:{place.aws.account}:autoScalingGroup:1:autoScalingGroupName/w"
    ecs.create_capacity_provider(
        name=provider, autoScalingGroupProvider={"autoScalingGroupArn": group, "managedScaling": {"status": scaling}}
    )
    ecs.put_cluster_capacity_providers(
        cluster=place.cluster, capacityProviders=["FARGATE", provider], defaultCapacityProviderStrategy=[]
    )
    return Warehouse(place, provider)


@pytest.fixture
def faults(place: TaskPlace) -> Iterator[Faults]:
    """The faults of the local AWS, gone after the test."""
    yield place.aws.faults
    place.aws.faults.clear()


@pytest.fixture
def fixed(place: TaskPlace) -> Warehouse:
    """A provider whose instances nobody manages: one of 2 GiB."""
    made = make_warehouse(place, "DISABLED")
    place.aws.container_instances.register(made.provider, 1, cpu_units=1024, memory_mib=2048)
    return made


@pytest.fixture
def scaled(place: TaskPlace) -> Warehouse:
    """A provider with managed scaling, at its maximum: one instance of 2 GiB."""
    made = make_warehouse(place, "ENABLED")
    place.aws.container_instances.register(made.provider, 1, cpu_units=1024, memory_mib=2048)
    return made
