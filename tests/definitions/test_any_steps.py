"""Any job of steps that the spec accepts becomes a machine that AWS would take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from definitions.render import documents
from sandbox.step_functions.definition import unsupported, validate
from spec.job import JobSpec
from spec.machine_size import MOST_BYTES, machine_bytes
from tests.definitions.golden_jobs import stack_of
from tests.definitions.samples import job
from tests.definitions.step_strategies import jobs_of_steps
from tests.definitions.validators import document_problems, statelint_problems


def machine(of: JobSpec) -> dict[str, Any]:
    return documents(of, stack_of(of))["state-machine"]


def size(of: JobSpec) -> int:
    """Of the text that is deployed."""
    return len(json.dumps(machine(of)).encode())


@settings(max_examples=25)
@given(jobs_of_steps())
def test_any_steps_become_a_machine_that_validators_take(of: JobSpec) -> None:
    definition = machine(of)
    assert validate(json.dumps(definition)) == []
    assert unsupported(definition) is None
    assert statelint_problems(definition) == []
    assert size(of) <= machine_bytes(of) <= MOST_BYTES


@settings(max_examples=6)
@given(jobs_of_steps())
def test_so_are_its_other_documents(of: JobSpec) -> None:
    assert document_problems(documents(of, stack_of(of))) == []


FULL = {
    "results": True,
    "overlap": "replace",
    "timeout": "1m",
    "retries": {"attempts": 20, "onTimeout": True, "finalExitCodes": [64, 65]},
    "startRetries": {"attempts": 100},
}

ON_EC2 = {
    "kind": "ec2",
    "capacityProvider": "w" * 255,
    "placement": ["spread:attribute:ecs.availability-zone"] * 5,
    "constraints": ['attribute:ecs.instance-type =~ "r6.*"'] * 10,
}


def named(count: int, length: int, **fields: Any) -> list[dict[str, Any]]:
    """So many steps with names of a length."""
    return [{"name": f"s{number:02}".ljust(length, "x"), **fields} for number in range(count)]


def test_forty_containers_fit() -> None:
    of = job(steps=named(39, 8, input={"day": "{% $input.day %}"}), onFailure=[{"name": "clean"}], overlap="queue")
    assert size(of) <= machine_bytes(of) <= MOST_BYTES
    assert validate(json.dumps(machine(of))) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": named(25, 32), **FULL},
        {"steps": named(15, 8, input={"all": "{% $input %}"}), "input": {"much": ["x" * 3000, '"' * 100]}, **FULL},
        {"steps": [{"name": "sides", "parallel": named(25, 20)}, *named(3, 21, forEach="{% $input %}")], **FULL},
        {"steps": named(15, 32), "runOn": ON_EC2, **FULL},
    ],
    ids=["long names", "a large input", "side by side", "on EC2"],
)
def test_large_machines_are_no_larger_than_the_spec_says(fields: dict[str, Any]) -> None:
    of = job(**fields)
    assert size(of) <= machine_bytes(of) <= MOST_BYTES


@pytest.mark.parametrize("fields", [{"steps": named(40, 32), **FULL}, {"steps": named(30, 4), "input": "x" * 15_000}])
def test_what_would_not_fit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match="steps: expected steps that fit into the 1024 KiB of a state machine, found up to"
    ):
        job(**fields)
