"""The stack's own topic for alerts and its key: the rule and the alarm publish to the topic, and use the key for it."""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import Condition, allow, policy


def alert_topic_policy(place: Place, topic_arn: str) -> dict[str, Any]:
    """The topic's policy: EventBridge and the stack's alarms publish, and nobody else by this policy.

    EventBridge gives no source when it publishes: a statement with a condition on it would never hold.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    """
    return policy(
        [
            _for("events", "Rules", ["sns:Publish"], topic_arn),
            _for("cloudwatch", "AlarmsOfTheStack", ["sns:Publish"], topic_arn, _alarms(place)),
        ]
    )


def alert_key_policy(place: Place) -> dict[str, Any]:
    """The policy of the key that encrypts the topic: the account administers it, and both services use it.

    The key that AWS manages, alias/aws/sns, lets no service publish, and its policy cannot be changed. For EventBridge,
    conditions on the source are not supported here either.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    account = f"arn:{place.partition}:iam::{place.account}:root"
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return policy(
        [
            # Without it nobody could change or delete the key: permissions on a key begin with its own policy.
            # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
            {**allow("Administer", ["kms:*"], "*"), "Principal": {"AWS": account}},
            _for("events", "Rules", use, "*"),
            _for("cloudwatch", "AlarmsOfTheStack", use, "*", _alarms(place)),
        ]
    )


def _alarms(place: Place) -> Condition:
    return {
        "StringEquals": {"aws:SourceAccount": place.account},
        "ArnLike": {"aws:SourceArn": place.arn("cloudwatch", f"alarm:{place.prefix}*")},
    }


def _for(
    service: str, sid: str, actions: list[str], resource: str, condition: Condition | None = None
) -> dict[str, Any]:
    return {**allow(sid, actions, resource, condition), "Principal": {"Service": f"{service}.amazonaws.com"}}
