"""Many jobs that are due in the same minute: none is lost where RunTask is throttled and has no room, none runs twice.

Of 500 jobs with 20 calls a second, which take longer than a test may, `python -m bench.contention` tells the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.contention import deployed, jobs_of_one_minute, storm
from sandbox.deploy import Deployment
from sandbox.local_aws import LocalAws

JOBS = 50
A_SECOND = 2
"""For fifty jobs what 20 a second are for 500."""


@pytest.fixture
def deployment(local_aws: LocalAws) -> Iterator[Deployment]:
    with deployed(local_aws, jobs_of_one_minute(JOBS)) as deployment:
        yield deployment


def test_all_jobs_of_a_minute_run_once(local_aws: LocalAws, deployment: Deployment) -> None:
    came = storm(local_aws, deployment, a_second=A_SECOND, seed=5)

    assert sorted(job for job, _, _ in came.runs) == sorted(deployment.outputs["stateMachines"])
    assert {(status, output["status"], output["attempts"]) for _, status, output in came.runs} == {
        ("SUCCEEDED", "SUCCEEDED", 1)
    }
    assert came.tasks == JOBS
    # They asked in the same second, and each call that was not let through used the infrastructure's budget.
    assert came.throttled >= JOBS - A_SECOND
    assert came.refused > 0
    assert sum(output["startRetries"] for _, _, output in came.runs) == came.throttled + came.refused
