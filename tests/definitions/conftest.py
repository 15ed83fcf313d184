"""A place and a target for the documents of a job."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from spec.job import JobSpec
from tests.definitions.samples import LOG_GROUP


@pytest.fixture(scope="session")
def place() -> Place:
    return Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")


@pytest.fixture(scope="session")
def target() -> RunTarget:
    return RunTarget(
        cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev",
        what_runs="arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-nightly:7",
        subnet_ids=("subnet-0a1b2c3d", "subnet-4e5f6a7b"),
        security_group_ids=("sg-0a1b2c3d",),
        assign_public_ip=True,
        log_group_name=LOG_GROUP,
        lock_table_name="longhaul-dev-locks-0a1b2c3",
        results_bucket="longhaul-dev-results-0a1b2c3",
    )


@pytest.fixture
def machine_of(place: Place, target: RunTarget) -> Callable[[JobSpec], dict[str, Any]]:
    """A job's machine as JSON gives it back: job to definition."""
    return lambda job: json.loads(json.dumps(state_machine(job, place, target)))
