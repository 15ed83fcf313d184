"""AWS services as publishers: a topic's policy must let them, and its key's policy too.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import kms, sns

from sandbox.notifications.permission import NotDelivered, ask

_AWS_MANAGED_KEY = "alias/aws/sns"


def publish(
    service: str, topic_arn: str, message: str, *, subject: str = "", source: Mapping[str, str] | None = None
) -> None:
    """Publish to a topic as an AWS service, within a request's account and Region.

    Args:
        service: the principal, such as `events.amazonaws.com`.
        topic_arn: the topic.
        message: the text.
        subject: what e-mails are headed with; "" for none.
        source: the condition keys with which the service says for whom it publishes; a service that says nothing
            meets no condition.

    Raises:
        NotDelivered: there is no such topic here, a policy does not let the service, or SNS refuses the message.
    """
    topic = sns._topics.get(topic_arn)
    if topic is None:
        raise NotDelivered("NO_RESOURCE", f"Topic does not exist: {topic_arn}")
    ask(topic["attributes"].get("Policy"), service, "sns:Publish", topic_arn, source or {})
    _ask_for_key(topic, service, {**(source or {}), "kms:encryptioncontext:aws:sns:topicarn": topic_arn})
    try:
        sns.publish_internal(topic_arn, message, subject)
    except sns.SnsPublishError as error:
        raise NotDelivered("ERROR_FROM_TARGET", str(error)) from None


def _ask_for_key(topic: Mapping[str, Any], service: str, context: Mapping[str, str]) -> None:
    name = topic["attributes"].get("KmsMasterKeyId")
    if not name:
        return
    if name.endswith(_AWS_MANAGED_KEY):
        raise NotDelivered("NO_PERMISSIONS", f"{service} cannot use {_AWS_MANAGED_KEY}, the key that AWS manages")
    key = kms._resolve_key(name)
    if key is None:
        raise NotDelivered("NO_PERMISSIONS", f"the key {name} of {topic['arn']} does not exist")
    if key["KeyState"] != "Enabled":
        raise NotDelivered("ERROR_FROM_TARGET", f"the key {key['Arn']} of {topic['arn']} is {key['KeyState']}")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        ask(key["Policy"], service, action, key["Arn"], context)
