"""The table of what happens to runs in a cluster, row by row, on deployed machines: real processes and exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.scenarios.in_cluster.rows import SCENARIOS
from tests.scenarios.in_cluster.scene import ClusterScene, ClusterStack
from tests.scenarios.playing import played, told_details
from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import WAITS, ends, is_ready, opens, redrives, start, stops_execution


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterStack]:
    jobs = [fields for scenario in SCENARIOS for fields in scenario.jobs.values()]
    stack = ClusterStack(local_aws, tmp_path_factory.mktemp("pods"), jobs)
    yield stack
    stack.destroy()


@pytest.fixture
def scene(stack: ClusterStack, tmp_path: Path) -> Iterator[ClusterScene]:
    """A scene of a job that says nothing beyond what it must."""
    scene = ClusterScene(stack, {"job": {}}, tmp_path)
    scene.begin()
    yield scene
    scene.end()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(stack: ClusterStack, tmp_path: Path, scenario: Scenario) -> None:
    scene = ClusterScene(stack, scenario.jobs, tmp_path)
    with played(scene, scenario):
        assert not scene.is_at_work()


def test_a_cause_is_one_that_programs_read(scene: ClusterScene) -> None:
    for step in (start(script="echo bad; exit 3"), ends()):
        step(scene)
    details = told_details(scene.describe("run"))
    assert details["kubernetesJob"] == f"batch/{scene.names('run')[0]}"
    assert (details["exitCode"], details["log"]) == (3, "bad\n")


def test_a_redrive_runs_in_a_job_of_its_own(scene: ClusterScene) -> None:
    for step in (start(script=WAITS), is_ready(), stops_execution(), opens(), redrives(), ends()):
        step(scene)
    told = scene.describe("run")
    assert (told["status"], told["redriveCount"]) == ("SUCCEEDED", 1), told
    first, second = scene.names("run")
    assert first != second
