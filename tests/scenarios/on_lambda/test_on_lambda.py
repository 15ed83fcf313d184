"""The table of what happens to runs on Lambda, row by row, on deployed machines: real processes, exit codes, locks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.scenarios.on_lambda.rows import SCENARIOS
from tests.scenarios.on_lambda.scene import FunctionScene
from tests.scenarios.on_lambda.stack import FunctionStack
from tests.scenarios.scenario import Scenario
from tests.scenarios.steps import ends
from tests.scenarios.test_scenarios import check_end


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionStack]:
    jobs = [fields for scenario in SCENARIOS for fields in scenario.jobs.values()]
    stack = FunctionStack(local_aws, tmp_path_factory.mktemp("functions"), jobs)
    yield stack
    stack.destroy()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(stack: FunctionStack, tmp_path: Path, scenario: Scenario) -> None:
    scene = FunctionScene(stack, scenario.jobs, tmp_path)
    scene.begin()
    try:
        for step in scenario.steps:
            step(scene)
        for run in scenario.ends:
            ends(run)(scene)
        assert scene.runs.keys() == scenario.ends.keys()
        for run, end in scenario.ends.items():
            check_end(scene, run, end)
        for called in scenario.jobs:
            assert scene.line(called) == [scene.runs[run] for run in scenario.left]
        if scenario.is_exclusive:
            check_one_at_a_time(scene, scenario)
    finally:
        scene.end()


def check_one_at_a_time(scene: FunctionScene, scenario: Scenario) -> None:
    """That no two invocations of jobs that share a lock were there at the same time."""
    scene.until(lambda: scene.clock.wait_idle(0), "all functions have ended")
    found = sorted(
        (each for called in scenario.jobs for each in scene.invocations(scene.job(called))),
        key=lambda each: each.began,
    )
    for one, other in pairwise(found):
        assert one.ended <= other.began, found
