"""An alert that cannot be delivered lies in the dead-letter queue, and the queue's alarm says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.sandbox.notifications.conftest import Stack
from tests.sandbox.permissions.policies import Document, Part, parts, without

TOPIC, KEY = "aws:sns/topicPolicy:TopicPolicy", "aws:kms/key:Key"
FOR_ANYBODY = {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def document(stack: Stack, token: str) -> Document:
    """The deployed policy of the topic or of its key."""
    return json.loads(stack.made(token).outputs["policy"])


@contextmanager
def holding(stack: Stack, token: str, changed: Document) -> Iterator[None]:
    """Have the topic or its key hold another policy, and its own again afterwards."""
    put(stack, token, changed)
    try:
        yield
    finally:
        put(stack, token, document(stack, token))


def put(stack: Stack, token: str, policy: Document) -> None:
    if token == TOPIC:
        stack.aws.client("sns").set_topic_attributes(
            TopicArn=stack.topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
        )
    else:
        key = stack.made(KEY).id
        stack.aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def grants(stack: Stack, token: str, service: str) -> Iterator[Part]:
    """All that a policy grants an AWS service something by."""
    policy = document(stack, token)
    for part in parts(policy):
        if policy["Statement"][part.statement]["Principal"] == {"Service": f"{service}.amazonaws.com"}:
            yield part


def dead_letter(stack: Stack) -> dict[str, Any]:
    """The attributes of the next dead letter, and `event`, the event that was not delivered."""
    message = stack.dead_letters.receive()
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    return {**attributes, "event": json.loads(message["Body"])}


def hear_of_the_alarm(stack: Stack) -> dict[str, Any]:
    """What the topic tells of the alarm."""
    told = json.loads(stack.subscribed.receive()["Body"])
    return {**json.loads(told["Message"]), "Subject": told["Subject"]}


def be_over(stack: Stack) -> None:
    """Let the minute end in which a dead letter was seen."""
    assert stack.aws.clock.wait_idle(30)
    assert stack.aws.clock.advance_to(stack.aws.clock.now() + 61)
    assert stack.alarm()["StateValue"] == "OK"


def test_an_alarm_waits_for_dead_letters(stack: Stack) -> None:
    alarm = stack.alarm()

    assert (alarm["StateValue"], alarm["TreatMissingData"]) == ("OK", "notBreaching")
    assert alarm["AlarmActions"] == [stack.topic]
    assert "./longhaul dead-letters list --stack dev --region eu-west-1" in alarm["AlarmDescription"]


@pytest.mark.parametrize("token", [TOPIC, KEY], ids=["topic", "key"])
def test_without_a_grant_to_eventbridge_an_alert_becomes_a_dead_letter(
    stack: Stack, token: str, subtests: pytest.Subtests
) -> None:
    policy, rule = document(stack, token), stack.made("aws:cloudwatch/eventRule:EventRule").outputs["arn"]
    for part in grants(stack, token, "events"):
        with subtests.test(str(part)):
            with holding(stack, token, without(policy, part)):
                ended = stack.run(3)
                # The alarm is told under statements of its own; before the letter is taken, which would end it.
                assert hear_of_the_alarm(stack)["NewStateValue"] == "ALARM"
            letter = dead_letter(stack)
            assert (letter["ERROR_CODE"], letter["RULE_ARN"], letter["TARGET_ARN"]) == (
                "NO_PERMISSIONS",
                rule,
                stack.topic,
            )
            asked = part.action.removesuffix("*")
            assert f"events.amazonaws.com is not authorized to perform: {asked} on resource:" in letter["ERROR_MESSAGE"]
            assert letter["event"]["detail"]["cause"] == ended["cause"]
            be_over(stack)


@pytest.mark.parametrize("token", [TOPIC, KEY], ids=["topic", "key"])
def test_eventbridge_meets_no_condition(stack: Stack, token: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions"""
    policy = document(stack, token)
    conditioned = [
        {**one, "Condition": FOR_ANYBODY} if one["Principal"] == {"Service": "events.amazonaws.com"} else one
        for one in policy["Statement"]
    ]
    with holding(stack, token, {**policy, "Statement": conditioned}):
        stack.run(3)
        hear_of_the_alarm(stack)
    assert dead_letter(stack)["ERROR_CODE"] == "NO_PERMISSIONS"
    be_over(stack)


