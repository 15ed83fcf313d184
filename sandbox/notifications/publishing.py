"""AWS services as publishers: a topic's policy must let them, and its key's policy too.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.services import kms, sns

_AWS_MANAGED_KEY = "alias/aws/sns"


class NotPublished(Exception):  # noqa: N818 - names what became of the message
    """Why a message did not reach its topic: EventBridge's code for it, and one line.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


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
        NotPublished: there is no such topic here, a policy does not let the service, or SNS refuses the message.
    """
    topic = sns._topics.get(topic_arn)
    if topic is None:
        raise NotPublished("NO_RESOURCE", f"Topic does not exist: {topic_arn}")
    _ask(topic["attributes"].get("Policy"), service, "sns:Publish", topic_arn, source)
    _ask_for_key(topic, service, {**(source or {}), "kms:encryptioncontext:aws:sns:topicarn": topic_arn})
    try:
        sns.publish_internal(topic_arn, message, subject)
    except sns.SnsPublishError as error:
        raise NotPublished("ERROR_FROM_TARGET", str(error)) from None


def _ask_for_key(topic: Mapping[str, Any], service: str, context: Mapping[str, str]) -> None:
    name = topic["attributes"].get("KmsMasterKeyId")
    if not name:
        return
    if name.endswith(_AWS_MANAGED_KEY):
        raise NotPublished("NO_PERMISSIONS", f"{service} cannot use {_AWS_MANAGED_KEY}, the key that AWS manages")
    key = kms._resolve_key(name)
    if key is None:
        raise NotPublished("NO_PERMISSIONS", f"the key {name} of {topic['arn']} does not exist")
    if key["KeyState"] != "Enabled":
        raise NotPublished("ERROR_FROM_TARGET", f"the key {key['Arn']} of {topic['arn']} is {key['KeyState']}")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        _ask(key["Policy"], service, action, key["Arn"], context)


def _ask(policy: str | None, service: str, action: str, resource: str, context: Mapping[str, str] | None) -> None:
    # The service itself calls, and no principal of an account: what is granted to accounts is not granted to it.
    request = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=dict(context or {}),
    )
    if iam_evaluator.evaluate_resource_policy(policy, request, service=service).decision != "Allow":
        raise NotPublished(
            "NO_PERMISSIONS",
            f"{service} is not authorized to perform: {action} on resource: {resource} because no resource-based "
            f"policy allows the {action} action",
        )
