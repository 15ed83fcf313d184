"""docs/state-machine.md tells what the definitions say.

`LONGHAUL_UPDATE_GOLDEN=1 pytest tests/definitions/test_state_machine_page.py` draws its diagrams and counts its costs
anew.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from definitions import names
from definitions.diagram import diagram, inner_machines
from definitions.machine import machine
from definitions.outcome import PASSING_START_ERRORS
from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from definitions.steps import step_names
from review.prices import STATE_TRANSITION
from spec.job import JobSpec
from spec.load import load_stack
from spec.step_containers import containers
from spec.steps import all_steps
from tests.definitions.in_the_way import OTHER, SCHEDULED, Aws, entry
from tests.definitions.lambda_samples import function_job
from tests.definitions.samples import failed, job, task
from tests.definitions.walker import Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "state-machine.md"
UPDATE = os.environ.get("LONGHAUL_UPDATE_GOLDEN") == "1"
FENCE = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)
COSTS = re.compile(r"(?<=<!-- costs -->\n).*?(?=<!-- end of costs -->)", re.DOTALL)
POLICIES: dict[str, Any] = {
    "allow": "allow",
    "skip": "skip",
    "queue": "queue",
    "replace": "replace",
    "allow, oncePerTime": {"policy": "allow", "oncePerTime": True},
}
"""In the order of the page."""
RETRIES = {"attempts": 2, "onTimeout": True}


def with_retries(policy: Any) -> JobSpec:
    return job(overlap=policy, retries=RETRIES)


DRAWN = {
    **{name: with_retries(policy) for name, policy in POLICIES.items()},
    "skip, on Lambda": function_job(overlap="skip", retries=RETRIES),
    "results": job(results=True),
}
"""The jobs whose machines the page draws, in its order; after them it draws one with steps."""


@pytest.fixture(scope="module")
def weekly() -> JobSpec:
    return load_stack(ROOT, "dev").job("weekly-report")


@pytest.fixture
def weekly_machine(weekly: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    arns = {one.name: f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{one.name}:7" for one in containers(weekly)}
    return json.loads(json.dumps(machine(weekly, place, target, arns)))


def step_names_of(job: JobSpec) -> list[str]:
    return [step.name for part in (job.steps, job.on_failure) for _, step in all_steps(part)]


def every_state(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The states of a machine, those that its Maps and Parallels run among them."""
    found = {}
    for name, state in definition["States"].items():
        found[name] = state
        for inner in inner_machines(state):
            found |= every_state(inner)
    return found


def test_the_diagrams_are_drawn_from_the_definitions(
    machine_of: MachineOf, weekly: JobSpec, weekly_machine: dict[str, Any]
) -> None:
    drawn = [diagram(machine_of(one), names.GROUPS) for one in DRAWN.values()]
    drawn.append(diagram(weekly_machine, step_names.frames(step_names_of(weekly))))
    if UPDATE:
        following = iter(drawn)
        PAGE.write_text(FENCE.sub(lambda _: next(following), PAGE.read_text("utf-8")), encoding="utf-8")

    assert FENCE.findall(PAGE.read_text("utf-8")) == drawn


def test_the_page_lists_every_state_with_its_error(machine_of: MachineOf) -> None:
    rows = re.findall(r"^\| ([^|`]+) \| [^|]+ \| (?:`(Job\.\w+)` )?\|$", PAGE.read_text("utf-8"), re.MULTILINE)

    states = {}
    for one in DRAWN.values():
        states |= machine_of(one)["States"]
    listed = {name: error for name, error in rows if name in states}
    assert listed == {name: state.get("Error", "") for name, state in states.items()}


def test_the_page_lists_every_state_of_steps(weekly: JobSpec, weekly_machine: dict[str, Any]) -> None:
    listed = set(re.findall(r"^\| ([^|`]+) \| [^|]+ \| (?:`(?:Job\.\w+)` )?\|$", PAGE.read_text("utf-8"), re.MULTILINE))
    steps = "|".join(step_names_of(weekly))

    assert {re.sub(rf"\b({steps})\b", "*step*", name) for name in every_state(weekly_machine)} <= listed


def test_the_page_names_every_start_error_that_is_retried() -> None:
    page = PAGE.read_text("utf-8")

    assert all(f"`{error}`" in page for error in PASSING_START_ERRORS)


