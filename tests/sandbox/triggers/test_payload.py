"""What the state machine gets: AWS's examples of input transformation, and the two services' own events."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {"instance-id": "i-0123456789", "state": "RUNNING"},
}
PATHS = {"timestamp": "$.time", "instance": "$.detail.instance-id", "state": "$.detail.state"}


def transformed(target, event=EVENT):
    from sandbox.triggers.payload import rule_input

    rule_arn = "arn:aws:events:us-east-2:123456789012:rule/example"
    now = datetime(2015, 11, 11, 21, 30, tzinfo=UTC)
    return rule_input(target, event, rule_name="example", rule_arn=rule_arn, now=now)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        ('{"instance" : <instance>, "state": <state>}', '{"instance" : "i-0123456789", "state": "RUNNING"}'),
        (
            '{"instance" : <instance>, "state": "<state>", '
            '"instanceStatus": "instance \\"<instance>\\" is in <state>"}',
            '{"instance" : "i-0123456789", "state": "RUNNING", '
            '"instanceStatus": "instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        (
            '{"state": [ 9, <state>, true ], "Transformed" : "Yes"}',
            '{"state": [ 9, "RUNNING", true ], "Transformed" : "Yes"}',
        ),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ('{"ruleArn" : <aws.events.rule-arn>}', '{"ruleArn" : "arn:aws:events:us-east-2:123456789012:rule/example"}'),
        ('{"originalEvent" : <aws.events.event.json>}', '{"originalEvent" : ' + json.dumps(EVENT) + "}"),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at": "2015-11-11T21:30:00Z"}'),
        # A variable whose path leads nowhere does not appear, as recorded on AWS for both:
        # https://github.com/localstack/localstack/blob/master/tests/aws/services/events/test_events_inputs.snapshot.json
        ('{"gone": "<missing>"}', '{"gone": ""}'),
        ('{"gone": <missing>}', '{"gone": ""}'),
        # Lines of text, each in its quotes.
        ('"<instance>"\n"is <state>"', '"i-0123456789"\n"is RUNNING"'),
        # An object within a text loses its quotes.
        ('"it is <detail>"', '"it is {instance-id: i-0123456789, state: RUNNING}"'),
        # `<` as an escape is text.
        ('{"text": "a \\u003cstate> b"}', '{"text": "a \\u003cstate> b"}'),
    ],
)
def test_input_transformer_as_the_documentation_shows(template, expected):
    paths = {**PATHS, "missing": "$.detail.nothing", "detail": "$.detail"}
    assert transformed({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}) == expected


@pytest.mark.usefixtures("stack")
def test_input_input_path_and_the_whole_event():
    from sandbox.triggers.payload import NoSuchPath

    assert transformed({"Input": '{"fixed": true}'}) == '{"fixed": true}'
    assert json.loads(transformed({"InputPath": "$.detail"})) == EVENT["detail"]
    assert json.loads(transformed({"InputPath": "$.resources[0]"})) == EVENT["resources"][0]
    assert json.loads(transformed({})) == EVENT
    with pytest.raises(NoSuchPath):
        transformed({"InputPath": "$.nothing"})


def test_a_rule_delivers_its_scheduled_event(stack, fire):
    stack.rule("cron(15 3 * * ? *)")
    fire("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")
    (event,) = stack.inputs()
    assert len(event.pop("id")) == 36
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2030-05-01T03:15:00Z",
        "region": stack.aws.region,
        "resources": [f"arn:aws:events:{stack.aws.region}:123456789012:rule/{stack.name}"],
        "detail": {},
    }


def test_a_rule_delivers_the_scheduled_time_through_its_template(stack, fire):
    transformer = {
        "InputPathsMap": {"time": "$.time"},
        "InputTemplate": '{"scheduledTime":<time>,"input":{"a":"\\u003cb>"}}',
    }
    stack.rule("cron(15 3 * * ? *)", InputTransformer=transformer)
    fire("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")
    assert stack.inputs() == [{"scheduledTime": "2030-05-01T03:15:00Z", "input": {"a": "<b>"}}]


def test_a_schedule_fills_in_its_context_attributes(stack, fire):
    names = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    text = json.dumps({name: f"<aws.scheduler.{name}>" for name in names})
    stack.schedule("cron(15 3 * * ? *)", target={"Input": text})
    fire("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")
    (given,) = stack.inputs()
    arn = f"arn:aws:scheduler:{stack.aws.region}:123456789012:schedule/{stack.name}/{stack.name}"
    assert given.pop("execution-id")
    assert given == {"schedule-arn": arn, "scheduled-time": "2030-05-01T03:15:00Z", "attempt-number": "1"}


def test_a_schedule_without_input_delivers_an_event(stack, fire):
    stack.schedule("cron(15 3 * * ? *)")
    fire("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")
    (event,) = stack.inputs()
    assert (event["source"], event["time"]) == ("aws.scheduler", "2030-05-01T03:15:00Z")
