"""Who asks AWS."""

from __future__ import annotations

from ops.aws import Aws


def caller(aws: Aws) -> str:
    """Such as `user/jane` or `assumed-role/operator/jane`; the account's own user is `root`.

    Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    return aws("sts").get_caller_identity()["Arn"].split(":", 5)[5]


def account_of_caller(aws: Aws) -> str:
    """The number of the account that the caller is in."""
    return aws("sts").get_caller_identity()["Account"]
