"""The ledger's log group: the one rule that fills it may write there."""

from typing import Any

from definitions.policies.statements import allow, policy

# AWS's own example names both, and nowhere says which of them writes.
# https://docs.aws.amazon.com/cli/latest/reference/logs/put-resource-policy.html#examples
_WRITERS = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]


def ledger_policy(*, log_group_arn: str, rule_arn: str) -> dict[str, Any]:
    """The policy of the log group: EventBridge makes streams in it, and writes to them for one rule.

    EventBridge tells the rule when it puts events, and not when it makes a stream: a condition there would never hold.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions

    Args:
        log_group_arn: the log group, without `:*` at its end.
        rule_arn: the rule.
    """
    streams = f"{log_group_arn}:*"
    statements = [
        allow("Streams", ["logs:CreateLogStream"], streams),
        allow("LinesOfTheRule", ["logs:PutLogEvents"], streams, {"ArnEquals": {"aws:SourceArn": rule_arn}}),
    ]
    return policy([{**statement, "Principal": {"Service": _WRITERS}} for statement in statements])
