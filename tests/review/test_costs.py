"""What a run costs, reckoned by hand from AWS's price pages for us-east-1."""

from typing import Any

import pytest

from review.costs import run_dollars, transitions
from spec.job import JobSpec

# 1 vCPU and 2 GB for an hour: 0.04048 + 2 * 0.004445; three transitions at 0.025 for a thousand.
HOUR_ON_FARGATE = 0.04937
THREE_TRANSITIONS = 0.000075


def job(**fields: Any) -> JobSpec:
    said = {"name": "nightly", "image": "alpine", "entrypoint": ["true"], "timeout": "10m", "overlap": "allow"}
    return JobSpec.model_validate({**said, "cpu": 1024, "memory": 2048, "schedule": "rate(1 day)", **fields})


@pytest.mark.parametrize(
    ("fields", "seconds", "dollars"),
    [
        ({}, 3600, HOUR_ON_FARGATE + THREE_TRANSITIONS),
        # A minute at least.
        ({}, 1, HOUR_ON_FARGATE / 60 + THREE_TRANSITIONS),
        ({"ephemeralStorage": 120}, 3600, HOUR_ON_FARGATE + 0.0111 + THREE_TRANSITIONS),
        ({"architecture": "arm64"}, 3600, 0.03238 + 2 * 0.00356 + THREE_TRANSITIONS),
        ({"runOn": "task"}, 3600, HOUR_ON_FARGATE),
        # 2 GB for a second: 2 * 0.0000166667; a request: 0.20 for a million.
        ({"runOn": "lambda"}, 1, 0.0000333334 + 0.0000002 + THREE_TRANSITIONS),
        # By the millisecond.
        ({"runOn": "lambda"}, 0.5, 0.0000166667 + 0.0000002 + THREE_TRANSITIONS),
        ({"runOn": {"kind": "ec2", "capacityProvider": "warehouse"}}, 3600, THREE_TRANSITIONS),
        ({"runOn": {"kind": "kubernetes", "cluster": "analytics"}}, 3600, THREE_TRANSITIONS),
    ],
)
def test_a_run_costs_its_time_and_its_transitions(fields: dict[str, Any], seconds: float, dollars: float) -> None:
    assert run_dollars(job(**fields), seconds, public_ip=False) == pytest.approx(dollars, rel=1e-4)


@pytest.mark.parametrize("where", ["fargate", "task"])
def test_a_public_address_is_paid_by_the_hour(where: str) -> None:
    one = job(runOn=where)

    without = run_dollars(one, 3600, public_ip=False)
    assert without is not None
    assert run_dollars(one, 3600, public_ip=True) == pytest.approx(without + 0.005)


def test_a_lambda_function_has_no_address_of_its_own() -> None:
    one = job(runOn="lambda")

    assert run_dollars(one, 60, public_ip=True) == run_dollars(one, 60, public_ip=False)


@pytest.mark.parametrize(
    ("overlap", "count"),
    [("allow", 3), ("skip", 5), ("queue", 5), ("replace", 5), ({"policy": "allow", "oncePerTime": True}, 4)],
)
def test_the_lock_costs_transitions(overlap: Any, count: int) -> None:
    """As docs/state-machine.md counts them, which a test holds to the machines."""
    assert transitions(job(overlap=overlap)) == count


@pytest.mark.parametrize("fields", [{"steps": [{"name": "one"}]}, {"count": 3}])
def test_what_runs_several_tasks_is_not_reckoned(fields: dict[str, Any]) -> None:
    assert run_dollars(job(**fields), 60, public_ip=False) is None
