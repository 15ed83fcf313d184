"""Every change of a run's status arrives in the ledger as it was told, or in the dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from sandbox.play import run_to_end
from tests.sandbox.notifications.conftest import Stack
from tests.sandbox.permissions.policies import Document, parts, without

DAY = 24 * 3600
EVENTS, DELIVERY = "events.amazonaws.com", "delivery.logs.amazonaws.com"


def group(stack: Stack) -> str:
    return stack.deployment.outputs["ledger"]


def group_arn(stack: Stack) -> str:
    return f"arn:aws:logs:eu-west-1:123456789012:log-group:{group(stack)}"


def lines(stack: Stack, *executions: str) -> list[dict[str, Any]]:
    """The ledger's log events that are of these executions, in order, each with its `event` read."""
    pages = stack.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group(stack))
    told = [{**line, "event": json.loads(line["message"])} for page in pages for line in page["events"]]
    return [line for line in told if line["event"]["detail"]["executionArn"] in executions]


def statuses(stack: Stack, execution: str) -> list[str]:
    return [line["event"]["detail"]["status"] for line in lines(stack, execution)]


def stop(stack: Stack, execution: str) -> None:
    stack.aws.client("stepfunctions").stop_execution(executionArn=execution, error="By.Hand", cause='a "quote"\nand é')
    run_to_end(stack.aws, execution)
    stack.aws.clock.wait_idle()


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def test_the_log_group_is_found_by_its_name_and_keeps_a_year(stack: Stack) -> None:
    found = stack.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/events/heard-dev-runs-")["logGroups"]

    assert [(one["logGroupName"], one["retentionInDays"]) for one in found] == [(group(stack), 365)]


def test_a_line_is_the_event_as_it_is_delivered(stack: Stack) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    stack.aws.clock.advance_to(stack.aws.clock.now() + 100 * DAY)
    ended = stack.run(3)
    arn = ended["executionArn"]

    began, failed = (line["event"] for line in lines(stack, arn))
    for event in (began, failed):
        assert event.keys() == {
            *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
        }
        assert event["detail-type"] == "Step Functions Execution Status Change"
        assert (event["source"], event["account"], event["region"]) == ("aws.states", "123456789012", "eu-west-1")
        assert event["resources"] == [arn]
    assert began["id"] != failed["id"]
    started = {
        "executionArn": arn,
        "stateMachineArn": stack.machine,
        "name": ended["name"],
        "startDate": milliseconds(ended["startDate"]),
        "input": ended["input"],
        "inputDetails": {"included": True},
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
    }
    assert began["detail"].items() >= {**started, "status": "RUNNING", "stopDate": None, "error": None}.items()
    stopped = milliseconds(ended["stopDate"])
    assert failed["detail"].items() >= {**started, "status": "FAILED", "stopDate": stopped}.items()
    assert (failed["detail"]["error"], failed["detail"]["cause"]) == ("Job.ExitedNonZero", ended["cause"])


def test_a_line_has_the_time_of_its_event(stack: Stack) -> None:
    stack.aws.clock.advance_to(stack.aws.clock.now() + DAY)
    ended = stack.run(0)

    for line, moment in zip(lines(stack, ended["executionArn"]), (ended["startDate"], ended["stopDate"]), strict=True):
        assert milliseconds(datetime.fromisoformat(line["event"]["time"])) == line["timestamp"]
        assert 0 <= (milliseconds(moment) or 0) - line["timestamp"] < 1000


def test_every_change_of_status_arrives_in_order(stack: Stack) -> None:
    succeeded, failed = (stack.run(value)["executionArn"] for value in (0, 3))
    aborted = stack.start("wait")
    stop(stack, aborted)
    running = stack.start("wait")

    assert statuses(stack, succeeded) == ["RUNNING", "SUCCEEDED"]
    assert statuses(stack, failed) == ["RUNNING", "FAILED"]
    assert statuses(stack, aborted) == ["RUNNING", "ABORTED"]
    assert statuses(stack, running) == ["RUNNING"]
    assert lines(stack, aborted)[-1]["event"]["detail"]["cause"] == 'a "quote"\nand é'
    order = [line["event"]["detail"]["executionArn"] for line in lines(stack, succeeded, failed, aborted, running)]
    assert order == [succeeded, succeeded, failed, failed, aborted, aborted, running]
    stop(stack, running)


def test_a_redriven_run_runs_once_more_and_says_so(stack: Stack) -> None:
    arn = stack.start("wait")
    stop(stack, arn)
    stack.aws.client("stepfunctions").redrive_execution(executionArn=arn)
    stop(stack, arn)

    told = [line["event"]["detail"] for line in lines(stack, arn)]
    assert [(one["status"], one["redriveCount"]) for one in told] == [
        ("RUNNING", 0),
        ("ABORTED", 0),
        ("RUNNING", 1),
        ("ABORTED", 1),
    ]


