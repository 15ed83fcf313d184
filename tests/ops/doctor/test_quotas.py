"""Quotas that are nearly used up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import pytest

from ops.doctor import quotas
from ops.doctor.finding import Finding
from sandbox.quotas import AppliedQuotas
from tests.ops.doctor.sick import Sick


@pytest.fixture
def granted(sick: Sick) -> Iterator[AppliedQuotas]:
    yield sick.local_aws.quotas
    sick.local_aws.quotas.clear()


def found(sick: Sick) -> list[Finding]:
    with sick.patient(now=sick.deployed) as patient:
        return quotas.check(patient)


def test_the_defaults_are_enough(sick: Sick) -> None:
    # At 05:00 one task has 4 vCPUs on demand and one 2 on Spot; at 03:15 there are two of 0.25. Both quotas are 6, and
    # neither counts the 96 vCPUs of a task on an EC2 instance.
    assert found(sick) == []


def test_more_vcpus_than_four_fifths(sick: Sick, granted: AppliedQuotas) -> None:
    granted.apply("fargate", "L-3032A538", 5)
    (finding,) = found(sick)
    assert (finding.check, finding.job) == ("quota-vcpus", None)
    assert "05:00 UTC the schedule needs 4 of the account's 5 vCPUs of Fargate on demand, for large" in finding.problem
    assert finding.arn == "arn:aws:servicequotas:eu-west-1:123456789012:fargate/L-3032A538"
    granted.apply("fargate", "L-3032A538", 5.1)
    assert found(sick) == []


def test_spot_has_a_quota_of_its_own(sick: Sick, granted: AppliedQuotas) -> None:
    granted.apply("fargate", "L-36FBB829", 2)
    (finding,) = found(sick)
    assert "needs 2 of the account's 2 vCPUs of Fargate Spot, for spot" in finding.problem


def test_more_rules_than_four_fifths(sick: Sick, granted: AppliedQuotas) -> None:
    pages = sick.local_aws.client("events").get_paginator("list_rules").paginate()
    count = sum(len(page["Rules"]) for page in pages)
    granted.apply("events", "L-244521F2", math.ceil(count / 0.8) + 1)
    assert found(sick) == []
    granted.apply("events", "L-244521F2", count)
    (finding,) = found(sick)
    assert (finding.check, finding.job) == ("quota-rules", None)
    assert f"has {count} of the {count} rules" in finding.problem


def test_more_rules_with_wildcards_than_four_fifths(sick: Sick) -> None:
    # Of a bus's 30, 24: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    events = sick.local_aws.client("events")
    pages = events.get_paginator("list_rules").paginate()
    has = sum("wildcard" in rule.get("EventPattern", "") for page in pages for rule in page["Rules"])
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"object": {"key": [{"wildcard": "a*b"}]}}})
    names = [f"wild-{number}" for number in range(has, 24)]
    for name in names[1:]:
        events.put_rule(Name=name, EventPattern=pattern)
    fewer = found(sick)
    events.put_rule(Name=names[0], EventPattern=pattern)
    findings = found(sick)
    for name in names:
        events.delete_rule(Name=name)
    assert fewer == []
    assert [(finding.check, finding.job) for finding in findings] == [("quota-wildcards", None)]
    assert "has 24 of the 30 rules with a wildcard" in findings[0].problem
