"""EventBridge as a writer to log groups: a policy of the log group or of the account must let it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from ministack.services import cloudwatch_logs

from sandbox.notifications.permission import NotDelivered, ask

# AWS's example of a policy names both, and nowhere says which of them writes: here each has to be let.
# https://docs.aws.amazon.com/cli/latest/reference/logs/put-resource-policy.html#examples
WRITERS = ("events.amazonaws.com", "delivery.logs.amazonaws.com")


def write(log_group_arn: str, event: Mapping[str, Any], *, rule_arn: str) -> None:
    """Write an event as a line, within a request's account and Region.

    Each has a stream of its own and the time of its event, which has no fraction of a second: a reader is not to rely
    on streams, and not on the order within a second.

    Args:
        log_group_arn: the log group, with or without `:*` at its end.
        event: the event, which the line holds as JSON.
        rule_arn: the rule that matched it, which EventBridge tells when it puts events and not when it makes a stream.

    Raises:
        NotDelivered: there is no such log group here, or no policy lets EventBridge write there.
    """
    group_arn = log_group_arn.removesuffix(":*")
    group = cloudwatch_logs._resolve_group_by_arn(group_arn)
    if group is None:
        raise NotDelivered("NO_RESOURCE", f"The specified log group does not exist: {group_arn}")
    stream, policy = str(uuid4()), _policy(group)
    for service in WRITERS:
        resource = f"{group_arn}:log-stream:{stream}"
        ask(policy, service, "logs:CreateLogStream", resource, {})
        ask(policy, service, "logs:PutLogEvents", resource, {"aws:sourcearn": rule_arn})
    place = {"logGroupName": group, "logStreamName": stream}
    cloudwatch_logs._create_log_stream(place)
    line = {"timestamp": _milliseconds(event["time"]), "message": json.dumps(event, separators=(",", ":"))}
    cloudwatch_logs._put_log_events({**place, "logEvents": [line]})


def _policy(group: str) -> str:
    """The policies of the account and of the log group as one: each grants, and each denies."""
    of_account = list(cloudwatch_logs._resource_policies.values())
    of_group = cloudwatch_logs._log_group_policies.get(group)
    statements = []
    for policy in [*of_account, *([of_group] if of_group else [])]:
        statement = json.loads(policy["policyDocument"]).get("Statement", [])
        statements += statement if isinstance(statement, list) else [statement]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
