"""What a rule of a person's own publishes to a topic, and where what it cannot publish goes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.queues import Queue, new_queue

Heard = Callable[..., tuple[Queue, Queue]]
DETAIL = {"said": 'a "quote"', "lines": "one\ntwo", "kept": {"a": "b"}}
NAMES = {"said": "$.detail.said", "lines": "$.detail.lines", "kept": "$.detail.kept", "gone": "$.detail.gone"}


@pytest.fixture
def publish(local_aws: LocalAws) -> Iterator[Heard]:
    """Has a rule with a target publish one event to a topic; gives the queue that hears it and the dead letters'."""
    undo = ExitStack()

    def published(topic: str | None = None, *, dead_letters: bool = True, **target: Any) -> tuple[Queue, Queue]:
        events, sns, sqs = (local_aws.client(service) for service in ("events", "sns", "sqs"))
        name = f"rule-{secrets.token_hex(4)}"
        arn = sns.create_topic(Name=name)["TopicArn"]
        undo.callback(sns.delete_topic, TopicArn=arn)
        grant = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**grant, "Resource": arn}]})
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
        queue = new_queue(local_aws, name, arn)
        letters = new_queue(local_aws, f"{name}-dead", rule)
        for one in (queue, letters):
            undo.callback(sqs.delete_queue, QueueUrl=one.url)
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
        kept = {"DeadLetterConfig": {"Arn": letters.arn}} if dead_letters else {}
        events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": topic or arn, **kept, **target}])
        undo.callback(events.delete_rule, Name=name)
        undo.callback(events.remove_targets, Rule=name, Ids=["one"])
        events.put_events(Entries=[{"Source": name, "DetailType": "Told", "Detail": json.dumps(DETAIL)}])
        return queue, letters

    yield published
    undo.close()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        # JSON without its white space, its values with their escapes.
        ('{\n  "a": <said>,\n  "b": <lines>\n}', '{"a":"a \\"quote\\"","b":"one\\ntwo"}'),
        ('{"a": <kept>, "b": "it is <kept>", "c": <gone>}', '{"a":{"a":"b"},"b":"it is {a: b}","c":""}'),
        # Text as it is, with its quotes and without an escape.
        ('"<lines>"\n"and <gone>."', '"one\ntwo"\n"and ."'),
    ],
)
def test_a_message_is_as_its_template_makes_it(publish: Heard, template: str, expected: str) -> None:
    queue, _ = publish(InputTransformer={"InputPathsMap": NAMES, "InputTemplate": template})
    assert queue.receive()["Body"] == expected


def test_without_a_template_it_is_the_event_a_part_of_it_or_a_constant(publish: Heard) -> None:
    assert json.loads(publish()[0].receive()["Body"])["detail"] == DETAIL
    assert json.loads(publish(InputPath="$.detail.kept")[0].receive()["Body"]) == {"a": "b"}
    assert publish(Input='"constant"')[0].receive()["Body"] == '"constant"'


@pytest.mark.parametrize(
    ("target", "code"),
    [
        # A quote within a text ends it: nothing is escaped there.
        (
            {"InputTransformer": {"InputPathsMap": NAMES, "InputTemplate": '{"a": "<said>"}'}},
            "INVALID_JSON",
        ),
        ({"InputPath": "$.detail.gone"}, "INVALID_PARAMETER"),
        ({"topic": "arn:aws:sns:eu-west-1:123456789012:nowhere"}, "NO_RESOURCE"),
    ],
)
def test_what_cannot_be_published_is_kept(publish: Heard, target: dict[str, Any], code: str) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    queue, letters = publish(**target)

    letter = letters.receive()
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert json.loads(letter["Body"])["detail"] == DETAIL
    assert queue.is_empty()


def test_without_a_queue_for_it_it_is_lost(publish: Heard) -> None:
    queue, letters = publish(topic="arn:aws:sns:eu-west-1:123456789012:nowhere", dead_letters=False)
    assert queue.is_empty()
    assert letters.is_empty()


def test_a_log_group_that_is_not_there_takes_nothing(publish: Heard) -> None:
    _, letters = publish(topic="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/nowhere")

    letter = letters.receive()
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert json.loads(letter["Body"])["detail"] == DETAIL


@pytest.mark.parametrize(
    ("target", "message"),
    [
        # In AWS's words: https://github.com/terraform-aws-modules/terraform-aws-eventbridge/issues/136
        (
            {"RoleArn": "arn:aws:iam::123456789012:role/writer"},
            r"RoleArn is not supported for target arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/jobs\.",
        ),
        ({"Input": '"constant"'}, "The sandbox writes whole events to log groups"),
    ],
)
def test_a_log_group_is_a_target_without_a_role_that_gets_whole_events(
    publish: Heard, target: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        publish(topic="arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/jobs", **target)
