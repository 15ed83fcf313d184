"""Repairs fit the MiniStack they were made for, and say so if it changes."""

from __future__ import annotations

import pytest

from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws
from sandbox.step_functions import repairs
from tests.sandbox.step_functions.conftest import Machines


def test_a_worker_that_has_changed_is_noticed(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    del local_aws
    monkeypatch.setattr(repairs, "_shipped_worker", "def run(): pass")
    with pytest.raises(SandboxError, match="does not fit this version of MiniStack"):
        repairs.functions_report_their_exceptions()


def test_an_object_without_a_type_is_binary(local_aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, Content-Type"""
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="types", CreateBucketConfiguration={"LocationConstraint": local_aws.region})
    s3.put_object(Bucket="types", Key="plain", Body=b"x")
    s3.put_object(Bucket="types", Key="text", Body=b"x", ContentType="text/plain")
    types = [s3.head_object(Bucket="types", Key=key)["ContentType"] for key in ("plain", "text")]
    assert types == ["binary/octet-stream", "text/plain"]


def test_a_comment_is_no_expression(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html: JSONata is for fields with values"""
    assert machines.run({"Only": {"Type": "Pass", "Comment": "{% of ( nothing %}", "End": True}}).status == "SUCCEEDED"