@contextmanager
def with_key(stack: Stack, key: str) -> Iterator[None]:
    """Have the topic encrypted with another key, and with its own again afterwards."""
    sns, attribute = stack.aws.client("sns"), {"TopicArn": stack.topic, "AttributeName": "KmsMasterKeyId"}
    sns.set_topic_attributes(**attribute, AttributeValue=key)
    try:
        yield
    finally:
        sns.set_topic_attributes(**attribute, AttributeValue=stack.made(KEY).outputs["arn"])


def test_the_key_that_aws_manages_lets_no_service_publish(stack: Stack) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services"""
    with with_key(stack, "alias/aws/sns"):
        stack.run(3)
        assert stack.alarm()["StateValue"] == "ALARM"
    letter = dead_letter(stack)
    assert letter["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "alias/aws/sns" in letter["ERROR_MESSAGE"]
    # Nor does it let the alarm.
    assert last_action(stack).startswith(f"Failed to execute action {stack.topic}. Received error: ")
    assert stack.subscribed.is_empty()
    be_over(stack)


def test_a_key_that_is_disabled_encrypts_nothing(stack: Stack) -> None:
    kms, key = stack.aws.client("kms"), stack.made(KEY).id
    kms.disable_key(KeyId=key)
    stack.run(3)
    assert stack.alarm()["StateValue"] == "ALARM"
    kms.enable_key(KeyId=key)
    assert "is Disabled" in dead_letter(stack)["ERROR_MESSAGE"]
    be_over(stack)


def last_action(stack: Stack) -> str:
    """What became of the alarm's latest action."""
    name = stack.made("aws:cloudwatch/metricAlarm:MetricAlarm").id
    history = stack.aws.client("cloudwatch").describe_alarm_history(AlarmName=name, HistoryItemType="Action")
    return history["AlarmHistoryItems"][0]["HistorySummary"]


def test_a_dead_letter_raises_the_alarm_and_its_end_ends_it(stack: Stack) -> None:
    with holding(stack, TOPIC, without(document(stack, TOPIC), next(grants(stack, TOPIC, "events")))):
        stack.run(3)
        told = hear_of_the_alarm(stack)

    name = stack.made("aws:cloudwatch/metricAlarm:MetricAlarm").id
    assert stack.alarm()["StateValue"] == "ALARM"
    assert told["Subject"] == f'ALARM: "{name}" in eu-west-1'
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == (name, "OK", "ALARM")
    assert told["AlarmDescription"].endswith(
        "of heard (dev) could not be delivered. To look: ./longhaul dead-letters list --stack dev --region eu-west-1"
    )
    assert last_action(stack) == f"Successfully executed action {stack.topic}"
    dead_letter(stack)
    be_over(stack)
    # What is over is not told.
    assert stack.subscribed.is_empty()


@pytest.mark.parametrize("token", [TOPIC, KEY], ids=["topic", "key"])
def test_without_a_grant_to_cloudwatch_the_alarm_tells_nobody(
    stack: Stack, token: str, subtests: pytest.Subtests
) -> None:
    policy, cloudwatch = document(stack, token), stack.aws.client("cloudwatch")
    name = stack.made("aws:cloudwatch/metricAlarm:MetricAlarm").id

    def ring() -> None:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a try")

    for part in grants(stack, token, "cloudwatch"):
        with subtests.test(str(part)):
            with holding(stack, token, without(policy, part)):
                ring()
            assert last_action(stack).startswith(f"Failed to execute action {stack.topic}. Received error: ")
            ring()
            assert hear_of_the_alarm(stack)["NewStateReason"] == "a try"
            assert stack.subscribed.is_empty()
    be_over(stack)
