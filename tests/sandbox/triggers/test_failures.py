"""What cannot be started: permanent errors, retries, the event's age, dead letters and who may send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

DAY = ("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")


def test_no_permission_goes_straight_to_the_dead_letter_queue_of_a_rule(stack, fire):
    stack.rule("cron(15 3 * * ? *)")
    stack.permit("sqs:SendMessage")
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", "NO_PERMISSIONS")
    ((event, attributes),) = stack.dead_letters()
    assert event["time"] == "2030-05-01T03:15:00Z"
    message = attributes.pop("ERROR_MESSAGE")
    assert "states:StartExecution" in message
    assert stack.machine_arn in message
    assert attributes == {
        "RULE_ARN": f"arn:aws:events:{stack.aws.region}:123456789012:rule/{stack.name}",
        "TARGET_ARN": stack.machine_arn,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    for metric in ("TriggeredRules", "Invocations", "FailedInvocations", "InvocationsSentToDlq"):
        assert stack.metric("AWS/Events", metric, RuleName=stack.name) == 1


def test_a_missing_target_goes_straight_to_the_dead_letter_queue(stack, fire):
    missing = f"arn:aws:states:{stack.aws.region}:123456789012:stateMachine:missing"
    stack.rule("cron(15 3 * * ? *)", Arn=missing)
    stack.schedule("cron(15 3 * * ? *)", target={"Arn": missing, "Input": '{"at":"<aws.scheduler.scheduled-time>"}'})
    assert [delivery.status for delivery in fire(*DAY)] == ["DEAD_LETTERED"] * 2
    letters = {letter[1]["ERROR_CODE"]: letter for letter in stack.dead_letters()}
    assert letters.keys() == {"NO_RESOURCE", "StateMachineDoesNotExist"}
    body, attributes = letters["StateMachineDoesNotExist"]
    # The request, as in AWS's example of a schedule for a queue.
    assert body == {"Input": '{"at":"2030-05-01T03:15:00Z"}', "StateMachineArn": missing}
    assert attributes["SCHEDULED_TIME"] == "2030-05-01T03:15:00Z"
    assert attributes["SCHEDULE_ARN"].endswith(f":schedule/{stack.name}/{stack.name}")
    assert attributes["RETRY_ATTEMPTS"] == "0"
    assert attributes["EXECUTION_ID"]


@pytest.mark.parametrize("service", ["rule", "schedule"])
def test_a_role_that_does_not_trust_the_service_starts_nothing(stack, fire, service):
    getattr(stack, service)("cron(15 3 * * ? *)")
    stack.aws.client("iam").update_assume_role_policy(
        RoleName=stack.name,
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "lambda.amazonaws.com"}}]}',
    )
    (delivery,) = fire(*DAY)
    assert delivery.status == ("DEAD_LETTERED" if service == "rule" else "LOST")
    assert "is not authorized to assume" in delivery.error_message


def test_a_role_that_trusts_only_the_rules_of_another_stack_starts_nothing(stack, fire):
    other = f"arn:aws:events:{stack.aws.region}:123456789012:rule/other-*"
    stack.rule("cron(15 3 * * ? *)")
    stack.aws.client("iam").update_assume_role_policy(
        RoleName=stack.name,
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnLike": {"aws:SourceArn": "'
        + other
        + '"}}}]}',
    )
    (delivery,) = fire(*DAY)
    assert delivery.error_code == "FAILED_TO_ASSUME_ROLE"


def test_without_a_dead_letter_queue_it_is_dropped(stack, fire):
    stack.rule("cron(15 3 * * ? *)", DeadLetterConfig=None)
    stack.permit()
    (delivery,) = fire(*DAY)
    assert delivery.status == "DROPPED"


def test_a_queue_whose_policy_does_not_name_the_service_takes_nothing(stack, fire):
    stack.rule("cron(15 3 * * ? *)")
    stack.permit()
    stack.let_queue_take()
    (delivery,) = fire(*DAY)
    assert delivery.status == "LOST"
    assert "sqs:SendMessage" in delivery.error_message
    assert stack.dead_letters() == []
    assert stack.metric("AWS/Events", "InvocationsFailedToBeSentToDlq", RuleName=stack.name) == 1


def test_a_schedule_sends_dead_letters_with_its_role(stack, fire):
    stack.schedule("cron(15 3 * * ? *)")
    stack.let_queue_take()
    stack.permit("sqs:SendMessage")
    assert [delivery.status for delivery in fire(*DAY)] == ["DEAD_LETTERED"]
    assert len(stack.dead_letters()) == 1
    stack.permit()
    assert [delivery.status for delivery in fire(*DAY)] == ["LOST"]
    for metric in ("InvocationsSentToDeadLetterCount", "InvocationsFailedToBeSentToDeadLetterCount"):
        assert stack.metric("AWS/Scheduler", metric, ScheduleGroup=stack.name) == 1


def test_input_that_is_no_json_is_not_tried_again(stack, fire):
    transformer = {"InputPathsMap": {}, "InputTemplate": '"two"\n"lines"'}
    stack.rule("cron(15 3 * * ? *)", InputTransformer=transformer)
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", "INVALID_JSON")


@pytest.fixture
def throttled(stack, monkeypatch):
    """Has the next calls of StartExecution throttled; how many is set by the test."""
    client_of, left = stack.aws.identity.client, {"count": 0}

    class Throttling:
        def __init__(self, client):
            self._client = client

        def start_execution(self, **request):
            if left["count"]:
                left["count"] -= 1
                error = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
                raise ClientError({**error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "StartExecution")
            return self._client.start_execution(**request)

    def client(service, *arguments, **options):
        real = client_of(service, *arguments, **options)
        return Throttling(real) if service == "stepfunctions" else real

    monkeypatch.setattr(stack.aws.identity, "client", client)
    return left


def fire_through(stack, start):
    """Goes from instant to instant until nothing is due; what was delivered, with the moments."""
    from sandbox.triggers import Triggers

    triggers, happened = Triggers(stack.aws, start, start + timedelta(minutes=1)), []
    while (moment := triggers.next_time()) is not None:
        while not stack.aws.clock.advance_to(moment.timestamp()):
            stack.aws.clock.wait_idle()
        happened += [(moment, each) for each in triggers.fire(moment)]
    return happened


@pytest.fixture
def next_minute(stack):
    now = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=2)


def once_at(moment):
    return f"cron({moment.minute} {moment.hour} {moment.day} {moment.month} ? {moment.year})"


def test_a_throttled_start_is_tried_again_and_starts_once(stack, throttled, next_minute):
    attempt = {"Input": '{"attempt":"<aws.scheduler.attempt-number>"}'}
    stack.schedule(once_at(next_minute), target=attempt)
    throttled["count"] = 3
    happened = fire_through(stack, next_minute - timedelta(minutes=1))
    assert [each.status for _, each in happened] == ["RETRYING"] * 3 + ["STARTED"]
    assert [each.attempt for _, each in happened] == [1, 2, 3, 4]
    assert {each.scheduled_time for _, each in happened} == {next_minute}
    moments = [moment for moment, _ in happened]
    assert moments == sorted(set(moments))
    assert stack.inputs() == [{"attempt": "4"}]
    assert stack.dead_letters() == []


def test_after_the_last_retry_it_is_a_dead_letter(stack, throttled, next_minute):
    stack.rule(once_at(next_minute), RetryPolicy={"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 86400})
    throttled["count"] = 99
    happened = fire_through(stack, next_minute - timedelta(minutes=1))
    assert [each.status for _, each in happened] == ["RETRYING", "RETRYING", "DEAD_LETTERED"]
    ((_, attributes),) = stack.dead_letters()
    assert attributes["ERROR_CODE"] == "THROTTLING"
    assert attributes["RETRY_ATTEMPTS"] == "2"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert stack.metric("AWS/Events", "RetryInvocationAttempts", RuleName=stack.name) == 2


def test_when_the_event_is_too_old_it_is_a_dead_letter(stack, throttled, next_minute):
    stack.rule(once_at(next_minute), RetryPolicy={"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 90})
    throttled["count"] = 999
    happened = fire_through(stack, next_minute - timedelta(minutes=1))
    assert happened[-1][1].status == "DEAD_LETTERED"
    assert happened[-1][0] == next_minute + timedelta(seconds=90)
    ((_, attributes),) = stack.dead_letters()
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert int(attributes["RETRY_ATTEMPTS"]) < 185
