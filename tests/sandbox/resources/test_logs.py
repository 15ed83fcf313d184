from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


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
