from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
}
GRANT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def test_role_is_made_as_asked_and_deleted(aws, make, delete, unique):
    made = make(
        ROLE,
        {
            "name": unique,
            "assumeRolePolicy": json.dumps(TRUST),
            "description": "what for",
            "path": "/jobs/",
            "maxSessionDuration": 7200,
            "tags": {"longhaul:job": "nightly"},
        },
    )
    role = aws.client("iam").get_role(RoleName=unique)["Role"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert role["Description"] == "what for"
    assert role["Path"] == "/jobs/"
    assert role["MaxSessionDuration"] == 7200
    assert role["Tags"] == [{"Key": "longhaul:job", "Value": "nightly"}]
    assert made.id == made.outputs["name"] == unique
    assert made.outputs["arn"] == role["Arn"] == f"arn:aws:iam::{aws.account}:role/jobs/{unique}"
    assert made.outputs["uniqueId"] == role["RoleId"]
    assert made.outputs["tagsAll"] == {"longhaul:job": "nightly"}
    delete(ROLE, made)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.client("iam").get_role(RoleName=unique)


def test_role_without_a_name_gets_one(make):
    made = make(ROLE, {"assumeRolePolicy": json.dumps(TRUST)}, "nightly-task")
    assert made.id.startswith("nightly-task-")
    assert len(made.id) == len("nightly-task-") + 7


def test_role_policy_is_put_and_taken_away(aws, make, delete, unique):
    make(ROLE, {"name": unique, "assumeRolePolicy": json.dumps(TRUST)})
    made = make(POLICY, {"role": unique, "name": "grant", "policy": json.dumps(GRANT)})
    policy = aws.client("iam").get_role_policy(RoleName=unique, PolicyName="grant")
    assert policy["PolicyDocument"] == GRANT
    assert made.id == f"{unique}:grant"
    delete(POLICY, made)
    assert aws.client("iam").list_role_policies(RoleName=unique)["PolicyNames"] == []


def test_force_detach_policies_lets_a_role_with_managed_policies_go(aws, make, delete, unique):
    made = make(ROLE, {"name": unique, "assumeRolePolicy": json.dumps(TRUST), "forceDetachPolicies": True})
    managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    aws.client("iam").attach_role_policy(RoleName=unique, PolicyArn=managed)
    delete(ROLE, made)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.client("iam").get_role(RoleName=unique)


def test_a_document_that_is_not_json_is_refused(make):
    with pytest.raises(SandboxError, match="'assumeRolePolicy' contains an invalid JSON document"):
        make(ROLE, {"assumeRolePolicy": "{oops"})


def test_a_name_too_long_with_its_suffix_is_refused_with_the_limit(make):
    # IAM: 64 characters, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    make(ROLE, {"assumeRolePolicy": json.dumps(TRUST)}, "x" * 56)
    with pytest.raises(SandboxError, match="plus 7 random chars is longer than maximum length 64"):
        make(ROLE, {"assumeRolePolicy": json.dumps(TRUST)}, "x" * 57)
