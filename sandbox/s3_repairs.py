"""The repairs of what MiniStack's S3 and the policies of its buckets are asked, as those in `sandbox.repairs`.

`tests/sandbox/test_s3_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.services import s3

from sandbox import permissions
from sandbox.policy_variables import filled

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


def variables_of_policies_have_values(_aws: LocalAws) -> None:
    """As shipped, `${aws:PrincipalTag/team}` in a policy is text: see `sandbox.policy_variables`."""

    def first_match(context: Any, statements: list[Any], effect: str) -> Any:
        of_the_effect = (statement for statement in statements if statement.effect == effect)
        known = [filled(one, lambda key: iam_evaluator._resolve_condition_key(key, context)) for one in of_the_effect]
        return _first_match(context, [one for one in known if one is not None], effect)

    iam_evaluator._first_match = first_match


def calls_count_as_encrypted(_aws: LocalAws) -> None:
    """As shipped, `aws:SecureTransport` is false, for clients reach this server over plain HTTP and AWS over TLS."""
    resolve = iam_evaluator._resolve_condition_key

    def resolved(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolved


def a_missing_object_is_told_to_those_who_may_list(_aws: LocalAws) -> None:
    """As shipped, whoever may read an object is told that it is not there. S3 denies access without s3:ListBucket.

    Which it asks about as for a list of what begins with the key.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any) -> Any:
        answer = await _handle(method, path, headers, body, query_params)
        bucket, key = s3._parse_bucket_key(path, headers)
        if method not in ("GET", "HEAD") or not key or answer[0] != 404 or bucket not in s3._buckets:
            return answer
        denied = permissions.caller_denial("s3:ListBucket", f"arn:aws:s3:::{bucket}", {"s3:prefix": key})
        if denied is None:
            return answer
        status, named, text = s3._object_error("AccessDenied", denied, 403)
        return status, named, b"" if method == "HEAD" else text

    handlers: dict[str, Any] = app.SERVICE_HANDLERS
    handlers["s3"] = handle


# What the repairs call in turn.
_first_match = iam_evaluator._first_match
_handle = app.SERVICE_HANDLERS["s3"]

ALL: tuple[Callable[[LocalAws], None], ...] = (
    variables_of_policies_have_values,
    calls_count_as_encrypted,
    a_missing_object_is_told_to_those_who_may_list,
)
