"""The local AWS as those see it who deploy, and who look at what a deployment would do."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from sandbox.local_aws import LocalAws
from tests.bootstrap.templates import policies, roles

PRINCIPAL = "ecs-tasks.amazonaws.com"
"""Stands for GitHub, whose tokens the sandbox cannot check."""


# Where the sandbox asks for a permission on something else than AWS does: it asks for these on no cluster, alarm or
# alias, and knows the tags of no network and no key when it checks a condition.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
DIFFERS = ("ecs:CreateCluster", "cloudwatch:DeleteAlarms", "kms:CreateAlias", "kms:DeleteAlias")
UNKNOWN_CONDITIONS = ("aws:ResourceTag/longhaul:stack", "ec2:CreateAction")


def as_the_sandbox_asks(policy: dict[str, Any]) -> dict[str, Any]:
    statements = [
        {key: value for key, value in statement.items() if key != "Condition" or not _is_unknown(value)}
        for statement in policy["Statement"]
    ]
    differing = [action for action in DIFFERS if _grants(policy, action)]
    on_anything = [{"Effect": "Allow", "Action": differing, "Resource": "*"}] if differing else []
    return {**policy, "Statement": [*statements, *on_anything]}


def _is_unknown(condition: dict[str, dict[str, Any]]) -> bool:
    return any(key in UNKNOWN_CONDITIONS for keys in condition.values() for key in keys)


def _grants(policy: dict[str, Any], action: str) -> bool:
    return any(action in statement["Action"] for statement in policy["Statement"])


def stack_of(job: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The configuration of a stack with one job, `report`."""
    given = {f"longhaul:{name}": value for name, value in settings.items()}
    return {
        "aws:region": "eu-west-1",
        **given,
        "longhaul:jobs": {"report": {"image": "public.ecr.aws/docker/library/alpine:3", **job}},
    }


class As:
    """The local AWS as someone with a role sees it."""

    def __init__(self, aws: LocalAws, role_arn: str) -> None:
        self._aws, self._role_arn = aws, role_arn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def client(self, service: str) -> Any:
        return self._aws.identity.client(service, self._role_arn, PRINCIPAL)


@pytest.fixture(scope="module")
def role_arns(local_aws: LocalAws) -> Iterator[dict[str, str]]:
    iam = local_aws.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": PRINCIPAL}, "Action": "sts:AssumeRole"}]}
    made = {}
    for name, role in roles().items():
        created = iam.create_role(RoleName=role["RoleName"], AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        made[name] = created["Arn"]
        for policy in role["ManagedPolicyArns"]:
            iam.put_role_policy(
                RoleName=role["RoleName"],
                PolicyName=policy,
                PolicyDocument=json.dumps(as_the_sandbox_asks(policies()[policy])),
            )
    yield made
    for name, role in roles().items():
        for policy in role["ManagedPolicyArns"]:
            iam.delete_role_policy(RoleName=roles()[name]["RoleName"], PolicyName=policy)
        iam.delete_role(RoleName=role["RoleName"])


@pytest.fixture
def deployer(local_aws: LocalAws, role_arns: dict[str, str]) -> LocalAws:
    """The local AWS as the deploying role sees it."""
    return cast(LocalAws, As(local_aws, role_arns["DeployRole"]))


@pytest.fixture
def previewer(local_aws: LocalAws, role_arns: dict[str, str]) -> LocalAws:
    """As the role for pull requests sees it."""
    return cast(LocalAws, As(local_aws, role_arns["PreviewRole"]))
