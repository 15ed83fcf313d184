"""Buckets and their policies as S3 and IAM treat them: missing objects, variables of policies, TLS."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from sandbox.policy_variables import filled
from tests.sandbox.conftest import policy

STATES = "states.amazonaws.com"

WRONG_AS_SHIPPED = """
import os
os.environ.update(AUTH="true", AWS_ACCESS_KEY_ID="AKIAMINE", AWS_SECRET_ACCESS_KEY="mine", LOG_LEVEL="ERROR")
from ministack.core import iam_evaluator
from ministack.services import s3
session = iam_evaluator.EvalContext("arn:aws:sts::1:assumed-role/r/s", "AssumedRole", "1", "s3:GetObject", "arn:b/x",
    "r", principal_keys={"aws:principaltag/job": "x"})
assert iam_evaluator._resolve_condition_key("aws:SecureTransport", session) == "false"
statement = iam_evaluator.ParsedStatement("", "Allow", ["*"], resources=["arn:b/${aws:PrincipalTag/job}"])
assert iam_evaluator._first_match(session, [statement], "Allow") is None
s3._buckets["bucket"] = {"objects": {}}
assert s3._get_object("bucket", "none", {}, {})[0] == 404
print("all still wrong")
"""


def test_what_the_repairs_repair_is_still_wrong_as_shipped() -> None:
    done = subprocess.run([sys.executable, "-c", WRONG_AS_SHIPPED], capture_output=True, text=True, check=False)
    assert done.stdout == "all still wrong\n", done.stderr


@pytest.fixture
def bucket(local_aws: LocalAws) -> str:
    name = f"bucket-{secrets.token_hex(6)}"
    local_aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": local_aws.region}
    )
    return name


def listing(bucket: str, **condition: Any) -> str:
    return policy(("s3:ListBucket", f"arn:aws:s3:::{bucket}"), **condition)


@pytest.mark.parametrize(
    ("prefix", "code"),
    [(None, "AccessDenied"), ("other/*", "AccessDenied"), ("mine/*", "NoSuchKey"), ("*", "NoSuchKey")],
)
def test_that_an_object_is_missing_is_told_to_those_who_may_list_it(
    local_aws: LocalAws, role: Callable[..., str], bucket: str, prefix: str | None, code: str
) -> None:
    reading = policy(("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    lists = [listing(bucket, StringLike={"s3:prefix": prefix})] if prefix else []
    client = local_aws.identity.client("s3", role(STATES, reading, *lists))
    with pytest.raises(ClientError) as refused:
        client.get_object(Bucket=bucket, Key="mine/none.json", Range="bytes=0-9")
    assert refused.value.response["Error"]["Code"] == code
    status = {"AccessDenied": 403, "NoSuchKey": 404}[code]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    with pytest.raises(ClientError) as refused:
        client.head_object(Bucket=bucket, Key="mine/none.json")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_an_object_that_is_there_is_read_without_the_right_to_list(
    local_aws: LocalAws, role: Callable[..., str], bucket: str
) -> None:
    local_aws.client("s3").put_object(Bucket=bucket, Key="some", Body=b"text")
    client = local_aws.identity.client("s3", role(STATES, policy(("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))))
    assert client.get_object(Bucket=bucket, Key="some")["Body"].read() == b"text"


def test_an_empty_object_has_no_range(local_aws: LocalAws, bucket: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-9")
    assert refused.value.response["Error"]["Code"] == "InvalidRange"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_a_buckets_policy_tells_callers_by_their_tags(
    local_aws: LocalAws, role: Callable[..., str], bucket: str
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""
    arn = f"arn:aws:s3:::{bucket}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**deny, "NotResource": f"{arn}/${{aws:PrincipalTag/longhaul:job, '-'}}/*"},
            deny
            | {"Condition": {"StringNotEquals": {"aws:PrincipalTag/longhaul:stack": "dev"}}, "Resource": f"{arn}/*"},
            deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "Resource": f"{arn}/*"},
        ],
    }
    local_aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    writing = policy(("s3:PutObject", f"{arn}/*"))

    def may_write(key: str, **tags: str) -> bool:
        of_tags = role(STATES, writing)
        named = [{"Key": f"longhaul:{name}", "Value": value} for name, value in tags.items()]
        local_aws.client("iam").tag_role(RoleName=of_tags.rpartition("/")[2], Tags=named)
        client = local_aws.identity.client("s3", of_tags)
        try:
            client.put_object(Bucket=bucket, Key=key, Body=b"{}")
        except client.exceptions.ClientError as error:
            return error.response["Error"]["Code"] != "AccessDenied"
        return True

    assert may_write("nightly/a.json", job="nightly", stack="dev")
    assert not may_write("nightly/a.json", job="hourly", stack="dev")
    assert not may_write("nightly/a.json", job="nightly", stack="prod")
    assert not may_write("nightly/a.json", job="nightly")
    assert not may_write("nightly/a.json", stack="dev")
    assert not may_write("nightly/a.json")
    assert not may_write("nightly-copy/a.json", job="nightly", stack="dev")


@pytest.mark.parametrize(
    ("effect", "field", "texts", "expected"),
    [
        ("Allow", "resources", ["arn:b/${aws:PrincipalTag/job}/*"], ["arn:b/nightly/*"]),
        ("Allow", "resources", ["arn:b/${aws:PrincipalTag/job, 'none'}/*"], ["arn:b/nightly/*"]),
        ("Allow", "resources", ["arn:b/${aws:PrincipalTag/team, 'none'}/*"], ["arn:b/none/*"]),
        ("Allow", "resources", ["arn:b/${aws:PrincipalTag/team}/*"], None),
        ("Allow", "not_resources", ["arn:b/${aws:PrincipalTag/team}/*"], None),
        ("Deny", "not_resources", ["arn:b/${aws:PrincipalTag/team}/*"], ["arn:b/\0/*"]),
        ("Allow", "resources", ["arn:b/${*}"], None),
    ],
)
def test_a_variable_has_its_value_its_default_or_voids_what_is_allowed(
    effect: str, field: str, texts: list[str], expected: list[str] | None
) -> None:
    from ministack.core.iam_evaluator import ParsedStatement

    statement = replace(ParsedStatement("", effect, ["*"]), **{field: texts})
    found = filled(statement, {"aws:PrincipalTag/job": "nightly"}.get)
    assert (None if found is None else getattr(found, field)) == expected


def test_a_condition_has_variables_too() -> None:
    from ministack.core.iam_evaluator import ParsedStatement

    statement = ParsedStatement("", "Allow", ["*"], conditions={"StringEquals": {"s3:prefix": "${aws:username}/"}})
    found = filled(statement, {"aws:username": "ann"}.get)
    assert found is not None
    assert found.conditions == {"StringEquals": {"s3:prefix": "ann/"}}


@pytest.mark.parametrize("conditions", [None, {}, {"StringEquals": "nonsense"}])
def test_a_condition_that_is_none_is_left_alone(conditions: Any) -> None:
    from ministack.core.iam_evaluator import ParsedStatement

    statement = ParsedStatement("", "Allow", ["*"], resources=["arn:b/*"], conditions=conditions)
    assert filled(statement, {}.get) is statement
