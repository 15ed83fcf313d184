"""People and roles as publishers: to a topic that a key encrypts, SNS has whoever publishes use the key.

https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_region
from ministack.services import kms, sns

from sandbox.permissions import caller_denial

Answer = tuple[int, dict[str, str], bytes]

_publish = sns._publish
_publish_batch = sns._publish_batch


def install() -> None:
    """As shipped, the right to publish is enough, whatever encrypts the topic."""
    sns._publish = _with_the_key(_publish)
    sns._publish_batch = _with_the_key(_publish_batch)


def _with_the_key(publish: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def publish_with_the_key(params: dict[str, Any]) -> Answer:
        denied = _denial(sns._p(params, "TopicArn") or sns._p(params, "TargetArn"))
        # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
        return sns._error("KMSAccessDenied", denied, 400) if denied else publish(params)

    return publish_with_the_key


def _denial(topic_arn: str) -> str | None:
    """What the caller lacks of the rights to use the topic's key; None where it lacks nothing."""
    topic = sns._topics.get(topic_arn)
    # The key that AWS manages, which has another name only, is for whoever may use SNS.
    key = kms._resolve_key((topic or {}).get("attributes", {}).get("KmsMasterKeyId") or "")
    if key is None:
        return None
    context = {
        "kms:EncryptionContext:aws:sns:topicArn": topic_arn,
        "kms:ViaService": f"sns.{get_region()}.amazonaws.com",
    }
    denials = (caller_denial(action, key["Arn"], context) for action in ("kms:GenerateDataKey", "kms:Decrypt"))
    return next(filter(None, denials), None)
