"""Has rules deliver events to SNS topics, log groups and state machines as EventBridge does.

What cannot be delivered goes to the target's dead-letter queue.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge

from sandbox.notifications.log_lines import write
from sandbox.notifications.permission import NotDelivered
from sandbox.notifications.publishing import publish
from sandbox.notifications.starts import start
from sandbox.triggers.dead_letters import NotKept, keep
from sandbox.triggers.payload import NoSuchPath, rule_input

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_log = logging.getLogger(__name__)

SERVICE = "events.amazonaws.com"

_invoke_target = eventbridge._invoke_target


def install(aws: LocalAws) -> None:
    """As shipped, rules publish and start whatever policies say, write to no log group, and what fails is gone."""

    def invoke(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        service = target["Arn"].split(":")[2]
        if service not in ("sns", "logs", "states"):
            _invoke_target(target, event, rule, view)
            return
        seen = (view or eventbridge._pattern_event_view(event)).event_with_detail()
        now = datetime.fromtimestamp(aws.clock.now(), UTC)
        try:
            if service == "logs":
                write(target["Arn"], seen, rule_arn=rule["Arn"])
            elif service == "states":
                start(aws, target, seen, _text(target, seen, rule, now), rule_arn=rule["Arn"])
            else:
                # EventBridge says nothing of the rule when it publishes.
                # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
                publish(SERVICE, target["Arn"], _text(target, seen, rule, now))
        except NotDelivered as error:
            _give_up(target, seen, rule, error.code, str(error))

    eventbridge._invoke_target = invoke


def _text(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], now: datetime) -> str:
    """What the target gets of an event; raises NotDelivered."""
    try:
        text = rule_input(target, event, rule_name=rule["Name"], rule_arn=rule["Arn"], now=now)
    except NoSuchPath as error:
        raise NotDelivered("INVALID_PARAMETER", str(error)) from None
    return _as_delivered(text, target)


def _as_delivered(text: str, target: dict[str, Any]) -> str:
    """JSON arrives without its white space; raises NotDelivered where a template for JSON gave something else.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-issues
    """
    template = (target.get("InputTransformer") or {}).get("InputTemplate", "")
    if not template.lstrip().startswith("{"):
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except ValueError as error:
        raise NotDelivered("INVALID_JSON", f"the input transformer gives no JSON: {error}") from None


def _give_up(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], code: str, message: str) -> None:
    """None of these is tried again: nothing helps until somebody mends it."""
    queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue_arn:
        return
    attributes = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "RETRY_ATTEMPTS": "0",
    }
    try:
        keep(rule["Arn"], queue_arn, json.dumps(event), attributes)
    except NotKept as reason:
        _log.warning("an event of %s is lost: %s; %s", rule["Arn"], message, reason)