def costs(machine_of: MachineOf) -> str:
    """The table of what a run costs in states, for each policy."""
    lines = [
        "| `overlap` | a success | a skipped run | a look in the queue | 1,000 successes |",
        "|---|---|---|---|---|",
    ]
    mine = f"{SCHEDULED_ENTRY}"
    for name, policy in POLICIES.items():
        machine = machine_of(job(overlap=policy))
        success = len(walk(machine, SCHEDULED, [task(0)]).states)
        skipped = looks = "-"
        if policy == "skip" or name == "queue" or name == "replace":
            skipped = str(len(walk(machine, SCHEDULED, [], Aws([entry(OTHER)], started_by=OTHER)).states))
        elif name != "allow":
            refused = Failure("DynamoDB.ConditionalCheckFailedException", "The conditional request failed")
            skipped = str(len(walk(machine, SCHEDULED, [], lambda *_, refused=refused: refused).states))
        if name == "queue":
            once = Aws([entry(OTHER)], [mine])
            twice = Aws([entry(OTHER)], [entry(OTHER), mine], [mine])
            passed = [len(walk(machine, SCHEDULED, [task(0)], aws).states) for aws in (once, twice)]
            looks = str(passed[1] - passed[0])
        lines.append(f"| `{name}` | {success} | {skipped} | {looks} | ${success * 1_000 * STATE_TRANSITION:.3f} |")
    return "\n".join(lines) + "\n"


SCHEDULED_ENTRY = "arn:aws:states:eu-west-1:123456789012:execution:longhaul-dev-nightly:7f2e 0 2026-11-24T03:15:04.000Z"


def test_the_page_says_what_a_run_costs(machine_of: MachineOf) -> None:
    counted = costs(machine_of)
    if UPDATE:
        PAGE.write_text(COSTS.sub(lambda _: counted, PAGE.read_text("utf-8")), encoding="utf-8")

    assert COSTS.findall(PAGE.read_text("utf-8")) == [counted]


def test_the_page_shows_what_an_execution_really_says(place: Place, target: RunTarget) -> None:
    rollup = job(name="daily-rollup", overlap="skip", retries={"attempts": 2})
    logging = replace(target, log_group_name="/longhaul/longhaul/dev/daily-rollup-0a1b2c3")
    definition = json.loads(json.dumps(state_machine(rollup, place, logging)))
    due = {"scheduledTime": "2026-11-24T03:15:00Z"}
    page = PAGE.read_text("utf-8")

    shown = [json.loads(example) for example in re.findall(r"(?<=\n\n)    {.*?}(?=\n\n)", page, re.DOTALL)]

    assert {**walk(definition, due, [task(0)]).output, "taskArn": "arn:aws:ecs:..."} in shown
    assert f"    {walk(definition, due, [failed(3)] * 3).sentence}\n" in page


@pytest.mark.parametrize("drawn_job", DRAWN.values(), ids=DRAWN)
def test_a_diagram_shows_every_way_from_state_to_state(drawn_job: JobSpec, machine_of: MachineOf) -> None:
    assert_shows_every_way(machine_of(drawn_job), names.GROUPS)


def test_a_diagram_shows_the_states_within_others(weekly: JobSpec, weekly_machine: dict[str, Any]) -> None:
    branches = [
        {
            "StartAt": "One",
            "States": {"One": {"Type": "Wait", "Seconds": 1, "Next": "Two"}, "Two": {"Type": "Succeed"}},
        },
        {"StartAt": "Other", "States": {"Other": {"Type": "Fail"}}},
    ]
    both = {"Type": "Parallel", "Branches": branches, "Next": "End"}
    assert_shows_every_way({"StartAt": "Both", "States": {"Both": both, "End": {"Type": "Succeed"}}}, {})
    drawn = assert_shows_every_way(weekly_machine, step_names.frames(step_names_of(weekly)))
    frame = re.search(r'subgraph s\d+\["Run add_up for each item"\]\n(.*?)^    end', drawn, re.DOTALL | re.MULTILINE)
    assert frame
    assert '["Run add_up"]' in frame[1]
    assert "publish" not in frame[1]


def assert_shows_every_way(definition: dict[str, Any], groups: Mapping[str, Sequence[str]]) -> str:
    drawn, states = diagram(definition, groups), every_state(definition)
    nodes = dict(re.findall(r'^ +(?:subgraph )?(s\d+)[({\[]+"([^"]+)"', drawn, re.MULTILINE))
    arrows = {(nodes[a], nodes[b]) for a, b in re.findall(r"^    (s\d+) .*--> (s\d+)$", drawn, re.MULTILINE)}

    expected = set()
    for name, state in states.items():
        ways = [*state.get("Choices", []), *state.get("Catch", []), state]
        expected |= {(name, way["Next"]) for way in ways if "Next" in way}
        expected |= {(name, state["Default"])} if "Default" in state else set()
    assert {*nodes.values()} == {*states}
    assert arrows == expected
    assert drawn.count("subgraph") == len(re.findall("^ +end$", drawn, re.MULTILINE))
    return drawn
