"""Whether a resource's own policy lets an AWS service do something to it."""

from __future__ import annotations

from collections.abc import Mapping

from ministack.core import iam_evaluator
from ministack.core.responses import get_region


class NotDelivered(Exception):  # noqa: N818 - names what became of the message
    """Why a message did not reach its target: EventBridge's code for it, and one line.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def ask(policy: str | None, service: str, action: str, resource: str, context: Mapping[str, str]) -> None:
    """Ask a policy for what a service wants to do, within a request's account and Region.

    Args:
        policy: the resource's policy document as JSON.
        service: the principal, such as `events.amazonaws.com`.
        action: `sns:Publish`.
        resource: the ARN.
        context: condition keys in lower case, with what the service says of itself; one it does not say it never meets.

    Raises:
        NotDelivered: the policy does not allow it.
    """
    # The service itself calls, and no principal of an account: what is granted to accounts is not granted to it.
    request = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context=dict(context),
    )
    if iam_evaluator.evaluate_resource_policy(policy, request, service=service).decision != "Allow":
        raise NotDelivered(
            "NO_PERMISSIONS",
            f"{service} is not authorized to perform: {action} on resource: {resource} because no resource-based "
            f"policy allows the {action} action",
        )
