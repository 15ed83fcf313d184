"""Who hears of failures: a topic of the stack's own, one that exists, or nobody."""

from collections.abc import Callable

from definitions.place import Place
from definitions.policies import alert_key_policy
from tests.components.conftest import Deployment
from tests.components.provider_answers import ACCOUNT, REGION, arn

JOB = """
longhaul:jobs:
  report: {image: "example.com/report:1"}
"""
TOPIC = arn("sns", "alerts-of-the-team")
ALERTS = "longhaul-test-alerts"


def test_without_anybody_to_hear_there_is_nothing(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB)

    assert not deployment.all("longhaul:index:Alerts")
    assert not any(one.type.startswith(("aws:sns", "aws:kms")) for one in deployment.resources)
    assert not deployment.all("cloudwatch/metricAlarm:MetricAlarm")
    assert "alertsTopic" not in deployment.exports


def test_the_topic_is_encrypted_with_a_key_that_rotates(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB, "longhaul:alerts: {email: [ops@example.com]}")

    key, topic = deployment.one("kms/key:Key"), deployment.one("sns/topic:Topic")
    place = Place(project="longhaul", stack="test", partition="aws", region=REGION, account=ACCOUNT)
    assert key.inputs["enableKeyRotation"] is True
    assert key.document("policy") == alert_key_policy(place)
    assert topic.inputs["kmsMasterKeyId"] == key.outputs["arn"]
    assert topic.inputs["displayName"] == "longhaul (test)"
    alias = deployment.one("kms/alias:Alias")
    assert (alias.inputs["name"], alias.inputs["targetKeyId"]) == (
        "alias/longhaul-test-alerts",
        key.outputs["keyId"],
    )
    policy = deployment.one("sns/topicPolicy:TopicPolicy")
    assert policy.inputs["arn"] == topic.outputs["arn"]
    assert {one["Resource"] for one in policy.document("policy")["Statement"]} == {topic.outputs["arn"]}
    assert deployment.exports["alertsTopic"] == topic.outputs["arn"]


def test_everybody_who_is_named_is_subscribed(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        JOB, "longhaul:alerts: {email: [ops@example.com, me@example.com], https: ['https://example.com/t0ken']}"
    )

    subscriptions = deployment.all("sns/topicSubscription:TopicSubscription")
    topic = deployment.one("sns/topic:Topic").outputs["arn"]
    assert {(one.inputs["protocol"], one.inputs["endpoint"], one.inputs["topic"]) for one in subscriptions} == {
        ("email", "ops@example.com", topic),
        ("email", "me@example.com", topic),
        ("https", "https://example.com/t0ken", topic),
    }
    # Names of resources are shown everywhere.
    assert not any("t0ken" in one.name for one in subscriptions)


def test_a_failed_run_reaches_the_topic_or_the_dead_letter_queue(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB, "longhaul:alerts: {email: [ops@example.com]}")

    rule, target = (
        deployment.one("cloudwatch/eventRule:EventRule", ALERTS),
        deployment.one("cloudwatch/eventTarget:EventTarget", ALERTS),
    )
    queue, topic = deployment.one("sqs/queue:Queue"), deployment.one("sns/topic:Topic")
    assert target.inputs["rule"] == rule.outputs["name"]
    assert target.inputs["arn"] == topic.outputs["arn"]
    assert target.inputs["deadLetterConfig"] == {"arn": queue.outputs["arn"]}
    # The queue takes dead letters of rules with the stack's prefix.
    assert rule.outputs["name"].startswith("longhaul-test-")
    granted = {
        deployment.one("sns/topicPolicy:TopicPolicy").urn,
        deployment.one("sqs/queuePolicy:QueuePolicy").urn,
    }
    assert granted <= rule.dependencies
    assert granted <= target.dependencies


def test_the_alarm_watches_the_dead_letter_queue(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB, "longhaul:alerts: {email: [ops@example.com]}")

    alarm, queue = deployment.one("cloudwatch/metricAlarm:MetricAlarm"), deployment.one("sqs/queue:Queue")
    inputs = {name: value for name, value in alarm.inputs.items() if name not in ("tags", "alarmDescription")}
    assert inputs == {
        "namespace": "AWS/SQS",
        "metricName": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": queue.outputs["name"]},
        "statistic": "Maximum",
        "period": 60,
        "evaluationPeriods": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "treatMissingData": "notBreaching",
        "alarmActions": [deployment.one("sns/topic:Topic").outputs["arn"]],
    }
    assert "./longhaul dead-letters list --stack test --region " in alarm.inputs["alarmDescription"]
    # The topic's and the key's policies are for alarms with the stack's prefix.
    assert alarm.outputs["name"].startswith("longhaul-test-")


def test_an_existing_topic_gets_a_target_and_an_alarm_and_nothing_else(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB, f"longhaul:alerts: {{topic: '{TOPIC}'}}")

    made = {one.type for one in deployment.children(deployment.one("longhaul:index:Alerts"))}
    assert made == {
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
    }
    assert deployment.one("cloudwatch/eventTarget:EventTarget", ALERTS).inputs["arn"] == TOPIC
    assert deployment.one("cloudwatch/metricAlarm:MetricAlarm").inputs["alarmActions"] == [TOPIC]
    assert deployment.exports["alertsTopic"] == TOPIC
