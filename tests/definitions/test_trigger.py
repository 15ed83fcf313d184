"""What starts a job, and what the started execution gets."""

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings

from definitions import trigger
from definitions.place import Place
from spec.job import JobSpec
from tests.definitions.samples import job, task
from tests.definitions.strategies import json_values
from tests.definitions.walker import walk

ROLE = "arn:aws:iam::123456789012:role/longhaul-dev-trigger-0a1b2c3"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:longhaul-dev-dead-letters-0a1b2c3"
DUE = "2026-11-24T03:15:00Z"
DAILY = "cron(15 3 * * ? *)"

few = settings(max_examples=60)


def delivered_by_rule(target: dict[str, Any], time: str) -> Any:
    """What EventBridge sends: each `<variable>` of the template becomes the JSON of what its path finds.

    An unknown variable is dropped.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    transformer = target["InputTransformer"]
    event = {"time": time}
    values = {name: event.get(path.removeprefix("$.")) for name, path in transformer["InputPathsMap"].items()}
    return json.loads(
        re.sub(
            r"<([^>]*)>",
            lambda match: json.dumps(values[match[1]]) if match[1] in values else "",
            transformer["InputTemplate"],
        )
    )


def delivered_by_scheduler(schedule: dict[str, Any], time: str) -> Any:
    """What Scheduler sends: its context attributes are filled in wherever the input's text has them."""
    return json.loads(schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", time))


@few
@given(json_values)
@example("<time>")
@example({"<time>": ["\\", '"', "<aws.scheduler.scheduled-time>"]})
def test_any_input_arrives_as_it_was_written(place: Place, value: object) -> None:
    nightly = job(schedule=DAILY, input=value)
    expected = {"trigger": "schedule", "scheduledTime": DUE, "input": value}

    by_rule = trigger.rule_target(nightly, place, role_arn=ROLE, dead_letter_arn=QUEUE)
    by_scheduler = trigger.schedule(nightly, place, role_arn=ROLE, dead_letter_arn=QUEUE)

    assert delivered_by_rule(by_rule, DUE) == expected
    assert delivered_by_scheduler(by_scheduler, DUE) == expected


@few
@given(json_values, json_values)
def test_any_input_reaches_the_container_as_json_text(
    machine_of: Callable[[JobSpec], dict[str, Any]], own: object, given_by_hand: object
) -> None:
    machine = machine_of(job(input=own))

    scheduled = walk(machine, {}, [task(0)])
    by_hand = walk(machine, {"input": given_by_hand}, [task(0)])

    assert json.loads(scheduled.environment(0)["LONGHAUL_INPUT"]) == own
    assert json.loads(by_hand.environment(0)["LONGHAUL_INPUT"]) == given_by_hand


def test_a_rule_starts_the_job_within_its_deadline_or_keeps_the_start(place: Place) -> None:
    nightly = job(schedule=DAILY, startDeadline="15m", description="Adds up the sales")

    assert trigger.rule(nightly, place) == {
        "Name": "longhaul-dev-nightly",
        "ScheduleExpression": DAILY,
        "State": "ENABLED",
        "Description": "Starts nightly (dev): Adds up the sales",
    }
    target = trigger.rule_target(nightly, place, role_arn=ROLE, dead_letter_arn=QUEUE)
    assert target["Arn"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-dev-nightly"
    assert target["RoleArn"] == ROLE
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 185}
    assert target["DeadLetterConfig"] == {"Arn": QUEUE}


def test_a_schedule_has_its_zone_its_window_and_its_group(place: Place) -> None:
    nightly = job(schedule=DAILY, timezone="Europe/Berlin", flexibleWindow="15m", startDeadline="15m", enabled=False)

    schedule = trigger.schedule(nightly, place, role_arn=ROLE, dead_letter_arn=QUEUE)

    assert schedule | {"Target": ...} == {
        "Name": "longhaul-dev-nightly",
        "GroupName": "longhaul-dev",
        "ScheduleExpression": DAILY,
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "State": "DISABLED",
        "Description": "Starts nightly (dev)",
        "Target": ...,
    }
    assert schedule["Target"] | {"Input": ...} == {
        "Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-dev-nightly",
        "RoleArn": ROLE,
        "Input": ...,
        "RetryPolicy": {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 185},
        "DeadLetterConfig": {"Arn": QUEUE},
    }


def test_without_zone_and_window_a_schedule_is_exact_and_in_utc(place: Place) -> None:
    schedule = trigger.schedule(job(schedule=DAILY), place, role_arn=ROLE, dead_letter_arn=QUEUE)

    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["State"] == "ENABLED"


def test_a_description_is_cut_at_what_both_services_take(place: Place) -> None:
    chatty = job(schedule=DAILY, description="x" * 512)

    assert len(trigger.rule(chatty, place)["Description"]) == 512
    assert len(trigger.schedule(chatty, place, role_arn=ROLE, dead_letter_arn=QUEUE)["Description"]) == 512
