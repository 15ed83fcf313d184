"""The stack's bucket for results: each job writes under its own name, with its own role and over TLS."""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import Condition, policy
from definitions.tags import JOB_TAG, STACK_TAG

_WRITES = ["s3:DeleteObject", "s3:PutObject"]


def results_bucket_policy(place: Place, bucket_arn: str) -> dict[str, Any]:
    """The bucket's policy. It grants nothing: whom it does not deny still needs the right by its own role.

    A role is told by its tags, so that the policy does not grow with the jobs. No job is called `-`, which is whose
    place those without a tag may write to. What a lifecycle rule expires, no policy of a bucket holds back.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-default-values
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html

    Args:
        place: the stack.
        bucket_arn: the bucket.
    """
    objects = f"{bucket_arn}/*"
    of_the_job = f"{bucket_arn}/${{aws:PrincipalTag/{JOB_TAG}, '-'}}/*"
    return policy(
        [
            _deny("OtherJobs", _WRITES, {"NotResource": of_the_job}),
            _deny(
                "OtherStacks",
                _WRITES,
                {"Resource": objects},
                {"StringNotEquals": {f"aws:PrincipalTag/{STACK_TAG}": place.stack}},
            ),
            _deny(
                "PlainText", ["s3:*"], {"Resource": [bucket_arn, objects]}, {"Bool": {"aws:SecureTransport": "false"}}
            ),
        ]
    )


def _deny(sid: str, actions: list[str], resource: dict[str, Any], condition: Condition | None = None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, **resource}
    return statement if condition is None else {**statement, "Condition": condition}
