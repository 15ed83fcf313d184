"""The templates that prepare an account: right by outside opinion, and granting no more than they say."""

import json
import subprocess
import sys
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    # On import it uses an interface of setuptools that is to go.
    warnings.simplefilter("ignore")
    import parliament

from tests.bootstrap.templates import EXPORTS, FOLDER, policies, roles, template

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST_MANAGED_POLICY = 6144
# Asked for on a resource of another kind as well, or instead: an alias on its key, under another condition
# (https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html); a list of executions on the map run that
# has them.
OF_TWO_KINDS = {"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias", "states:ListExecutions"}


def test_cloudformation_would_take_them() -> None:
    linter = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([linter, *sorted(FOLDER.glob("*.yaml"))], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", policies())
def test_iam_would_take_the_policies(name: str) -> None:
    analyzed = parliament.analyze_policy_string(json.dumps(policies()[name]))

    # Any resource where AWS knows some: what those statements are bounded by, another test says.
    found = [
        finding
        for finding in analyzed.findings
        if finding.issue != "RESOURCE_STAR"
        # Whoever deploys a bucket writes its policy.
        and finding.issue != "RESOURCE_POLICY_PRIVILEGE_ESCALATION"
        and not (finding.issue == "RESOURCE_MISMATCH" and {one["action"] for one in finding.detail} <= OF_TWO_KINDS)
    ]
    assert [f"{finding.issue}: {finding.detail}" for finding in found] == []
    assert len(json.dumps(policies()[name], separators=(",", ":"))) <= LONGEST_MANAGED_POLICY


@pytest.mark.parametrize(("role", "environment"), [("PreviewRole", "preview-dev"), ("DeployRole", "dev")])
def test_a_role_trusts_one_environment_of_one_repository(role: str, environment: str) -> None:
    [statement] = roles()[role]["AssumeRolePolicyDocument"]["Statement"]

    # https://docs.github.com/en/actions/reference/security/oidc#filtering-for-a-specific-environment
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:acme/jobs:environment:{environment}",
        }
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"


def test_the_role_for_pull_requests_changes_nothing_and_reads_no_data() -> None:
    assert roles()["PreviewRole"]["ManagedPolicyArns"] == ["Look"]
    levels = {"Read", "List"}
    # They hand out a password for pulling images, and what the state's own secrets are encrypted with.
    for action in actions("Look") - {"ecr:GetAuthorizationToken", "kms:Decrypt"}:
        assert {level_of(one) for one in parliament.expand_action(action)} <= levels, action
    read = actions("Look")
    assert not read & {
        "states:DescribeExecution",
        "states:GetExecutionHistory",
        "logs:GetLogEvents",
        "sqs:ReceiveMessage",
    }


def actions(name: str) -> set[str]:
    return {action for statement in policies()[name]["Statement"] for action in statement["Action"]}


def level_of(action: dict[str, Any]) -> str:
    service = next(one for one in parliament.iam_definition if one["prefix"] == action["service"])
    return next(one["access_level"] for one in service["privileges"] if one["privilege"] == action["action"])


def test_the_deploying_role_cannot_change_a_role_of_github_s() -> None:
    may_change = [
        resource
        for name in roles()["DeployRole"]["ManagedPolicyArns"]
        for statement in policies()[name]["Statement"]
        if any(action.startswith("iam:") for action in statement["Action"])
        for resource in [statement["Resource"]]
    ]

    assert may_change
    for role in roles().values():
        arn = f"arn:aws:iam::123456789012:role/{role['RoleName']}"
        assert not any(fnmatchcase(arn, pattern) for pattern in may_change)


def test_what_has_any_resource_is_bounded_or_only_looks() -> None:
    unbounded = {
        statement["Sid"]
        for name in ("Deploy", "DeployNetwork", "DeployFunctions", "DeployToClusters")
        for statement in policies()[name]["Statement"]
        if statement["Resource"] == "*" and "Condition" not in statement
    }
    # AWS bounds neither: a name in a private zone of AWS's own, and who of AWS's services may write log lines.
    assert unbounded == {"PrivateDnsOfEndpoints", "LetRulesWriteLogs"}


def test_the_deploying_role_lets_nobody_into_a_cluster_as_more_than_a_machine_of_the_stack() -> None:
    entries = [one for one in policies()["DeployToClusters"]["Statement"] if "eks:CreateAccessEntry" in one["Action"]]

    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
    assert [one["Condition"] for one in entries] == [
        {
            "ArnLike": {"eks:principalArn": "arn:aws:iam::123456789012:role/longhaul-dev-*"},
            "ForAllValues:StringEquals": {"eks:kubernetesGroups": "longhaul-dev-jobs"},
            "StringEquals": {"eks:accessEntryType": "STANDARD"},
            # https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
            "StringLikeIfExists": {"eks:username": "arn:aws:sts::123456789012:assumed-role/longhaul-dev-*"},
        }
    ]
    # It could change the groups of an entry, or give one a policy of EKS's own.
    assert not {"eks:UpdateAccessEntry", "eks:AssociateAccessPolicy"} & actions("DeployToClusters")


def test_the_key_of_the_state_is_no_stacks_to_change() -> None:
    (denied,) = [one for one in policies()["Deploy"]["Statement"] if one["Effect"] == "Deny"]

    assert denied["Resource"] == EXPORTS["longhaul-secrets-key-arn"]
    assert {"kms:TagResource", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} <= set(denied["Action"])


def test_state_and_key_outlive_the_template() -> None:
    resources = template("account.yaml")["Resources"]

    for name in ("StateBucket", "SecretsKey"):
        assert (resources[name]["DeletionPolicy"], resources[name]["UpdateReplacePolicy"]) == ("Retain", "Retain")
