"""A row of a table of scenarios as it is played, and what is looked at of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.scenarios.scenario import End, Scenario, matches
from tests.scenarios.scene import Scene
from tests.scenarios.steps import ends


@contextmanager
def played(scene: Scene, scenario: Scenario) -> Iterator[None]:
    """Play a row to the ends of its runs, which are as it says; what is beyond that is looked at within."""
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
        yield
    finally:
        scene.end()


def check_end(scene: Scene, run: str, end: End) -> None:
    told = scene.describe(run)
    details = told_details(told)
    assert outcome(told, details) == end.outcome, told.get("cause")
    states = scene.states(run)
    assert matches(end.path, states), "\n".join(states)
    assert (details.get("attempts"), details.get("startRetries")) == (end.attempts, end.start_retries)
    assert scene.ran_on(run) == list(end.tasks)
    assert end.says in (told.get("cause") or told["output"])
    assert details.get("because") == (scene.runs[end.because] if end.because else None)


def told_details(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the machine itself tells of the run: nothing of one that was stopped."""
    text = told.get("output") or told.get("cause", "").partition("\n")[2]
    return json.loads(text) if text else {}


def outcome(told: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    if told["status"] == "SUCCEEDED":
        return details["status"]
    return told["error"] if told["status"] == "FAILED" else f"{told['status']} {told['error']}"
