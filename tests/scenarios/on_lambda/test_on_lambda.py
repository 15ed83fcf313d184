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
from tests.scenarios.playing import played
from tests.scenarios.scenario import Scenario


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionStack]:
    jobs = [fields for scenario in SCENARIOS for fields in scenario.jobs.values()]
    stack = FunctionStack(local_aws, tmp_path_factory.mktemp("functions"), jobs)
    yield stack
    stack.destroy()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(stack: FunctionStack, tmp_path: Path, scenario: Scenario) -> None:
    scene = FunctionScene(stack, scenario.jobs, tmp_path)
    with played(scene, scenario):
        if scenario.is_exclusive:
            check_one_at_a_time(scene, scenario)


def check_one_at_a_time(scene: FunctionScene, scenario: Scenario) -> None:
    """That no two invocations of jobs that share a lock were there at the same time."""
    scene.until(lambda: scene.clock.wait_idle(0), "all functions have ended")
    found = sorted(
        (each for called in scenario.jobs for each in scene.invocations(scene.job(called))),
        key=lambda each: each.began,
    )
    for one, other in pairwise(found):
        assert one.ended <= other.began, found
