"""The stacks' own jobs on seeded data, with the environment and the rights that each stack gives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import boto3
import pytest

from sandbox.seed import HISTORY, seed
from spec.load import load_stack
from spec.stack import StackSpec
from tests.waiting import until

ROOT = Path(__file__).parent.parent


# In regions of their own, or cleanup would find the snapshots of other tests.
REGIONS = {"dev": "ap-south-1", "prod": "ap-southeast-2"}


@pytest.fixture(scope="module")
def seeded(aws_without_buckets) -> Callable[[str], tuple[StackSpec, datetime]]:
    """Seeds a stack by its name; gives it, and the moment from which its schedules could be played."""
    clock = aws_without_buckets.clock

    def advance_to(moment: float) -> bool:
        # What earlier tests have left may have something to do at any of these times.
        return until(clock, lambda: clock.advance_to(moment), lambda: "nothing works")

    # Once each, in whatever order the tests come: a bucket is made once.
    @cache
    def seeded_stack(name: str) -> tuple[StackSpec, datetime]:
        stack = load_stack(ROOT, name)
        first = datetime.fromtimestamp(clock.now(), UTC).replace(microsecond=0) + HISTORY + timedelta(days=1)

        def client(service: str):
            return boto3.client(
                service,
                region_name=REGIONS[name],
                endpoint_url=aws_without_buckets.endpoint,
                aws_access_key_id=aws_without_buckets.access_key,
                aws_secret_access_key=aws_without_buckets.secret_key,
            )

        environments = {job.name: job.environment for job in stack.jobs}
        seed(client, environments, first, first + timedelta(days=1), advance_to)
        return stack, first

    return seeded_stack


@pytest.mark.parametrize("stack_name", REGIONS)
@pytest.mark.parametrize(
    ("name", "says"),
    [("daily-rollup", "rolled up "), ("bucket-inventory", "counted "), ("snapshot-cleanup", "delete")],
)
def test_a_job_runs_to_its_end_in_each_stack(seeded, processes, stack_name, name, says) -> None:
    stack, first = seeded(stack_name)
    job = stack.job(name)
    permissions = [{"actions": list(item.actions), "resources": list(item.resources)} for item in job.permissions]
    scheduled = {"LONGHAUL_SCHEDULED_TIME": f"{first + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"}
    finished = processes.run(name, {**job.environment, "AWS_REGION": REGIONS[stack_name], **scheduled}, permissions)
    assert finished.exit_code == 0, finished.last_message
    assert says in finished.last_message
    for nothing in ("rolled up 0 ", "counted 0 ", "delete 0 ", "deleted 0 "):
        assert nothing not in finished.last_message
