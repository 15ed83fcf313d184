"""Expressions of the cluster query language, against the examples and the operators of AWS's page.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from __future__ import annotations

import pytest

from sandbox.cluster_query import conditions

INSTANCE = {"ecs.instance-type": "t2.small", "ecs.availability-zone": "us-east-1c", "stack": "prod", "gpu": ""}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("attribute:ecs.instance-type == t2.small", True),
        ("attribute:ecs.instance-type equals t2.large", False),
        ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", False),
        ("attribute:ecs.availability-zone in [us-east-1c]", True),
        ("attribute:ecs.availability-zone not_in [us-east-1a]", True),
        ("attribute:ecs.instance-type =~ t2.*", True),
        # The whole value has to match.
        ("attribute:ecs.instance-type =~ t2", False),
        ("attribute:ecs.instance-type !~ t2.*", False),
        ("attribute:stack != test", True),
        # What is not there is equal to nothing.
        ("attribute:owner == me", False),
        ("attribute:owner != me", True),
        ("attribute:gpu exists", True),
        ("attribute:owner exists", False),
        ("attribute:owner not_exists", True),
        ("attribute:gpu !exists", False),
        ("attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone == us-east-1d", False),
        ("attribute:ecs.instance-type =~ t2.* && attribute:stack == prod", True),
    ],
)
def test_an_instance_meets_an_expression_or_not(expression: str, holds: bool) -> None:
    assert all(condition.holds(INSTANCE) for condition in conditions(expression)) == holds


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "task:group == service:production",
        "attribute:stack == prod or attribute:stack == test",
        "not(attribute:stack == prod)",
        "attribute:stack",
        "attribute:stack ==",
        "attribute:gpu exists now",
        "attribute:cpus > 4",
        "attribute:ecs.instance-type =~ t2.(",
        f"attribute:a == {'x' * 2000}",
    ],
)
def test_what_is_not_read_is_refused(expression: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        conditions(expression)
