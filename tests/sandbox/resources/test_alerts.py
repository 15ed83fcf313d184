"""Topics, their keys and subscribers, and alarms."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.resources.registry import handler_for

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
TOPIC, POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}
KEY_POLICY = {"Version": "2012-10-17", "Statement": [ROOT]}


def test_a_key_rotates_has_its_policy_and_waits_for_its_deletion(aws, make, change, delete):
    kms = aws.client("kms")
    inputs = {"description": "of alerts", "policy": json.dumps(KEY_POLICY), "tags": {"a": "b"}}
    key = make(KEY, {**inputs, "enableKeyRotation": True})

    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["Description"] == "of alerts"
    assert json.loads(kms.get_key_policy(KeyId=key.id, PolicyName="default")["Policy"]) == KEY_POLICY
    assert kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"] is True
    assert kms.list_resource_tags(KeyId=key.id)["Tags"] == [{"TagKey": "a", "TagValue": "b"}]

    other = {**KEY_POLICY, "Statement": [{**ROOT, "Sid": "Other"}]}
    outputs = change(
        KEY,
        key,
        {"description": "of others", "policy": json.dumps(other), "tags": {"c": "d"}, "enableKeyRotation": False},
    )
    assert outputs["description"] == "of others"
    assert json.loads(kms.get_key_policy(KeyId=key.id, PolicyName="default")["Policy"]) == other
    assert kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"] is False
    assert kms.list_resource_tags(KeyId=key.id)["Tags"] == [{"TagKey": "c", "TagValue": "d"}]

    delete(KEY, key)
    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert handler_for(KEY).read(aws, key) is None


def test_an_alias_means_a_key_and_then_another(aws, make, change, unique):
    first, second = make(KEY, {}), make(KEY, {})
    alias = make(ALIAS, {"name": f"alias/{unique}", "targetKeyId": first.id})

    assert aws.client("kms").describe_key(KeyId=alias.id)["KeyMetadata"]["KeyId"] == first.id
    change(ALIAS, alias, {"name": f"alias/{unique}", "targetKeyId": second.id})
    assert aws.client("kms").describe_key(KeyId=alias.id)["KeyMetadata"]["KeyId"] == second.id


def test_a_topic_has_its_key_its_policy_and_its_tags(aws, make, change, delete, unique):
    sns = aws.client("sns")
    topic = make(TOPIC, {"name": unique, "displayName": "jobs", "kmsMasterKeyId": "alias/one", "tags": {"a": "b"}})
    document = {"Version": "2012-10-17", "Statement": []}
    policy = make(POLICY, {"arn": topic.id, "policy": json.dumps(document)})

    attributes = sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]
    assert (attributes["DisplayName"], attributes["KmsMasterKeyId"]) == ("jobs", "alias/one")
    assert json.loads(attributes["Policy"]) == document
    assert sns.list_tags_for_resource(ResourceArn=topic.id)["Tags"] == [{"Key": "a", "Value": "b"}]
    change(TOPIC, topic, {"name": unique, "kmsMasterKeyId": "alias/two", "tags": {"c": "d"}})
    attributes = sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]
    assert (attributes["DisplayName"], attributes["KmsMasterKeyId"]) == ("", "alias/two")
    assert sns.list_tags_for_resource(ResourceArn=topic.id)["Tags"] == [{"Key": "c", "Value": "d"}]

    delete(POLICY, policy)
    (left,) = json.loads(sns.get_topic_attributes(TopicArn=topic.id)["Attributes"]["Policy"])["Statement"]
    assert left["Condition"] == {"StringEquals": {"AWS:SourceOwner": "123456789012"}}
    delete(TOPIC, topic)
    with pytest.raises(ClientError, match="NotFound"):
        sns.get_topic_attributes(TopicArn=topic.id)


@pytest.mark.parametrize(
    ("protocol", "endpoint"), [("email", "ops@example.com"), ("https", "https://example.com/alerts")]
)
def test_who_has_to_confirm_is_pending_and_stays_so(aws, make, delete, unique, protocol, endpoint):
    """https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html"""
    topic = make(TOPIC, {"name": unique})
    made = make(SUBSCRIPTION, {"topic": topic.id, "protocol": protocol, "endpoint": endpoint})

    assert made.outputs["pendingConfirmation"] is True
    assert made.id.startswith(f"{topic.id}:")
    delete(SUBSCRIPTION, made)
    (listed,) = aws.client("sns").list_subscriptions_by_topic(TopicArn=topic.id)["Subscriptions"]
    assert (listed["Endpoint"], listed["SubscriptionArn"]) == (endpoint, "PendingConfirmation")


def test_a_queue_is_subscribed_at_once(aws, make, change, delete, unique):
    topic = make(TOPIC, {"name": unique})
    inputs = {"topic": topic.id, "protocol": "sqs", "endpoint": f"arn:aws:sqs:eu-west-1:123456789012:{unique}"}
    made = make(SUBSCRIPTION, inputs)

    assert made.outputs["pendingConfirmation"] is False
    assert change(SUBSCRIPTION, made, {**inputs, "rawMessageDelivery": True})["rawMessageDelivery"] is True
    delete(SUBSCRIPTION, made)
    assert aws.client("sns").list_subscriptions_by_topic(TopicArn=topic.id)["Subscriptions"] == []


def test_an_alarm_is_made_as_asked_changed_and_deleted(aws, make, change, delete, unique):
    cloudwatch = aws.client("cloudwatch")
    inputs = {
        "name": unique,
        "alarmDescription": "letters",
        "namespace": "AWS/SQS",
        "metricName": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": unique},
        "statistic": "Maximum",
        "period": 60,
        "evaluationPeriods": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "treatMissingData": "notBreaching",
        "alarmActions": [f"arn:aws:sns:eu-west-1:123456789012:{unique}"],
        "tags": {"a": "b"},
    }
    alarm = make(ALARM, inputs)

    (found,) = cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"]
    assert found["Dimensions"] == [{"Name": "QueueName", "Value": unique}]
    assert (found["Statistic"], found["Period"], found["EvaluationPeriods"]) == ("Maximum", 60, 1)
    assert (found["Threshold"], found["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert (found["TreatMissingData"], found["AlarmActions"]) == ("notBreaching", inputs["alarmActions"])
    assert alarm.outputs["arn"] == found["AlarmArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    change(ALARM, alarm, {**inputs, "threshold": 5, "dimensions": {"QueueName": "other"}})
    (found,) = cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"]
    assert (found["Threshold"], found["Dimensions"]) == (5, [{"Name": "QueueName", "Value": "other"}])
    delete(ALARM, alarm)
    assert cloudwatch.describe_alarms(AlarmNames=[unique])["MetricAlarms"] == []


def test_a_rule_with_a_pattern_is_made_as_asked(aws, make, unique):
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    make("aws:cloudwatch/eventRule:EventRule", {"name": unique, "eventPattern": json.dumps(pattern)})

    assert json.loads(aws.client("events").describe_rule(Name=unique)["EventPattern"]) == pattern
