"""The ledger's log group: the rules that fill it may write there."""

from collections.abc import Sequence
from typing import Any

from definitions.policies.statements import allow, policy

# AWS's own example names both, and nowhere says which of them writes.
# https://docs.aws.amazon.com/cli/latest/reference/logs/put-resource-policy.html#examples
_WRITERS = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]


def ledger_policy(*, log_group_arn: str, rule_arns: Sequence[str]) -> dict[str, Any]:
    """The policy of the log group: EventBridge makes streams in it, and writes to them for these rules alone.

    EventBridge tells the rule when it puts events, and not when it makes a stream: a condition there would never hold.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions

    Args:
        log_group_arn: the log group, without `:*` at its end.
        rule_arns: the rules.
    """
    streams, rules = f"{log_group_arn}:*", rule_arns[0] if len(rule_arns) == 1 else list(rule_arns)
    statements = [
        allow("Streams", ["logs:CreateLogStream"], streams),
        allow("LinesOfTheRule", ["logs:PutLogEvents"], streams, {"ArnEquals": {"aws:SourceArn": rules}}),
    ]
    return policy([{**statement, "Principal": {"Service": _WRITERS}} for statement in statements])
