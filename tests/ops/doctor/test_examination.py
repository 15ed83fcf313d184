"""A whole examination: of a healthy stack, of a broken one, and by somebody who may not look at everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import pytest
from botocore.exceptions import ClientError

from cli.expected_jobs import expected_jobs
from ops.aws import Aws
from ops.doctor import NOT_CHECKED, examine
from ops.errors import NotFoundError
from sandbox.local_aws import LocalAws
from tests.ops.as_role import TRUST, AsRole
from tests.ops.doctor.sick import Sick


@pytest.fixture
def looker(local_aws: LocalAws) -> Iterator[str]:
    """A role that may do nothing."""
    iam = local_aws.client("iam")
    yield iam.create_role(RoleName="looks", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for name in iam.list_role_policies(RoleName="looks")["PolicyNames"]:
        iam.delete_role_policy(RoleName="looks", PolicyName=name)
    iam.delete_role(RoleName="looks")


def grant(local_aws: LocalAws, *actions: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    local_aws.client("iam").put_role_policy(RoleName="looks", PolicyName="looks", PolicyDocument=json.dumps(policy))


def test_a_healthy_stack_with_runs(sick: Sick) -> None:
    for job in ("daily", "paris", "line"):
        sick.run(job)
    sick.run("daily", {"input": {"exit": 64}})
    expected = expected_jobs(sick.root, sick.name)
    assert examine(sick.aws, "acme", "sick", now=sick.deployed, expected=expected) == []


def test_all_that_is_wrong_is_found_at_once(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    own = events.list_targets_by_rule(Rule="acme-sick-daily")["Targets"]
    events.remove_targets(Rule="acme-sick-daily", Ids=[own[0]["Id"]])
    sick.local_aws.quotas.apply("fargate", "L-3032A538", 4)
    expected = expected_jobs(sick.project_with(off=None), sick.name)
    findings = examine(sick.aws, "acme", "sick", now=sick.deployed, expected=expected)
    sick.local_aws.quotas.clear()
    events.put_targets(Rule="acme-sick-daily", Targets=own)
    assert [(finding.check, finding.job) for finding in findings] == [
        ("trigger-without-target", "daily"),
        ("quota-vcpus", None),
        ("job-surplus", "off"),
    ]


def test_who_may_not_look_is_told_what_is_missing_and_the_rest_is_looked_at(
    sick: Sick, local_aws: LocalAws, looker: str
) -> None:
    grant(
        local_aws, "states:ListStateMachines", "states:ListTagsForResource", "sqs:ListQueues", "sqs:GetQueueAttributes"
    )
    url = next(url for url in local_aws.client("sqs").list_queues()["QueueUrls"] if "acme-sick-dead-letters" in url)
    local_aws.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    expected = expected_jobs(sick.root, sick.name)
    aws = cast(Aws, AsRole(local_aws, looker))
    findings = examine(aws, "acme", "sick", now=sick.deployed, expected=expected)
    local_aws.client("sqs").purge_queue(QueueUrl=url)
    # What could be looked at.
    assert [finding.check for finding in findings if finding.check != NOT_CHECKED] == ["dead-letters"]
    told = [finding.problem for finding in findings if finding.check == NOT_CHECKED]
    for what, action in (
        ("the triggers", "events:ListRules"),
        ("the triggers", "scheduler:ListSchedules"),
        ("the ledger", "logs:DescribeLogGroups"),
        ("the tasks", "states:DescribeStateMachine"),
        ("the runs", "states:ListExecutions"),
        ("the permissions", "states:DescribeStateMachine"),
        ("the quotas", "events:ListRules"),
        ("what differs", "states:DescribeStateMachine"),
    ):
        assert any(
            line.startswith(what) and "assumed-role/looks/" in line and f" lacks {action} on " in line for line in told
        ), (what, action, told)


@pytest.mark.parametrize("action", ["iam:SimulatePrincipalPolicy", "events:ListRules"])
def test_a_single_missing_permission_brings_no_other_finding(
    sick: Sick, local_aws: LocalAws, looker: str, action: str
) -> None:
    statements = [
        {"Effect": effect, "Action": what, "Resource": "*"} for effect, what in (("Allow", "*"), ("Deny", action))
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    local_aws.client("iam").put_role_policy(RoleName="looks", PolicyName="looks", PolicyDocument=json.dumps(policy))
    expected = expected_jobs(sick.root, sick.name)
    findings = examine(cast(Aws, AsRole(local_aws, looker)), "acme", "sick", now=sick.deployed, expected=expected)
    assert {finding.check for finding in findings} == {NOT_CHECKED}
    assert all(f"lacks {action} on" in finding.problem and action in finding.advice for finding in findings)


def test_a_stack_that_is_not_there_or_may_not_be_found(sick: Sick, local_aws: LocalAws, looker: str) -> None:
    with pytest.raises(NotFoundError):
        examine(sick.aws, "acme", "sickest", now=sick.deployed)
    with pytest.raises(ClientError, match="states:ListStateMachines"):
        examine(cast(Aws, AsRole(local_aws, looker)), "acme", "sick", now=sick.deployed)
