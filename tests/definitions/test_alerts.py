"""What alerts are asked for with, which AWS would take, and who may publish them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from definitions import alerts, policies
from definitions.place import Place
from spec.alerts import AlertsSpec
from tests.definitions.validators import policy_problems, request_problems

TOPIC = "arn:aws:sns:eu-west-1:123456789012:longhaul-dev-alerts-0a1b2c3"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:longhaul-dev-dead-letters-0a1b2c3"


def test_aws_would_take_the_rule_and_its_target(place: Place) -> None:
    rule = {
        "Name": "longhaul-dev-alerts-0a1b2c3",
        "Description": alerts.description(place),
        "EventPattern": json.dumps(alerts.event_pattern(place)),
    }
    target = alerts.target(place, topic_arn=TOPIC, dead_letter_arn=QUEUE)

    assert request_problems("events", "PutRule", rule) == []
    assert request_problems("events", "PutTargets", {"Rule": rule["Name"], "Targets": [target]}) == []
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    assert len(rule["EventPattern"]) <= 4096
    assert target["DeadLetterConfig"] == {"Arn": QUEUE}
    # With a role, delivery to an encrypted topic may fail.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    assert "RoleArn" not in target


def test_a_message_is_json_whatever_a_run_says(place: Place) -> None:
    template = alerts.target(place, topic_arn=TOPIC, dead_letter_arn=QUEUE)["InputTransformer"]

    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
    assert len(template["InputTemplate"]) <= 8192
    assert set(re.findall("<([^<>]*)>", template["InputTemplate"])) == template["InputPathsMap"].keys()
    # What is within a string is put there as it is: only what holds no quote, backslash or newline may be.
    in_strings = set(re.findall("<([^<>]*)>", "".join(re.findall(r'"(?:\\.|[^"\\])*"', template["InputTemplate"]))))
    assert in_strings == {"status", "run"}
    assert json.loads(re.sub("(?<=: )<[^<>]*>", '""', template["InputTemplate"]))


def test_the_page_shows_a_message_as_it_is(place: Place) -> None:
    page = (Path(__file__).parents[2] / "docs" / "resources.md").read_text()
    (shown,) = [json.loads(block) for block in re.findall("```json\n(.*?)```", page, re.DOTALL)]
    (settings,) = [yaml.safe_load(block) for block in re.findall("```yaml\n(.*?)```", page, re.DOTALL)]

    template = alerts.target(place, topic_arn=TOPIC, dead_letter_arn=QUEUE)["InputTransformer"]["InputTemplate"]
    written = json.loads(re.sub("(?<=: )<[^<>]*>", '""', template))
    assert list(shown) == list(written)
    assert shown["alert"] == written["alert"].replace("<status>", "FAILED")
    assert AlertsSpec.from_yaml(settings["longhaul:alerts"]).wanted


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#"),
        ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#"),
        (
            "aws-us-gov",
            "us-gov-west-1",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#",
        ),
    ],
)
def test_the_link_leads_to_the_partitions_console(place: Place, partition: str, region: str, console: str) -> None:
    elsewhere = replace(place, partition=partition, region=region)

    target = alerts.target(elsewhere, topic_arn=TOPIC, dead_letter_arn=QUEUE)
    assert console in target["InputTransformer"]["InputTemplate"]


def test_aws_would_take_the_alarm(place: Place) -> None:
    description = alerts.dead_letter_alarm_description(place)
    alarm = alerts.dead_letter_alarm("longhaul-dev-dead-letters-0a1b2c3", TOPIC)

    request = {"AlarmName": "longhaul-dev-dead-letters-0a1b2c3", "AlarmDescription": description, **alarm}
    assert request_problems("cloudwatch", "PutMetricAlarm", request) == []
    assert description == (
        "Starts, alerts or lines of the ledger of longhaul (dev) could not be delivered. To look: "
        "./longhaul dead-letters list --stack dev --region eu-west-1"
    )


def test_the_policies_are_ones_to_an_outsider(place: Place) -> None:
    assert policy_problems(policies.alert_topic_policy(place, TOPIC)) == []
    # In a key's policy the resource is that key.
    problems = policy_problems(policies.alert_key_policy(place))
    assert [problem for problem in problems if not problem.startswith("RESOURCE_STAR")] == []


def granted(policy: dict[str, Any], service: str) -> dict[str, Any]:
    """The one statement that is for an AWS service."""
    (statement,) = [one for one in policy["Statement"] if one["Principal"] == {"Service": f"{service}.amazonaws.com"}]
    return statement


def test_eventbridge_publishes_under_no_condition_and_alarms_for_the_stack(place: Place) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html: it gives no source."""
    policy = policies.alert_topic_policy(place, TOPIC)

    assert "Condition" not in granted(policy, "events")
    assert granted(policy, "cloudwatch")["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:longhaul-dev-*"},
    }


def test_the_key_is_used_for_the_stacks_topic_only(place: Place) -> None:
    policy = policies.alert_key_policy(place)

    for service in ("events", "cloudwatch"):
        assert granted(policy, service)["Condition"] == {
            "StringLike": {
                "kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:eu-west-1:123456789012:longhaul-dev-*"
            }
        }
