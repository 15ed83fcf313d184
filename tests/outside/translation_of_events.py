"""CloudFormation's names for what starts jobs and what is heard of them: rules, schedules, logs, queues, topics."""

import json
from collections.abc import Mapping
from typing import Any

from tests.outside.translation_words import KEPT, TAGS, Nowhere, Property, Translation, dimension_list

DEAD_LETTERS: Property = ("DeadLetterConfig", {"arn": "Arn"})
RETRIES: Property = (
    "RetryPolicy",
    {
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
    },
)


def _task(network: str) -> Property:
    """How ECS is to run a task; CloudFormation has two spellings of the one part, for rules and for schedules."""
    return (
        "EcsParameters",
        {
            "taskDefinitionArn": "TaskDefinitionArn",
            "taskCount": "TaskCount",
            "launchType": "LaunchType",
            "capacityProviderStrategies": (
                "CapacityProviderStrategy",
                {"capacityProvider": "CapacityProvider", "weight": "Weight"},
            ),
            "platformVersion": "PlatformVersion",
            "networkConfiguration": ("NetworkConfiguration", lambda given: {network: _network(given)}),
            "propagateTags": "PropagateTags",
            "enableExecuteCommand": "EnableExecuteCommand",
        },
    )


def _network(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Subnets": given["subnets"],
        "SecurityGroups": given["securityGroups"],
        "AssignPublicIp": "ENABLED" if given["assignPublicIp"] else "DISABLED",
    }


OF_EVENTS: Mapping[str, Translation] = {
    "aws:cloudwatch/eventRule:EventRule": Translation(
        "AWS::Events::Rule",
        {
            "name": "Name",
            "description": "Description",
            "eventPattern": ("EventPattern", json.loads),
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
            "tags": TAGS,
        },
        generated_name="Name",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Translation(
        "AWS::Events::Rule",
        {
            "targetId": "Id",
            "arn": "Arn",
            "roleArn": "RoleArn",
            "inputTransformer": (
                "InputTransformer",
                {"inputPaths": ("InputPathsMap", dict), "inputTemplate": "InputTemplate"},
            ),
            "ecsTarget": _task("AwsVpcConfiguration"),
            "deadLetterConfig": DEAD_LETTERS,
            "retryPolicy": RETRIES,
        },
        part_of=("Targets", "rule"),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Translation(
        "AWS::Logs::LogGroup",
        {
            "namePrefix": Nowhere("the beginning of the generated name"),
            "retentionInDays": "RetentionInDays",
            "skipDestroy": KEPT,
            "tags": TAGS,
        },
        generated_name="LogGroupName",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Translation(
        "AWS::Logs::ResourcePolicy",
        {
            "policyDocument": ("PolicyDocument", json.loads),
            "resourceArn": Nowhere("CloudFormation has policies of the account only; the document names the log group"),
        },
        generated_name="PolicyName",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Translation(
        "AWS::CloudWatch::Alarm",
        {
            "alarmDescription": "AlarmDescription",
            "namespace": "Namespace",
            "metricName": "MetricName",
            "dimensions": ("Dimensions", dimension_list),
            "statistic": "Statistic",
            "period": "Period",
            "evaluationPeriods": "EvaluationPeriods",
            "comparisonOperator": "ComparisonOperator",
            "threshold": "Threshold",
            "treatMissingData": "TreatMissingData",
            "alarmActions": "AlarmActions",
            "tags": TAGS,
        },
        generated_name="AlarmName",
    ),
    "aws:scheduler/schedule:Schedule": Translation(
        "AWS::Scheduler::Schedule",
        {
            "name": "Name",
            "groupName": "GroupName",
            "description": "Description",
            "scheduleExpression": "ScheduleExpression",
            "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
            "flexibleTimeWindow": (
                "FlexibleTimeWindow",
                {"mode": "Mode", "maximumWindowInMinutes": "MaximumWindowInMinutes"},
            ),
            "state": "State",
            "target": (
                "Target",
                {
                    "arn": "Arn",
                    "roleArn": "RoleArn",
                    "input": "Input",
                    "ecsParameters": _task("AwsvpcConfiguration"),
                    "deadLetterConfig": DEAD_LETTERS,
                    "retryPolicy": RETRIES,
                },
            ),
        },
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Translation(
        "AWS::Scheduler::ScheduleGroup", {"name": "Name", "tags": TAGS}
    ),
    "aws:sns/topic:Topic": Translation(
        "AWS::SNS::Topic",
        {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "tags": TAGS},
        generated_name="TopicName",
    ),
    "aws:sns/topicPolicy:TopicPolicy": Translation(
        "AWS::SNS::TopicPolicy",
        {"arn": ("Topics", lambda arn: [arn]), "policy": ("PolicyDocument", json.loads)},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Translation(
        "AWS::SNS::Subscription",
        {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"},
    ),
    "aws:sqs/queue:Queue": Translation(
        "AWS::SQS::Queue",
        {
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "tags": TAGS,
        },
        generated_name="QueueName",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Translation(
        "AWS::SQS::QueuePolicy",
        {"queueUrl": ("Queues", lambda url: [url]), "policy": ("PolicyDocument", json.loads)},
    ),
}
