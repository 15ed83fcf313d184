"""Has SNS subscribe people and endpoints as AWS does, and call none of them: their subscriptions stay pending.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from __future__ import annotations

from typing import Any

from ministack.services import sns

Answer = tuple[int, dict[str, str], bytes]

# Those who confirm a subscription by a link that they are sent.
CONFIRMING = ("email", "email-json", "http", "https")
_PENDING = "pending confirmation"
_LISTED_AS_PENDING = "PendingConfirmation"

_subscribe = sns._subscribe
_unsubscribe = sns._unsubscribe
_list_subscriptions = sns._list_subscriptions
_list_subscriptions_by_topic = sns._list_subscriptions_by_topic


def install() -> None:
    """Put AWS's behaviour in the place of MiniStack's."""
    sns._subscribe = _pending_until_confirmed
    sns._unsubscribe = _unless_pending
    sns._list_subscriptions = lambda params: _without_pending_arns(_list_subscriptions(params))
    sns._list_subscriptions_by_topic = lambda params: _without_pending_arns(_list_subscriptions_by_topic(params))
    sns._send_subscription_confirmation = _send_nothing


def _pending_until_confirmed(params: dict[str, Any]) -> Answer:
    """As shipped, an e-mail address is subscribed without its consent, and no pending subscription tells its ARN."""
    protocol, endpoint = sns._p(params, "Protocol"), sns._p(params, "Endpoint")
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        message = f"Invalid parameter: Endpoint must match the specified protocol {protocol}"
        return sns._error("InvalidParameter", message, 400)
    if protocol in ("email", "email-json") and "@" not in endpoint:
        return sns._error("InvalidParameter", "Invalid parameter: Email address", 400)
    known = _find(params)
    answer = _subscribe(params)
    subscription = _find(params)
    if protocol not in CONFIRMING or subscription is None or (known is not None and known["confirmed"]):
        return answer
    subscription.update(confirmed=False, token=subscription["token"] or sns.new_uuid())
    subscription["attributes"].update(PendingConfirmation="true", ConfirmationWasAuthenticated="false")
    sns._refresh_subscription_counts(sns._topics[subscription["topic_arn"]])
    told = subscription["arn"] if sns._p(params, "ReturnSubscriptionArn") == "true" else _PENDING
    return sns._xml(
        200, "SubscribeResponse", f"<SubscribeResult><SubscriptionArn>{told}</SubscriptionArn></SubscribeResult>"
    )


def _unless_pending(params: dict[str, Any]) -> Answer:
    """As shipped, anybody can end a subscription that waits for its confirmation."""
    arn = sns._p(params, "SubscriptionArn")
    topic = sns._topics.get(sns._sub_arn_to_topic.get(arn, ""))
    if topic is not None and any(one["arn"] == arn and not one["confirmed"] for one in topic["subscriptions"]):
        message = "Invalid parameter: Cannot unsubscribe a subscription that is pending confirmation"
        return sns._error("InvalidParameter", message, 400)
    return _unsubscribe(params)


def _without_pending_arns(answer: Answer) -> Answer:
    """As shipped, lists tell the ARNs of pending subscriptions."""
    status, headers, body = answer
    for topic in sns._topics.values():
        for subscription in topic["subscriptions"]:
            if not subscription["confirmed"]:
                arn = f"<SubscriptionArn>{subscription['arn']}<"
                body = body.replace(arn.encode(), f"<SubscriptionArn>{_LISTED_AS_PENDING}<".encode())
    return status, headers, body


async def _send_nothing(_topic_arn: str, _subscription: dict[str, Any]) -> None:
    """As shipped, an HTTP endpoint is sent a request to confirm, wherever it is."""


def _find(params: dict[str, Any]) -> dict[str, Any] | None:
    """The topic's subscription of a request's protocol and endpoint."""
    topic = sns._topics.get(sns._normalize_arn(sns._p(params, "TopicArn")))
    subscribed = (sns._p(params, "Protocol"), sns._p(params, "Endpoint"))
    every = [] if topic is None else topic["subscriptions"]
    return next((one for one in every if (one["protocol"], one["endpoint"]) == subscribed), None)
