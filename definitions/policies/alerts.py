"""The stack's own topic for alerts and its key: the rule and the alarm publish to the topic, and use the key for it."""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import Condition, allow, policy


def alert_topic_policy(place: Place, topic_arn: str) -> dict[str, Any]:
    """The topic's policy: EventBridge and the stack's alarms publish, and nobody else by this policy.

    EventBridge gives no source when it publishes: a statement with a condition on it would never hold.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    """
    of_the_stack: Condition = {
        "StringEquals": {"aws:SourceAccount": place.account},
        "ArnLike": {"aws:SourceArn": place.arn("cloudwatch", f"alarm:{place.prefix}*")},
    }
    return policy(
        [
            _for("events", allow("Rules", ["sns:Publish"], topic_arn)),
            _for("cloudwatch", allow("AlarmsOfTheStack", ["sns:Publish"], topic_arn, of_the_stack)),
        ]
    )


def alert_key_policy(place: Place) -> dict[str, Any]:
    """The policy of the key that encrypts the topic: the account administers it, both services use it for the topic.

    The key that AWS manages, alias/aws/sns, lets no service publish, and its policy cannot be changed. Conditions on
    the source are not supported for EventBridge here either, but SNS always says for which topic the key is used.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic.html
    """
    account = f"arn:{place.partition}:iam::{place.account}:root"
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    for_the_topic: Condition = {
        "StringLike": {"kms:EncryptionContext:aws:sns:topicArn": place.arn("sns", f"{place.prefix}*")}
    }
    return policy(
        [
            # Without it nobody could change or delete the key: permissions on a key begin with its own policy.
            # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
            {**allow("Administer", ["kms:*"], "*"), "Principal": {"AWS": account}},
            _for("events", allow("Rules", use, "*", for_the_topic)),
            _for("cloudwatch", allow("Alarms", use, "*", for_the_topic)),
        ]
    )


def _for(service: str, statement: dict[str, Any]) -> dict[str, Any]:
    return {**statement, "Principal": {"Service": f"{service}.amazonaws.com"}}
