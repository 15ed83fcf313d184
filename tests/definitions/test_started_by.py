"""The rules that start a job beside its schedule: what they match, and what they are called."""

import json
import re
from typing import Any

import pytest

from definitions import started_by
from definitions.place import Place
from spec.stack_rules import name_mistake
from tests.definitions.samples import job


def keys(place: Place, *objects: dict[str, str]) -> Any:
    """What the rule of a bucket compares keys with; None for nothing."""
    entries = [{"bucket": "sales", **each} for each in objects]
    (rule,) = started_by.rules(job(startedBy={"objects": entries}), place)
    assert json.loads(started_by.rule(rule)["EventPattern"]) == rule.event_pattern
    return rule.event_pattern["detail"].get("object", {}).get("key")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
        ([{"prefix": "in/"}], [{"prefix": "in/"}]),
        ([{"suffix": ".csv"}], [{"suffix": ".csv"}]),
        ([{"prefix": "in/", "suffix": ".csv"}], [{"wildcard": "in/*.csv"}]),
        ([{"prefix": "a*b\\", "suffix": "*"}], [{"wildcard": "a\\*b\\\\*\\*"}]),
        ([{"prefix": "a*"}], [{"prefix": "a*"}]),
        ([{"prefix": "in/"}, {"suffix": ".ok"}], [{"prefix": "in/"}, {"suffix": ".ok"}]),
        ([{"prefix": "in/"}, {}], None),
    ],
)
def test_a_key_is_compared_as_it_is_written(place: Place, objects: list[dict[str, str]], expected: Any) -> None:
    assert keys(place, *objects) == expected


def test_each_bucket_and_each_end_of_a_job_has_a_rule_of_its_own(place: Place) -> None:
    starters = {
        "jobs": ["other", {"job": "other", "on": "failure"}],
        "objects": [{"bucket": "one"}, {"bucket": "two", "prefix": "a"}, {"bucket": "two", "prefix": "b"}],
    }
    names = [rule.name for rule in started_by.rules(job(startedBy=starters), place)]
    assert len(set(names)) == len(names) == 4


def test_a_rule_of_the_longest_job_has_a_name_that_eventbridge_takes() -> None:
    place = Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")
    longest = next(
        "x" * length
        for length in range(64, 0, -1)
        if not name_mistake("longhaul", "dev", "x" * length, scheduled=False)
    )
    (rule,) = started_by.rules(job(name=longest, startedBy={"jobs": ["other"]}), place)
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    assert re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", rule.name)
