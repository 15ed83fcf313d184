from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.resources.registry import handler_for

LOG_GROUP, POLICY = "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
GRANT = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "logs:PutLogEvents"}


def groups(aws, name):
    return aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


def test_log_group_is_made_as_asked_and_deleted(aws, make, delete, unique):
    made = make(LOG_GROUP, {"name": f"/{unique}", "retentionInDays": 14, "tags": {"longhaul:stack": "dev"}})
    (group,) = groups(aws, f"/{unique}")
    assert group["retentionInDays"] == 14
    arn = f"arn:aws:logs:{aws.region}:{aws.account}:log-group:/{unique}"
    assert made.outputs["arn"] == arn
    assert aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"] == {"longhaul:stack": "dev"}
    assert made.id == made.outputs["name"] == f"/{unique}"
    delete(LOG_GROUP, made)
    assert groups(aws, f"/{unique}") == []


def test_a_prefix_gets_a_suffix_of_26_characters_as_the_provider_makes_them(aws, make, unique):
    made = make(LOG_GROUP, {"namePrefix": f"/{unique}/job-"})
    (group,) = groups(aws, f"/{unique}/job-")
    assert made.id == group["logGroupName"]
    assert len(made.id) == len(f"/{unique}/job-") + 26
    assert "retentionInDays" not in group


def test_the_same_prefix_can_come_back(make, unique):
    first = make(LOG_GROUP, {"namePrefix": f"/{unique}/job-"})
    second = make(LOG_GROUP, {"namePrefix": f"/{unique}/job-"})
    assert first.id != second.id


def test_skip_destroy_keeps_the_group(aws, make, delete, unique):
    made = make(LOG_GROUP, {"name": f"/{unique}", "skipDestroy": True})
    delete(LOG_GROUP, made)
    assert len(groups(aws, f"/{unique}")) == 1
    aws.client("logs").delete_log_group(logGroupName=f"/{unique}")


def test_a_name_that_cloudwatch_does_not_take_is_refused(make):
    with pytest.raises(SandboxError, match="regular expression pattern"):
        make(LOG_GROUP, {"name": "spaces are not allowed"})


def test_a_group_whose_retention_is_refused_is_not_left_behind(aws, make, unique):
    # CloudWatch Logs has no 31 days:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    with pytest.raises(ClientError, match="InvalidParameterException"):
        make(LOG_GROUP, {"name": f"/{unique}", "retentionInDays": 31})
    assert groups(aws, f"/{unique}") == []


def document(arn: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**GRANT, "Resource": f"{arn}:*"}]})


def test_a_log_group_has_a_policy_of_its_own_that_is_read_changed_and_deleted(aws, make, change, delete, unique):
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html"""
    logs, arn = aws.client("logs"), make(LOG_GROUP, {"name": f"/{unique}"}).outputs["arn"]
    made = make(POLICY, {"resourceArn": arn, "policyDocument": document("*")})

    (policy,) = logs.describe_resource_policies(resourceArn=arn, policyScope="RESOURCE")["resourcePolicies"]
    assert policy["policyDocument"] == document("*")
    assert (made.id, made.outputs["policyScope"]) == (arn, "RESOURCE")
    assert made.outputs["revisionId"] == policy["revisionId"]
    assert unique not in {one.get("resourceArn") for one in logs.describe_resource_policies()["resourcePolicies"]}

    outputs = change(POLICY, made, {"resourceArn": arn, "policyDocument": document(arn)})
    assert outputs["policyDocument"] == document(arn)
    assert outputs["revisionId"] != made.outputs["revisionId"]
    # Who does not know of the change deletes nothing.
    with pytest.raises(ClientError, match="InvalidParameterException"):
        delete(POLICY, made)
    delete(POLICY, made._replace(outputs=outputs))
    assert handler_for(POLICY).read(aws, made) is None


def test_a_policy_that_somebody_else_changed_is_drift(aws, make, change, delete, unique):
    arn = make(LOG_GROUP, {"name": f"/{unique}"}).outputs["arn"]
    made = make(POLICY, {"resourceArn": arn, "policyDocument": document("*")})
    aws.client("logs").put_resource_policy(
        resourceArn=arn, policyDocument=document(arn), expectedRevisionId=made.outputs["revisionId"]
    )

    found = handler_for(POLICY).read(aws, made) or {}
    assert found["policyDocument"] == document(arn)
    outputs = change(POLICY, made._replace(outputs=found), {"resourceArn": arn, "policyDocument": document("*")})
    assert outputs["policyDocument"] == document("*")
    delete(POLICY, made._replace(outputs=outputs))


def test_an_account_has_policies_by_name_and_ten_of_them(aws, make, change, delete, unique):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
    logs = aws.client("logs")
    made = make(POLICY, {"policyName": unique, "policyDocument": document("*")})

    assert (made.id, made.outputs["policyScope"]) == (unique, "ACCOUNT")
    assert change(POLICY, made, {"policyName": unique, "policyDocument": document("a")})["policyDocument"] == document(
        "a"
    )
    for number in range(9):
        make(POLICY, {"policyName": f"{unique}-{number}", "policyDocument": document("*")})
    with pytest.raises(ClientError, match="LimitExceededException"):
        make(POLICY, {"policyName": f"{unique}-more", "policyDocument": document("*")})
    # Those of log groups do not count.
    arn = make(LOG_GROUP, {"name": f"/{unique}"}).outputs["arn"]
    make(POLICY, {"resourceArn": arn, "policyDocument": document(arn)})
    delete(POLICY, made)
    assert unique not in {one["policyName"] for one in logs.describe_resource_policies()["resourcePolicies"]}


@pytest.mark.parametrize("whose", [{}, {"policyName": "a", "resourceArn": "arn:aws:logs:eu-west-1:1:log-group:a"}])
def test_a_policy_is_of_the_account_or_of_one_log_group(make, whose):
    with pytest.raises(SandboxError, match="exactly one of 'policyName' and 'resourceArn'"):
        make(POLICY, {**whose, "policyDocument": document("*")})


def test_a_policy_is_of_a_log_group_that_is_there(make):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        make(
            POLICY, {"resourceArn": "arn:aws:logs:eu-west-1:123456789012:log-group:no", "policyDocument": document("*")}
        )
