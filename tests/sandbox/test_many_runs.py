"""Two hundred executions of the real jobs at once, as the dev stack deploys them: each ends as its own input says.

Most fail before they load boto3, because a run that succeeds takes half a second of a core and the suite is for
everyday use; `bench/sandbox.py --jobs` has three in four succeed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from ops.runs import Run, log_lines, read_run
from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from sandbox.seed import HISTORY, partition_objects, recorded_week, seed
from spec.load import load_stack

ROOT = Path(__file__).parents[2]
FLIGHTS = "s3://longhaul-dev-flights/flights"
# For settings and input that a job cannot use; each job's README says so.
USAGE = 64


class Case(NamedTuple):
    """One execution: the job, its input, how its last line of log begins, and its exit code."""

    job: str
    input: dict[str, Any]
    last_message: str
    exit_code: int


class Place(NamedTuple):
    """The dev stack with its data, and the day on which the clock stands."""

    aws: LocalAws
    deployment: Deployment
    today: date


def write_project(root: Path) -> None:
    """The project as it is, but for what its jobs do when they meet: here all run at once."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "jobs", root / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    stack = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    for job in stack["config"]["longhaul:jobs"].values():
        job["overlap"] = "allow"
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))


@pytest.fixture(scope="module")
def place(aws_without_buckets: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    aws, root = aws_without_buckets, tmp_path_factory.mktemp("many")
    write_project(root)
    stack = load_stack(ROOT, "dev")
    # The oldest data is made at once, the newest when the clock has come to where the jobs run.
    begin = datetime.fromtimestamp(aws.clock.now(), UTC) + HISTORY + timedelta(minutes=1)
    environments = {job.name: job.environment for job in stack.jobs}
    seed(aws.client, environments, begin, begin + timedelta(days=1), aws.clock.advance_to)
    deployment = deploy(root, "dev", aws)
    yield Place(aws, deployment, begin.date())
    deployment.destroy()


def case(number: int, today: date) -> Case:
    """Three of eight do their job, on the data of one of seven days; the others cannot use their input."""
    day = today - timedelta(days=1 + number % 7)
    match number % 8:
        case 1:
            bodies = [body for _, body in partition_objects(day, recorded_week())]
            counted = f"counted {len(bodies)} objects, {sum(map(len, bodies))} bytes in {FLIGHTS}/day={day}/"
            return Case("bucket-inventory", {"prefix": f"flights/day={day}/"}, counted, 0)
        case 3:
            flights = sum(len(rows) for rows in recorded_week()[day.weekday()].values())
            return Case("daily-rollup", {"date": str(day)}, f"rolled up {flights} flights of {day}", 0)
        case 6:
            # Other tests' snapshots are in this region too.
            return Case("snapshot-cleanup", {}, "would delete ", 0)
    job, name, wrong, wanted = (
        ("bucket-inventory", "prefix", f"day-{number}", "text that ends with '/'"),
        ("daily-rollup", "date", f"day-{number}", "YYYY-MM-DD"),
        ("snapshot-cleanup", "dryRun", number, "true or false"),
    )[number % 3]
    return Case(job, {name: wrong}, f"LONGHAUL_INPUT.{name}: expected {wanted}, found {wrong!r}", USAGE)


def start(place: Place, case: Case) -> Run:
    machine = place.deployment.outputs["stateMachines"][case.job]
    started = place.aws.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps({"input": case.input})
    )
    return read_run(place.aws.client, case.job, started["executionArn"])


def finish(place: Place, started: Run) -> tuple[Run, list[dict[str, Any]]]:
    """The run at its end, and its log."""
    run_to_end(place.aws, started.execution_arn)
    run = read_run(place.aws.client, started.job, started.execution_arn)
    return run, [json.loads(line) for line in log_lines(place.aws.client, run)]


def processes_of_jobs() -> list[str]:
    """The command lines of the processes that this one has started to run a job."""
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    every = [line.split(maxsplit=1) for line in listed.splitlines()]
    return [command for parent, command in every if int(parent) == os.getpid() and " -m " in command]


def test_two_hundred_at_once_all_end_right(place: Place) -> None:
    cases = [case(number, place.today) for number in range(200)]
    with ThreadPoolExecutor(8) as executor:
        started = list(executor.map(start, [place] * len(cases), cases))
    assert {run.status for run in started} == {"RUNNING"}
    assert processes_of_jobs()
    streams = set()
    for expected, beginning in zip(cases, started, strict=True):
        run, log = finish(place, beginning)
        assert (run.exit_code, run.attempts) == (expected.exit_code, 1)
        assert log[-1]["message"].startswith(expected.last_message)
        streams.add((run.log_group, run.log_stream))
        if expected.exit_code == 0:
            assert (run.status, run.error, run.cause) == ("SUCCEEDED", None, None)
            assert run.output["status"] == "SUCCEEDED"
            assert (run.output["job"], run.output["stack"]) == (expected.job, "dev")
            assert log[0]["execution"] == run.execution_arn.rpartition(":")[2]
        else:
            assert (run.status, run.error, run.output) == ("FAILED", "Job.ExitedNonZero", None)
            assert run.cause is not None
            assert f"exited with code {USAGE}" in run.cause
            assert len(log) == 1
    assert len(streams) == len(cases)
    assert processes_of_jobs() == []
