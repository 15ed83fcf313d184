"""Faults that are gone after the test that adds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.faults import Faults
from tests.sandbox.conftest import TaskPlace


@pytest.fixture
def faults(place: TaskPlace) -> Iterator[Faults]:
    """The faults of the local AWS, whose cluster has FARGATE_SPOT too."""
    place.aws.client("ecs").put_cluster_capacity_providers(
        cluster=place.cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    yield place.aws.faults
    place.aws.faults.clear()
