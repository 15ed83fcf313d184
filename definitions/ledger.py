"""The ledger: one rule writes every change of status of the stack's runs into a log group of the stack.

A line is the event's JSON as EventBridge delivers it. Status changes are best effort: the ledger answers for many runs
at once and for longer than Step Functions remembers them, and Step Functions has the last word on those it remembers.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from typing import Any

from definitions.place import Place
from definitions.status_changes import NO_ITEM, status_changes

TARGET_ID = "log-group"


def event_pattern(place: Place, *, has_items: bool = False) -> dict[str, Any]:
    """Matches every change of status, that of a redriven run included.

    Args:
        place: the stack.
        has_items: whether jobs of it have map runs: what they start for their items are no runs. A bus holds 30 rules
            with wildcards, so that the others have none.
    """
    return status_changes(place, **(NO_ITEM if has_items else {}))


def description(place: Place) -> str:
    """What the rule is for, as its description."""
    return f"Keeps every change of status of the runs of {place.project} ({place.stack})"


def target(*, log_group_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The one target of the rule, as PutTargets takes it, which refuses a role for a log group.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html

    Args:
        log_group_arn: the ledger's log group, without `:*` at its end.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return {"Id": TARGET_ID, "Arn": log_group_arn, "DeadLetterConfig": {"Arn": dead_letter_arn}}
