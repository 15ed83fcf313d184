"""What makes failures heard: one rule for the ends of the stack's runs, and an alarm on its dead-letter queue.

Both publish to an SNS topic. What the rule publishes is the alert; an alert that cannot be delivered ends in the
dead-letter queue, whose alarm tells of it.
"""

import json
from collections.abc import Mapping
from typing import Any

from definitions.place import Place
from definitions.status_changes import FAILED_STATUSES, NO_ITEM, NOT_REPLACED, status_changes

TARGET_ID = "topic"

# The paths of an event that a message is written with.
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_PATHS = {
    "status": "$.detail.status",
    "machine": "$.detail.stateMachineArn",
    "run": "$.detail.executionArn",
    "error": "$.detail.error",
    "cause": "$.detail.cause",
}
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def event_pattern(place: Place, *, has_items: bool = False) -> dict[str, Any]:
    """Matches the ends of runs that somebody should hear of; `has_items` as for the ledger."""
    no_item = NO_ITEM if has_items else {}
    return status_changes(place, status=list(FAILED_STATUSES), **no_item, **{"$or": NOT_REPLACED})


def description(place: Place) -> str:
    """What the rule is for, as its description."""
    return f"Tells of runs of {place.project} ({place.stack}) that failed, timed out or were aborted"


def target(place: Place, *, topic_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The one target of the rule, as PutTargets takes it.

    Args:
        place: the stack.
        topic_arn: the topic.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return to_topic(_PATHS, _message(place), topic_arn=topic_arn, dead_letter_arn=dead_letter_arn)


def to_topic(paths: Mapping[str, str], template: str, *, topic_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """A target that publishes what a template makes of these paths of an event.

    It has no role: the topic's own policy lets the rule publish.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    """
    return {
        "Id": TARGET_ID,
        "Arn": topic_arn,
        "InputTransformer": {"InputPathsMap": dict(paths), "InputTemplate": template},
        "DeadLetterConfig": {"Arn": dead_letter_arn},
    }


def _message(place: Place) -> str:
    """The template of an alert: a JSON object, read from top to bottom.

    EventBridge escapes nothing that it puts into a string, and a cause holds quotes and a newline. As a value of its
    own, without quotes around it, it becomes a JSON text; one that the event has not becomes "". So the message is JSON
    whatever happened. What is put into strings here is ARNs and a status, which need no escapes.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
    """
    where = f"--stack {place.stack} --region {place.region}"
    console = f"https://{place.region}.{_CONSOLES[place.partition]}/states/home"
    lines = {
        "alert": json.dumps(f"A run of {place.project} ({place.stack}) ended as <status>"),
        "job": "<machine>",
        "stack": json.dumps(place.stack),
        "error": "<error>",
        "to look": json.dumps(f"./longhaul show <run> {where}"),
        "to rerun": json.dumps(f"./longhaul rerun <run> {where}"),
        "console": json.dumps(f"{console}?region={place.region}#/v2/executions/details/<run>"),
        # Last, because it ends in details for programs.
        "what happened": "<cause>",
    }
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {value}" for key, value in lines.items()) + "\n}"


def dead_letter_alarm(queue_name: str, topic_arn: str) -> dict[str, Any]:
    """What CloudWatch's PutMetricAlarm is asked beside name and description: something lies in the dead-letter queue.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    return {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": queue_name}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        # SQS stops to report a queue that has been empty for hours.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic_arn],
    }


def dead_letter_alarm_description(place: Place) -> str:
    """What the alarm says to a person: what it is about, and the command to look."""
    what = f"Starts, alerts or lines of the ledger of {place.project} ({place.stack}) could not be delivered"
    return f"{what}. To look: ./longhaul dead-letters list --stack {place.stack} --region {place.region}"
