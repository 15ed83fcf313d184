"""The table of what happens to runs in a cluster, row by row, on deployed machines: real processes and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.scenarios.in_cluster.rows import ROWS, WAITS, Row
from tests.scenarios.in_cluster.scene import Scene, Stack
from tests.scenarios.test_scenarios import outcome, told_details


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(local_aws, tmp_path_factory.mktemp("pods"), [row.job for row in ROWS])
    yield stack
    stack.destroy()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row(stack: Stack, tmp_path: Path, row: Row) -> None:
    scene = Scene(stack, row.job, tmp_path)
    try:
        for step in row.before:
            step(scene)
        scene.start(row.script)
        for step in row.after:
            step(scene)
        scene.until(lambda: scene.describe()["status"] != "RUNNING", "it ends")
        told = scene.describe()
        details = told_details(told)
        assert outcome(told, details) == row.outcome, told.get("cause")
        assert scene.states() == list(row.path)
        assert (details.get("attempts"), details.get("startRetries")) == (row.attempts, row.start_retries)
        assert row.says in (told.get("cause") or told.get("output") or "")
        # Each attempt has a Job of its own.
        assert len(set(scene.names())) == len(scene.names()) == row.jobs
        job = scene.latest()
        assert (job is not None and not job.over.is_set()) == row.runs_on
    finally:
        scene.end()


def test_a_cause_is_one_that_programs_read(stack: Stack, tmp_path: Path) -> None:
    scene = Scene(stack, {}, tmp_path)
    try:
        scene.start("echo bad; exit 3")
        scene.until(lambda: scene.describe()["status"] != "RUNNING", "it ends")
        details = json.loads(scene.describe()["cause"].partition("\n")[2])
    finally:
        scene.end()
    assert details["kubernetesJob"] == f"batch/{scene.names()[0]}"
    assert (details["exitCode"], details["log"]) == (3, "bad\n")


def test_a_redrive_runs_in_a_job_of_its_own(stack: Stack, tmp_path: Path) -> None:
    scene = Scene(stack, {}, tmp_path)
    try:
        scene.start(WAITS)
        scene.until(scene.is_ready, "it is ready")
        scene.aws.client("stepfunctions").stop_execution(executionArn=scene.arn)
        scene.until_left()
        scene.gate.touch()
        scene.aws.client("stepfunctions").redrive_execution(executionArn=scene.arn)
        scene.until(lambda: scene.describe()["status"] != "RUNNING", "it ends")
        told = scene.describe()
        assert (told["status"], told["redriveCount"]) == ("SUCCEEDED", 1), told
        first, second = scene.names()
        assert first != second
    finally:
        scene.end()
