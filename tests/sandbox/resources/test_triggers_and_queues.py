"""Rules, schedules and the queue for what they could not deliver."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:nightly"
ROLE = "arn:aws:iam::123456789012:role/trigger"
DEAD_LETTERS = "arn:aws:sqs:eu-west-1:123456789012:dead-letters"


def test_rule_and_target_are_made_as_asked_and_deleted(aws, make, delete, unique):
    events = aws.client("events")
    rule = make(
        RULE,
        {
            "name": unique,
            "description": "every night",
            "scheduleExpression": "cron(15 3 * * ? *)",
            "state": "DISABLED",
            "tags": {"a": "b"},
        },
    )
    transformer = {"inputPaths": {"time": "$.time"}, "inputTemplate": '{"scheduledTime": <time>}'}
    target = make(
        TARGET,
        {
            "rule": unique,
            "targetId": "machine",
            "arn": MACHINE,
            "roleArn": ROLE,
            "inputTransformer": transformer,
            "deadLetterConfig": {"arn": DEAD_LETTERS},
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185},
        },
    )
    found = events.describe_rule(Name=unique)
    assert found["ScheduleExpression"] == "cron(15 3 * * ? *)"
    assert (found["Description"], found["State"]) == ("every night", "DISABLED")
    assert rule.outputs["arn"] == found["Arn"]
    assert events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    assert events.list_targets_by_rule(Rule=unique)["Targets"] == [
        {
            "Id": "machine",
            "Arn": MACHINE,
            "RoleArn": ROLE,
            "InputTransformer": {
                "InputPathsMap": {"time": "$.time"},
                "InputTemplate": '{"scheduledTime": <time>}',
            },
            "DeadLetterConfig": {"Arn": DEAD_LETTERS},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
        }
    ]
    assert (rule.id, target.id) == (unique, f"{unique}-machine")
    delete(TARGET, target)
    assert events.list_targets_by_rule(Rule=unique)["Targets"] == []
    delete(RULE, rule)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        events.describe_rule(Name=unique)


def test_a_target_of_a_rule_that_is_not_there_is_refused(make, unique):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        make(TARGET, {"rule": unique, "arn": MACHINE, "roleArn": ROLE})


def test_schedule_and_group_are_made_as_asked_and_deleted(aws, make, delete, unique):
    scheduler = aws.client("scheduler")
    group = make(GROUP, {"name": unique, "tags": {"a": "b"}})
    schedule = make(
        SCHEDULE,
        {
            "name": unique,
            "groupName": unique,
            "description": "local nights",
            "scheduleExpression": "cron(15 3 * * ? *)",
            "scheduleExpressionTimezone": "Europe/Paris",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15},
            "state": "DISABLED",
            "actionAfterCompletion": "NONE",
            "target": {
                "arn": MACHINE,
                "roleArn": ROLE,
                "input": '{"input": {}}',
                "deadLetterConfig": {"arn": DEAD_LETTERS},
                "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185},
            },
        },
    )
    found = scheduler.get_schedule(GroupName=unique, Name=unique)
    assert found["ScheduleExpression"] == "cron(15 3 * * ? *)"
    assert found["ScheduleExpressionTimezone"] == "Europe/Paris"
    assert found["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert (found["State"], found["ActionAfterCompletion"]) == ("DISABLED", "NONE")
    assert found["Description"] == "local nights"
    assert found["Target"] == {
        "Arn": MACHINE,
        "RoleArn": ROLE,
        "Input": '{"input": {}}',
        "DeadLetterConfig": {"Arn": DEAD_LETTERS},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185},
    }
    assert (group.id, schedule.id) == (unique, f"{unique}/{unique}")
    assert schedule.outputs["arn"] == found["Arn"]
    tags = scheduler.list_tags_for_resource(ResourceArn=group.outputs["arn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    delete(SCHEDULE, schedule)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scheduler.get_schedule(GroupName=unique, Name=unique)
    delete(GROUP, group)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scheduler.get_schedule_group(Name=unique)


def test_queue_and_policy_are_made_as_asked_and_deleted(aws, make, delete, unique):
    sqs = aws.client("sqs")
    queue = make(
        QUEUE,
        {
            "name": unique,
            "messageRetentionSeconds": 1_209_600,
            "sqsManagedSseEnabled": True,
            "visibilityTimeoutSeconds": 60,
            "tags": {"a": "b"},
        },
    )
    document = {"Version": "2012-10-17", "Statement": []}
    policy = make(QUEUE_POLICY, {"queueUrl": queue.id, "policy": json.dumps(document)})
    attributes = sqs.get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"]
    assert attributes["MessageRetentionPeriod"] == "1209600"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["VisibilityTimeout"] == "60"
    assert json.loads(attributes["Policy"]) == document
    assert sqs.list_queue_tags(QueueUrl=queue.id)["Tags"] == {"a": "b"}
    assert queue.id == queue.outputs["url"] == sqs.get_queue_url(QueueName=unique)["QueueUrl"]
    assert queue.outputs["arn"] == attributes["QueueArn"]
    delete(QUEUE_POLICY, policy)
    assert not sqs.get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])["Attributes"].get("Policy")
    delete(QUEUE, queue)
    with pytest.raises(ClientError, match=r"NonExistentQueue|QueueDoesNotExist"):
        sqs.get_queue_url(QueueName=unique)


CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/jobs"
ECS_TARGET = {
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/beat:1",
    "taskCount": 1,
    "capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    "platformVersion": "LATEST",
    "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": True},
    "propagateTags": "TASK_DEFINITION",
    "enableExecuteCommand": False,
}
ECS_PARAMETERS = {
    "TaskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/beat:1",
    "TaskCount": 1,
    "CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    "PlatformVersion": "LATEST",
    "NetworkConfiguration": {
        "awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED"}
    },
    "PropagateTags": "TASK_DEFINITION",
    "EnableExecuteCommand": False,
}


def test_a_rules_target_may_be_a_task(aws, make, delete, unique):
    events = aws.client("events")
    rule = make(RULE, {"name": unique, "scheduleExpression": "rate(1 day)"})
    inputs = {"rule": unique, "targetId": "task", "arn": CLUSTER, "roleArn": ROLE, "ecsTarget": ECS_TARGET}
    target = make(TARGET, inputs)
    (found,) = events.list_targets_by_rule(Rule=unique)["Targets"]
    assert found == {"Id": "task", "Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": ECS_PARAMETERS}
    delete(TARGET, target)
    delete(RULE, rule)


def test_a_schedules_target_may_be_a_task(aws, make, delete, unique):
    inputs = {
        "name": unique,
        "scheduleExpression": "rate(1 day)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {"arn": CLUSTER, "roleArn": ROLE, "ecsParameters": ECS_TARGET},
    }
    schedule = make(SCHEDULE, inputs)
    found = aws.client("scheduler").get_schedule(Name=unique)["Target"]
    assert found == {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": ECS_PARAMETERS}
    delete(SCHEDULE, schedule)
