"""Who is to hear of a failed run hears of it, in words that say what to do next."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.play import run_to_end
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.queues import Queue
from tests.sandbox.notifications.conftest import Stack, write_project


def notification(queue: Queue) -> dict[str, Any]:
    """What SNS hands on to a queue: https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html"""
    return json.loads(queue.receive()["Body"])


def test_a_failed_run_is_told_in_this_text(stack: Stack) -> None:
    ended = stack.run(3)

    assert (ended["status"], ended["error"]) == ("FAILED", "Job.ExitedNonZero")
    sentence, details = ended["cause"].split("\n")
    assert sentence.startswith("nightly (dev) exited with code 3")
    assert json.loads(details)["exitCode"] == 3
    run, region = ended["executionArn"], "eu-west-1"
    told = notification(stack.subscribed)
    assert told["Message"] == (
        '{"alert":"A run of heard (dev) ended as FAILED",'
        '"job":"arn:aws:states:eu-west-1:123456789012:stateMachine:heard-dev-nightly",'
        '"stack":"dev",'
        '"error":"Job.ExitedNonZero",'
        f'"to look":"./longhaul show {run} --stack dev --region {region}",'
        f'"to rerun":"./longhaul rerun {run} --stack dev --region {region}",'
        f'"console":"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{run}",'
        f'"what happened":{json.dumps(ended["cause"])}}}'
    )
    # Who gets e-mails reads AWS's own subject.
    assert "Subject" not in told
    assert told["TopicArn"] == stack.topic


def test_a_run_that_succeeds_is_not_told(stack: Stack) -> None:
    assert stack.run(0)["status"] == "SUCCEEDED"
    assert stack.run(4)["status"] == "FAILED"

    assert json.loads(notification(stack.subscribed)["Message"])["what happened"].startswith(
        "nightly (dev) exited with code 4"
    )
    assert stack.subscribed.is_empty()


def test_a_run_that_a_person_stops_is_told_without_a_cause(stack: Stack) -> None:
    arn = stack.start("wait")
    stack.aws.client("stepfunctions").stop_execution(executionArn=arn)

    told = json.loads(notification(stack.subscribed)["Message"])
    assert told["alert"] == "A run of heard (dev) ended as ABORTED"
    assert (told["error"], told["what happened"]) == (None, None)
    run_to_end(stack.aws, arn)


def test_whatever_is_said_of_a_stop_arrives_as_it_was_said(stack: Stack) -> None:
    cause = 'He said "stop" \\ and\nleft: {"a": "<run>"} é'
    arn = stack.start("wait")
    stack.aws.client("stepfunctions").stop_execution(executionArn=arn, error="By.Hand", cause=cause)

    told = json.loads(notification(stack.subscribed)["Message"])
    assert (told["error"], told["what happened"]) == ("By.Hand", cause)
    run_to_end(stack.aws, arn)


def test_a_run_that_gave_way_to_a_newer_one_is_not_told(stack: Stack) -> None:
    arn = stack.start("wait")
    stack.aws.client("stepfunctions").stop_execution(executionArn=arn, error="Job.Replaced", cause="a newer run")
    run_to_end(stack.aws, arn)
    assert stack.run(5)["status"] == "FAILED"

    assert json.loads(notification(stack.subscribed)["Message"])["error"] == "Job.ExitedNonZero"
    assert stack.subscribed.is_empty()


def test_a_machine_of_another_stack_is_not_heard(stack: Stack, role: Callable[..., str]) -> None:
    client = stack.aws.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", "StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}}
    made = client.create_state_machine(
        name="heard-prod-nightly", definition=json.dumps(definition), roleArn=role("states.amazonaws.com")
    )
    arn = client.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    run_to_end(stack.aws, arn)
    assert stack.run(6)["status"] == "FAILED"

    assert json.loads(notification(stack.subscribed)["Message"])["job"] == stack.machine
    assert stack.subscribed.is_empty()
    client.delete_state_machine(stateMachineArn=made["stateMachineArn"])


@pytest.mark.parametrize(
    ("change", "heard"),
    [
        ({"error": "Job.TimedOut"}, True),
        ({"status": "TIMED_OUT", "error": "States.Timeout"}, True),
        # Of a stop by hand the event has no error, or none but null.
        ({"status": "ABORTED", "error": None}, True),
        ({"status": "ABORTED"}, True),
        ({"status": "ABORTED", "error": "Job.Replaced"}, False),
        ({"status": "SUCCEEDED"}, False),
        ({"status": "RUNNING"}, False),
        ({"stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:heard-devil-nightly"}, False),
    ],
)
def test_which_events_are_heard(stack: Stack, change: dict[str, Any], heard: bool) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    detail = {"status": "FAILED", "stateMachineArn": stack.machine, **change}
    event = {
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "account": "123456789012",
        "region": "eu-west-1",
        "time": "2026-11-24T03:15:00Z",
        "resources": [],
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": detail,
    }
    pattern = stack.made("aws:cloudwatch/eventRule:EventRule").outputs["eventPattern"]
    answer = stack.aws.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
    assert answer["Result"] is heard


def test_the_commands_do_what_they_say(stack: Stack, tmp_path: Path) -> None:
    run = stack.run(7)["executionArn"]
    told = json.loads(notification(stack.subscribed)["Message"])
    write_project(tmp_path, {})

    def follow(command: str) -> str:
        longhaul, *arguments = shlex.split(command)
        assert longhaul == "./longhaul"
        return subprocess.run(
            [*COMMAND, "-C", str(tmp_path), *arguments],
            env=ENVIRONMENT | stack.aws.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert "Job.ExitedNonZero" in follow(told["to look"])
    again = follow(told["to rerun"]).strip()
    run_to_end(stack.aws, again)
    ended = stack.aws.client("stepfunctions").describe_execution(executionArn=again)
    given = json.loads(ended["input"])
    assert (given["trigger"], given["rerunOf"], given["input"]) == ("rerun", run, 7)
    assert again in json.loads(notification(stack.subscribed)["Message"])["to look"]


def test_people_and_endpoints_wait_to_confirm_and_are_sent_nothing(stack: Stack) -> None:
    subscriptions = stack.aws.client("sns").list_subscriptions_by_topic(TopicArn=stack.topic)["Subscriptions"]

    assert {(one["Protocol"], one["Endpoint"]): one["SubscriptionArn"] for one in subscriptions} == {
        ("email", "ops@example.com"): "PendingConfirmation",
        ("https", "https://example.com/alerts"): "PendingConfirmation",
        ("sqs", stack.subscribed.arn): subscriptions[-1]["SubscriptionArn"],
    }
