"""What a move to another place to run in is told of, beside what the golden files show."""

from typing import Any

import pytest

from review.moves import move
from review.report import Move
from spec.job import JobSpec
from spec.stack import StackSpec

STEPS = [{"name": "one"}, {"name": "two"}]


def job(**fields: Any) -> JobSpec:
    said = {"name": "nightly", "image": "alpine", "entrypoint": ["true"], "overlap": "allow"}
    return JobSpec.model_validate({**said, "schedule": "rate(1 day)", **fields})


def moved(before: dict[str, Any], after: dict[str, Any]) -> Move:
    old, new = job(**before), job(**after)
    old_stack, new_stack = (
        StackSpec(project="acme", name="dev", region="eu-west-1", jobs=(one,)) for one in (old, new)
    )
    found = move(old, new, old_stack, new_stack)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("before", "after", "lengths"),
    [
        ("4h", "15m", ["10s", "10m"]),
        ("10m", "10m", ["10s", "10m"]),
        ("4h", "5m", ["10s", "5m"]),
        ("2m", "15m", ["10s", "2m"]),
        ("10s", "10s", ["10s"]),
        ("5s", "5s", ["5s"]),
    ],
)
def test_costs_are_those_of_runs_that_both_timeouts_allow(before: str, after: str, lengths: list[str]) -> None:
    found = moved({"timeout": before}, {"timeout": after, "runOn": "lambda"})

    told = [line.what for line in found.lines if line.what.endswith("costs")]
    assert told == [f"a run of {length} costs" for length in lengths]


def test_without_costs_no_prices_are_named() -> None:
    found = moved({"steps": STEPS}, {"steps": STEPS, "runOn": {"kind": "kubernetes", "cluster": "analytics"}})

    assert not [line for line in found.lines if line.what.endswith("costs")]
    assert found.prices is None


@pytest.mark.parametrize(
    "secrets", [{"secrets": {"TOKEN": "sales/token"}}, {"steps": [{**STEPS[0], "secrets": {"TOKEN": "sales/token"}}]}]
)
def test_who_reads_its_secrets_is_told_of_a_job_that_has_any(secrets: dict[str, Any]) -> None:
    def readers(fields: dict[str, Any]) -> list[tuple[str, str]]:
        lines = moved(fields, {**fields, "timeout": "5m", "runOn": "lambda"}).lines
        return [(line.before, line.after) for line in lines if line.what == "its secrets are read by"]

    assert readers(secrets) == [("ECS, before it starts", "the function itself, so that its code may read them, too")]
    assert readers({"steps": STEPS} if "steps" in secrets else {}) == []
