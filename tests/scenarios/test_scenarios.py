"""The table of what happens to runs, row by row, on deployed machines: real processes, exit codes, roles and locks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from definitions import names
from definitions.outcome import Outcome
from sandbox.local_aws import LocalAws
from tests.scenarios import attempts, instances, redrives, results, rivals, times
from tests.scenarios.on_lambda import rows
from tests.scenarios.playing import played
from tests.scenarios.scenario import Scenario, names_of
from tests.scenarios.scene import Scene
from tests.scenarios.stack import Stack

SCENARIOS: list[Scenario] = [
    *attempts.SCENARIOS,
    *rivals.SCENARIOS,
    *times.SCENARIOS,
    *redrives.SCENARIOS,
    *results.SCENARIOS,
    *instances.SCENARIOS,
]


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    jobs = [fields for scenario in SCENARIOS for fields in scenario.jobs.values()]
    stack = Stack(local_aws, tmp_path_factory.mktemp("scenes"), jobs)
    yield stack
    stack.destroy()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(stack: Stack, tmp_path: Path, scenario: Scenario) -> None:
    scene = Scene(stack, scenario.jobs, tmp_path)
    with played(scene, scenario):
        check_tasks(scene, scenario)


def check_tasks(scene: Scene, scenario: Scenario) -> None:
    """That they are as many at a time as the row's lock allows, and come in its order."""
    tasks = {run: scene.tasks(run) for run in scene.runs}
    started = [tasks[run][0]["createdAt"] for run in scenario.order]
    assert started == sorted(started)
    if not scenario.is_exclusive:
        return
    spans: list[tuple[datetime, datetime]] = sorted(
        (task["createdAt"], task["stoppedAt"]) for each in tasks.values() for task in each
    )
    for (_, one_stopped), (other_started, _) in pairwise(spans):
        assert one_stopped <= other_started, spans


def test_every_outcome_and_every_state_has_a_row() -> None:
    expected = [end for scenario in (*SCENARIOS, *rows.SCENARIOS) for end in scenario.ends.values()]
    assert {end.outcome for end in expected} >= {outcome.value for outcome in Outcome}
    passed = set().union(*(names_of(end.path) for end in expected))
    every = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    # Two runs change the line between each other's look and step: chance, which a row cannot arrange.
    assert every - passed == {names.WAIT_A_MOMENT}
