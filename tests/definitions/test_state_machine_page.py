"""docs/state-machine.md tells what the definition says.

`LONGHAUL_UPDATE_GOLDEN=1 pytest tests/definitions/test_state_machine_page.py` draws its diagram anew.
"""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from definitions.diagram import diagram
from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from spec.job import JobSpec
from tests.definitions.samples import failed, job, task
from tests.definitions.walker import walk

PAGE = Path(__file__).parents[2] / "docs" / "state-machine.md"
UPDATE = os.environ.get("LONGHAUL_UPDATE_GOLDEN") == "1"
FENCE = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
WITH_RETRIES = job(retries={"attempts": 2})


def test_the_diagram_is_drawn_from_the_definition(machine_of: Callable[[JobSpec], dict[str, Any]]) -> None:
    drawn = diagram(machine_of(WITH_RETRIES))
    if UPDATE:
        PAGE.write_text(FENCE.sub(lambda _: drawn, PAGE.read_text("utf-8")), encoding="utf-8")

    assert FENCE.findall(PAGE.read_text("utf-8")) == [drawn]


def test_the_page_lists_every_state_with_its_error(machine_of: Callable[[JobSpec], dict[str, Any]]) -> None:
    rows = re.findall(r"^\| ([^|`]+) \| [^|]+ \| (?:`(Job\.\w+)` )?\|$", PAGE.read_text("utf-8"), re.MULTILINE)

    states = machine_of(WITH_RETRIES)["States"]
    assert {name: error for name, error in rows if name in states} == {
        name: state.get("Error", "") for name, state in states.items()
    }


def test_the_page_names_every_start_error_that_is_retried(machine_of: Callable[[JobSpec], dict[str, Any]]) -> None:
    (retrier,) = machine_of(WITH_RETRIES)["States"]["Run the job"]["Retry"]
    page = PAGE.read_text("utf-8")

    assert all(f"`{error}`" in page for error in retrier["ErrorEquals"])


def test_the_page_shows_what_an_execution_really_says(place: Place, target: RunTarget) -> None:
    rollup = job(name="daily-rollup", retries={"attempts": 2})
    logging = replace(target, log_group_name="/longhaul/longhaul/dev/daily-rollup-0a1b2c3")
    definition = json.loads(json.dumps(state_machine(rollup, place, logging)))
    due = {"scheduledTime": "2026-11-24T03:15:00Z"}
    page = PAGE.read_text("utf-8")

    shown = [json.loads(example) for example in re.findall(r"(?<=\n\n)    {.*?}(?=\n\n)", page, re.DOTALL)]

    assert {**walk(definition, due, [task(0)]).output, "taskArn": "arn:aws:ecs:..."} in shown
    assert f"    {walk(definition, due, [failed(3)] * 3).sentence}\n" in page


def test_the_diagram_shows_every_way_from_state_to_state(machine_of: Callable[[JobSpec], dict[str, Any]]) -> None:
    states = machine_of(WITH_RETRIES)["States"]
    drawn = diagram({"StartAt": "Run the job", "States": states})
    names = dict(re.findall(r'^    (s\d+)[({\[]+"([^"]+)"', drawn, re.MULTILINE))
    arrows = {(names[a], names[b]) for a, b in re.findall(r"^    (s\d+) .*--> (s\d+)$", drawn, re.MULTILINE)}

    expected = {("Run the job", "Run the job")}
    for name, state in states.items():
        ways = [*state.get("Choices", []), *state.get("Catch", []), state]
        expected |= {(name, way["Next"]) for way in ways if "Next" in way}
        expected |= {(name, state["Default"])} if "Default" in state else set()
    assert arrows == expected
