"""What AWS refuses when rules, targets and schedules are made, and that MiniStack as shipped does not."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def refused():
    def refuse(operation, **request):
        with pytest.raises(ClientError) as error:
            operation(**request)
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    return refuse


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 3 * * * *)",
        "cron(0 3 * * *)",
        "cron(0 3 ? * 0 *)",
        "rate(1 hours)",
        "rate(0 minutes)",
        "at(2030-05-01T00:00:00)",
    ],
)
def test_put_rule_refuses_an_expression(stack, refused, expression):
    put_rule = stack.aws.client("events").put_rule
    answer = refused(put_rule, Name=stack.name, ScheduleExpression=expression)
    assert answer == ("ValidationException", "Parameter ScheduleExpression is not valid.")


def test_put_rule_refuses_a_rule_that_nothing_triggers_and_a_schedule_on_another_bus(stack, refused):
    events = stack.aws.client("events")
    assert "must be specified" in refused(events.put_rule, Name=stack.name)[1]
    events.create_event_bus(Name=stack.name)
    stack.undo.callback(events.delete_event_bus, Name=stack.name)
    on_a_bus = {"Name": stack.name, "EventBusName": stack.name, "ScheduleExpression": "rate(1 hour)"}
    assert "default event bus" in refused(events.put_rule, **on_a_bus)[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RoleArn": None}, "RoleArn is required for target"),
        ({"Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"}, "starts state machines"),
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Input": "{"}, "JSON syntax error in input for target machine"),
        ({"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"a": <b>}'}}, "contains invalid placeholder b."),
        ({"InputTransformer": {"InputPathsMap": {}, "InputTemplate": "no quotes"}}, "neither JSON nor text in quotes"),
        ({"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"a": }'}}, "neither JSON nor text in quotes"),
        ({"RetryPolicy": {"MaximumEventAgeInSeconds": 86401}}, "60 to 86400"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "0 to 185"),
        ({"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:queue.fifo"}}, "standard SQS queue"),
    ],
)
def test_put_targets_refuses_a_target(stack, refused, change, message):
    events = stack.aws.client("events")
    events.put_rule(Name=stack.name, ScheduleExpression="rate(1 hour)")
    stack.undo.callback(events.delete_rule, Name=stack.name)
    code, said = refused(events.put_targets, Rule=stack.name, Targets=[stack.target(**change)])
    assert code == "ValidationException"
    assert message in said
    assert events.list_targets_by_rule(Rule=stack.name)["Targets"] == []


def test_a_rule_has_five_targets_and_stays_while_it_has_any(stack, refused):
    events = stack.aws.client("events")
    stack.rule("rate(1 hour)")
    targets = [stack.target(Id=str(number)) for number in range(5)]
    code, _ = refused(events.put_targets, Rule=stack.name, Targets=targets)
    assert code == "LimitExceededException"
    assert "has targets" in refused(events.delete_rule, Name=stack.name)[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ScheduleExpression": "cron(0 3 * * *)"}, "Invalid Schedule Expression cron(0 3 * * *)."),
        ({"ScheduleExpression": "at(tomorrow)"}, "Invalid Schedule Expression at(tomorrow)."),
        ({"ScheduleExpressionTimezone": "Europe/Pari"}, "Europe/Pari"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "OFF with no window"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}}, "1 to 1440"),
        ({"StartDate": datetime.fromtimestamp(0, UTC) + timedelta(days=365)}, "earlier than 5 minutes ago"),
        ({"EndDate": datetime.fromtimestamp(0, UTC) + timedelta(days=365)}, "EndDate"),
    ],
)
def test_create_and_update_schedule_refuse(stack, refused, change, message):
    scheduler = stack.aws.client("scheduler")
    stack.schedule("rate(1 hour)", name="-there")
    request = {
        "GroupName": stack.name,
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": stack.target(Id=None),
        **change,
    }
    for operation, name in (
        (scheduler.create_schedule, stack.name),
        (scheduler.update_schedule, f"{stack.name}-there"),
    ):
        code, said = refused(operation, Name=name, **request)
        assert code == "ValidationException"
        assert message in said


def test_a_schedule_starts_state_machines_only(stack, refused):
    create = stack.aws.client("scheduler").create_schedule
    target = stack.target(Id=None, Arn="arn:aws:scheduler:::aws-sdk:sqs:sendMessage")
    answer = refused(
        create, Name=stack.name, ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert "state machines" in answer[1]


@pytest.mark.usefixtures("stack")
def test_the_checks_stand_before_ministack_calls_that_still_lack_them():
    """When a version of MiniStack checks this itself, `api.py` can go or shrink: then this fails."""
    from sandbox.triggers import api

    assert "FlexibleTimeWindow" in inspect.getsource(api._create_schedule)
    assert "ZoneInfo" not in inspect.getsource(api._create_schedule)
    assert "MaximumEventAge" not in inspect.getsource(api._put_targets)
    assert "has targets" not in inspect.getsource(api._delete_rule)
