"""What the ledger is asked for with, which AWS would take, and who may write there."""

import json

from definitions import ledger, policies
from definitions.place import Place
from tests.definitions.validators import policy_problems, request_problems

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/longhaul-dev-runs-20261124031500123400000001"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:longhaul-dev-dead-letters-0a1b2c3"
RULE = "arn:aws:events:eu-west-1:123456789012:rule/longhaul-dev-runs-0a1b2c3"


def test_aws_would_take_the_rule_and_its_target(place: Place) -> None:
    rule = {
        "Name": "longhaul-dev-runs-0a1b2c3",
        "Description": ledger.description(place),
        "EventPattern": json.dumps(ledger.event_pattern(place)),
    }
    target = ledger.target(log_group_arn=GROUP, dead_letter_arn=QUEUE)

    assert request_problems("events", "PutRule", rule) == []
    assert request_problems("events", "PutTargets", {"Rule": rule["Name"], "Targets": [target]}) == []
    # A line is the whole event, and PutTargets takes no role with a log group.
    assert target == {"Id": "log-group", "Arn": GROUP, "DeadLetterConfig": {"Arn": QUEUE}}


def test_every_status_of_the_stacks_machines_is_asked_for(place: Place) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    assert ledger.event_pattern(place) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"prefix": "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-dev-"}],
        },
    }


def test_eventbridge_makes_streams_and_writes_for_the_rule(place: Place) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions"""
    policy = policies.ledger_policy(log_group_arn=GROUP, rule_arns=[RULE])
    request = {"policyDocument": json.dumps(policy), "resourceArn": GROUP}
    granted = {statement["Action"][0]: statement for statement in policy["Statement"]}

    assert request_problems("logs", "PutResourcePolicy", request) == []
    assert policy_problems(policy) == []
    assert granted.keys() == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert "Condition" not in granted["logs:CreateLogStream"]
    assert granted["logs:PutLogEvents"]["Condition"] == {"ArnEquals": {"aws:SourceArn": RULE}}
    for statement in policy["Statement"]:
        assert statement["Resource"] == f"{GROUP}:*"
        assert statement["Principal"] == {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]}
    # A name of 64 characters, and a project and a stack as long as names allow.
    assert len(request["policyDocument"]) < 5120
    assert GROUP.split(":")[-1].startswith(place.ledger_prefix)
