"""What SimulatePrincipalPolicy says of a role's policies.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy

TASKS = "ecs-tasks.amazonaws.com"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/jobs"
RUN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/rollup:*"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/rollup:7"

Role = Callable[..., str]


def simulate(local_aws: LocalAws, role_arn: str, *actions: str, **more: Any) -> dict[tuple[str, str], Any]:
    """The results by action and resource."""
    answer = local_aws.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=list(actions), **more
    )
    assert not answer["IsTruncated"]
    return {(each["EvalActionName"], each["EvalResourceName"]): each for each in answer["EvaluationResults"]}


def key(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def test_each_action_is_judged_on_each_resource(local_aws: LocalAws, role: Role) -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    denying = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    role_arn = role(TASKS, policy((["s3:GetObject", "s3:DeleteObject"], "arn:aws:s3:::sales/*")), denying)
    inside, outside = "arn:aws:s3:::sales/1", "arn:aws:s3:::other/1"
    found = simulate(local_aws, role_arn, "s3:GetObject", "s3:DeleteObject", ResourceArns=[inside, outside])
    assert {place: result["EvalDecision"] for place, result in found.items()} == {
        ("s3:GetObject", inside): "allowed",
        ("s3:GetObject", outside): "implicitDeny",
        ("s3:DeleteObject", inside): "explicitDeny",
        ("s3:DeleteObject", outside): "explicitDeny",
    }
    (specific,) = found["s3:GetObject", inside]["ResourceSpecificResults"]
    assert (specific["EvalResourceName"], specific["EvalResourceDecision"]) == (inside, "allowed")


def test_conditions_are_judged_by_the_keys_that_are_given(local_aws: LocalAws, role: Role) -> None:
    role_arn = role(TASKS, policy(("ecs:RunTask", RUN), ArnEquals={"ecs:cluster": CLUSTER}))

    def run(**more: Any) -> Any:
        return simulate(local_aws, role_arn, "ecs:RunTask", ResourceArns=[DEFINITION], **more)[
            "ecs:RunTask", DEFINITION
        ]

    assert run(ContextEntries=[key("ecs:cluster", CLUSTER)])["EvalDecision"] == "allowed"
    assert run(ContextEntries=[key("ecs:cluster", f"{CLUSTER}2")])["EvalDecision"] == "implicitDeny"
    unknown = run()
    assert unknown["EvalDecision"] == "implicitDeny"
    # "If you include a list of resources, then any missing context values are instead included under the
    # ResourceSpecificResults section."
    assert unknown["MissingContextValues"] == []
    assert unknown["ResourceSpecificResults"][0]["MissingContextValues"] == ["ecs:cluster"]
    (of_all,) = simulate(local_aws, role_arn, "ecs:RunTask").values()
    assert (of_all["EvalResourceName"], of_all["MissingContextValues"]) == ("*", ["ecs:cluster"])


def test_a_boundary_counts(local_aws: LocalAws, role: Role) -> None:
    role_arn, iam = role(TASKS, policy(("s3:*", "*"))), local_aws.client("iam")
    only_get = iam.create_policy(PolicyName="only-get", PolicyDocument=policy(("s3:GetObject", "*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role_arn.rpartition("/")[2], PermissionsBoundary=only_get)
    found = simulate(local_aws, role_arn, "s3:GetObject", "s3:PutObject", ResourceArns=["arn:aws:s3:::sales/1"])
    assert [result["EvalDecision"] for result in found.values()] == ["allowed", "implicitDeny"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"PolicySourceArn": "arn:aws:iam::123456789012:role/nobody-is-called-so"}, "NoSuchEntity"),
        ({"PolicySourceArn": "arn:aws:s3:::not-a-principal"}, "InvalidInput"),
        ({"ActionNames": ["RunTask"]}, "InvalidInput"),
        ({"ContextEntries": [key("ecs:cluster", "a", "b")]}, "InvalidInput"),
        ({"ContextEntries": [key("ecs:cluster", "a", kind="arn")]}, "ValidationError"),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    local_aws: LocalAws, role: Role, request_: dict[str, Any], code: str
) -> None:
    whole = {"PolicySourceArn": role(TASKS), "ActionNames": ["ecs:RunTask"]} | request_
    with pytest.raises(ClientError) as refused:
        local_aws.client("iam").simulate_principal_policy(**whole)
    assert refused.value.response["Error"]["Code"] == code


def test_who_may_not_ask_is_denied(local_aws: LocalAws, role: Role) -> None:
    other, asks = role(TASKS), role(TASKS, policy(("iam:GetRole", "*")))
    with pytest.raises(ClientError, match=f"perform: iam:SimulatePrincipalPolicy on resource: {other} "):
        local_aws.identity.client("iam", asks, TASKS).simulate_principal_policy(
            PolicySourceArn=other, ActionNames=["ecs:RunTask"]
        )