def policy(stack: Stack) -> Document:
    """The policy that was deployed."""
    (made,) = [one for one in stack.deployment.resources if one.token.endswith(":LogResourcePolicy")]
    return json.loads(made.outputs["policyDocument"])


def put(stack: Stack, changed: Document | None) -> None:
    """Have the log group hold another policy, or none."""
    logs, arn = stack.aws.client("logs"), group_arn(stack)
    held = logs.describe_resource_policies(resourceArn=arn, policyScope="RESOURCE")["resourcePolicies"]
    revision = {"expectedRevisionId": held[0]["revisionId"]} if held else {}
    if changed is not None:
        logs.put_resource_policy(resourceArn=arn, policyDocument=json.dumps(changed), **revision)
    elif held:
        logs.delete_resource_policy(resourceArn=arn, **revision)


@contextmanager
def holding(stack: Stack, changed: Document | None) -> Iterator[None]:
    """Have the log group hold another policy, or none, and its own again afterwards."""
    put(stack, changed)
    try:
        yield
    finally:
        put(stack, None)
        put(stack, policy(stack))


def refused(stack: Stack) -> tuple[str, list[dict[str, Any]]]:
    """Run the job while nothing can be written; gives what was refused and the events among the dead letters."""
    arn = stack.run(0)["executionArn"]
    assert lines(stack, arn) == []
    letters = [stack.dead_letters.receive() for _ in range(2)]
    events = [json.loads(letter["Body"]) for letter in letters]
    assert [event["detail"]["status"] for event in events] == ["RUNNING", "SUCCEEDED"]
    assert {event["detail"]["executionArn"] for event in events} == {arn}
    told = {name: value["StringValue"] for name, value in letters[0]["MessageAttributes"].items()}
    assert (told["ERROR_CODE"], told["TARGET_ARN"]) == ("NO_PERMISSIONS", group_arn(stack))
    assert ":rule/heard-dev-runs-" in told["RULE_ARN"]
    return told["ERROR_MESSAGE"], events


def test_without_the_policy_nothing_arrives_and_all_of_it_is_kept(stack: Stack) -> None:
    with holding(stack, None):
        message, _ = refused(stack)
    assert f"{EVENTS} is not authorized to perform: logs:CreateLogStream on resource:" in message
    assert statuses(stack, stack.run(0)["executionArn"]) == ["RUNNING", "SUCCEEDED"]


def test_every_part_of_the_policy_is_needed(stack: Stack, subtests: pytest.Subtests) -> None:
    whole = policy(stack)
    for part in parts(whole):
        with subtests.test(str(part)), holding(stack, without(whole, part)):
            message, _ = refused(stack)
            assert f"is not authorized to perform: {part.action} on resource: {group_arn(stack)}:" in message


@pytest.mark.parametrize("writer", [EVENTS, DELIVERY])
def test_each_of_the_two_services_is_needed(stack: Stack, writer: str) -> None:
    """AWS's example has both: https://docs.aws.amazon.com/cli/latest/reference/logs/put-resource-policy.html"""
    whole = policy(stack)
    others = [{**one, "Principal": {"Service": [EVENTS, DELIVERY][writer == EVENTS]}} for one in whole["Statement"]]
    with holding(stack, {**whole, "Statement": others}):
        assert refused(stack)[0].startswith(f"{writer} is not authorized")


def test_eventbridge_tells_the_rule_when_it_writes_and_not_when_it_makes_a_stream(stack: Stack) -> None:
    whole = policy(stack)
    (condition,) = [one["Condition"] for one in whole["Statement"] if "Condition" in one]
    everywhere = [{**one, "Condition": condition} for one in whole["Statement"]]
    with holding(stack, {**whole, "Statement": everywhere}):
        assert "logs:CreateLogStream" in refused(stack)[0]


@contextmanager
def account_policy(stack: Stack, effect: str) -> Iterator[None]:
    """Have the account hold a policy for all log groups of rules, as AWS's example is."""
    statement = {
        "Effect": effect,
        "Principal": {"Service": [EVENTS, DELIVERY]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/*:*",
    }
    logs = stack.aws.client("logs")
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    logs.put_resource_policy(policyName="of-the-account", policyDocument=document)
    try:
        yield
    finally:
        logs.delete_resource_policy(policyName="of-the-account")


def test_a_policy_of_the_account_grants_as_well_and_denies_as_well(stack: Stack) -> None:
    with holding(stack, None), account_policy(stack, "Allow"):
        assert statuses(stack, stack.run(0)["executionArn"]) == ["RUNNING", "SUCCEEDED"]
    with account_policy(stack, "Deny"):
        assert "logs:CreateLogStream" in refused(stack)[0]
