"""Every document of every job passes the validators that others wrote, and AWS's limits on size."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from definitions.render import documents
from spec.job import JobSpec
from spec.network import NetworkSpec
from spec.stack import StackSpec, trigger_kind
from tests.definitions.samples import job
from tests.definitions.strategies import jobs
from tests.definitions.validators import document_problems

MAX_TASK_DEFINITION_BYTES = 64 * 1024
MAX_ROLE_POLICY_CHARACTERS = 10_240
MAX_TRUST_POLICY_CHARACTERS = 2_048

networks = st.sampled_from(
    [
        NetworkSpec(),
        NetworkSpec(nat="single"),
        NetworkSpec(endpoints=("sts",)),
        NetworkSpec(vpc_id="vpc-0a1b2c3d", subnet_ids=("subnet-0a1b2c3d",), security_group_ids=("sg-0a1b2c3d",)),
    ]
)
stacks = st.builds(
    StackSpec,
    project=st.just("longhaul"),
    name=st.just("dev"),
    region=st.sampled_from([None, "eu-west-1"]),
    network=networks,
    trigger=st.sampled_from(["rule", "scheduler"]),
)


@settings(max_examples=60)
@given(jobs, stacks)
def test_no_validator_objects_to_any_document_of_any_job(any_job: JobSpec, stack: StackSpec) -> None:
    rendered = documents(any_job, stack)

    assert document_problems(rendered) == []
    assert nulls(rendered) == []
    assert {"rule": "rule", "scheduler": "schedule", None: None}[trigger_kind(any_job, stack)] == next(
        iter(rendered["trigger"]), None
    )
    assert len(json.dumps(rendered["task-definition"]).encode()) <= MAX_TASK_DEFINITION_BYTES
    for parts in rendered["policies"].values():
        assert len(json.dumps(parts.get("policy", {}), separators=(",", ":"))) <= MAX_ROLE_POLICY_CHARACTERS
        assert len(json.dumps(parts.get("trust", {}), separators=(",", ":"))) <= MAX_TRUST_POLICY_CHARACTERS


@settings(max_examples=30)
@given(jobs, stacks)
@example(job(input="%} {% $x"), StackSpec(project="longhaul", name="dev"))
def test_an_expression_begins_and_ends_once(any_job: JobSpec, stack: StackSpec) -> None:
    states = documents(any_job, stack)["state-machine"]["States"]

    for text in texts(states):
        if "{%" in text or "%}" in text:
            assert (text[:2], text[-2:]) == ("{%", "%}")
            assert not re.search(r"\{%|%\}", text[2:-2])


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value but the comments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for key, item in value.items() if key != "Comment" for text in texts(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in texts(item))


def nulls(value: Any, path: str = "") -> list[str]:
    if value is None:
        return [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in nulls(item, f"{path}/{key}")]


# A validator that finds nothing wrong in a document that is wrong proves nothing: each is shown a planted mistake.
RUN = ("state-machine", "States", "Run the job")
MISTAKES: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "a state that is not there": ((*RUN, "Next"), "Ended"),
    "a field that states do not have": ((*RUN, "TimeoutSecond"), 5),
    "States.ALL before the last": ((*RUN, "Catch", 0, "ErrorEquals"), ["States.ALL"]),
    "a parameter that RunTask does not have": ((*RUN, "Arguments", "Subnets"), ["subnet-0a1b2c3d"]),
    "a parameter of another type": ((*RUN, "Arguments", "EnableExecuteCommand"), "no"),
    "a field that containers do not have": (("task-definition", "containerDefinitions", 0, "stopTimeOut"), 30),
    "a number in place of text": (("task-definition", "cpu"), 256),
    "a condition that an action does not know": (
        ("policies", "state-machine-role", "policy", "Statement", 0, "Condition", "ArnEquals"),
        {"sqs:cluster": "x"},
    ),
    "an action that is not there": (("policies", "trigger-role", "policy", "Statement", 0, "Action", 0), "sqs:Send"),
    "a resource of another kind": (
        ("policies", "trigger-role", "policy", "Statement", 0, "Resource"),
        "arn:aws:s3:::bucket",
    ),
    "a trust in an unknown action": (("policies", "task-role", "trust", "Statement", 0, "Action"), "sts:Assume"),
    "a field that targets do not have": (("trigger", "target", "Input Template"), "{}"),
    "a field that rules do not have": (("trigger", "rule", "Schedule"), "rate(1 day)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_validators_find_planted_mistakes(mistake: str) -> None:
    (*folders, key), value = MISTAKES[mistake]
    nightly = job(schedule="rate(1 day)")
    rendered = copy.deepcopy(documents(nightly, StackSpec(project="longhaul", name="dev", jobs=(nightly,))))
    place: Any = rendered
    for folder in folders:
        place = place[folder]
    assert document_problems(rendered) == []

    place[key] = value

    assert document_problems(rendered) != []
