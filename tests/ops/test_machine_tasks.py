"""How many tasks a run has at once, by the definitions of deployed jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.machine_tasks import at_once, machine_of
from sandbox.local_aws import LocalAws
from tests.ops.stepped import Stepped, stepped_stack


@pytest.fixture(scope="module")
def stepped(local_aws: LocalAws) -> Stepped:
    return stepped_stack(local_aws)


@pytest.mark.parametrize(
    ("job", "tasks"),
    [
        # 10 of its items run at the same time unless it says otherwise.
        ("line", 10),
        ("spread", 10),
        # `left`, and one of the two that follow one another beside it.
        ("sides", 2),
        ("counted", 3),
        ("plain", 1),
        # The other job's run counts as five.
        ("outer", 5),
    ],
)
def test_the_largest_step_counts(stepped: Stepped, job: str, tasks: int) -> None:
    answer = stepped.states.describe_state_machine(stateMachineArn=stepped.job(job).state_machine_arn)

    def of_run(machine_arn: str) -> dict[str, float]:
        assert machine_arn == stepped.job("plain").state_machine_arn
        return {"tasks": 5}

    assert at_once(json.loads(answer["definition"]), lambda _: {"tasks": 1}, of_run) == {"tasks": tasks}


def test_items_that_are_known() -> None:
    task: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": {}}
    state = {
        "Type": "Map",
        "Items": ["a", "b"],
        "MaxConcurrency": 10,
        "ItemProcessor": {"States": {"Run one": task}},
    }
    assert at_once({"States": {"Run one for each item": state}}, lambda _: {"tasks": 1}, lambda _: {}) == {"tasks": 2}


@pytest.mark.parametrize("family", ["a_b-dev_1-rollup", "a_b-dev_1-rollup_fetch_all"])
def test_the_machine_of_a_family(family: str) -> None:
    # Projects and stacks may have underscores in their names.
    assert machine_of(family, "a_b-dev_1-") == "a_b-dev_1-rollup"
