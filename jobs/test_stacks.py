"""The stacks' own jobs on seeded data, with the environment and the rights that each stack gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from sandbox.seed import HISTORY, seed
from spec.load import load_stack

ROOT = Path(__file__).parent.parent


# In regions of their own, or cleanup would find the snapshots of other tests.
REGIONS = {"dev": "ap-south-1", "prod": "ap-southeast-2"}


@pytest.fixture(scope="module", params=REGIONS)
def seeded_stack(request, aws_without_buckets):
    """The stack, the region it is seeded in, and the moment from which its schedules could be played."""
    stack, region = load_stack(ROOT, request.param), REGIONS[request.param]
    clock = aws_without_buckets.clock
    first = datetime.fromtimestamp(clock.now(), UTC).replace(microsecond=0) + HISTORY + timedelta(days=1)

    def client(service: str):
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=aws_without_buckets.endpoint,
            aws_access_key_id=aws_without_buckets.access_key,
            aws_secret_access_key=aws_without_buckets.secret_key,
        )

    seed(client, {job.name: job.environment for job in stack.jobs}, first, first + timedelta(days=1), clock.advance_to)
    return stack, region, first


@pytest.mark.parametrize(
    ("name", "says"),
    [("daily-rollup", "rolled up "), ("bucket-inventory", "counted "), ("snapshot-cleanup", "delete")],
)
def test_a_job_runs_to_its_end_in_each_stack(seeded_stack, processes, name, says) -> None:
    stack, region, first = seeded_stack
    job = stack.job(name)
    permissions = [{"actions": list(item.actions), "resources": list(item.resources)} for item in job.permissions]
    scheduled = {"LONGHAUL_SCHEDULED_TIME": f"{first + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"}
    finished = processes.run(name, {**job.environment, "AWS_REGION": region, **scheduled}, permissions)
    assert finished.exit_code == 0, finished.last_message
    assert says in finished.last_message
    for nothing in ("rolled up 0 ", "counted 0 ", "delete 0 ", "deleted 0 "):
        assert nothing not in finished.last_message
