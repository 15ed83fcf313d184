"""Tasks that read and write objects. https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_integrations import calling


def got(machines: Machines, bucket: str, body: bytes, **fields: Any) -> Run:
    """An execution that gets an object of this body."""
    machines.aws.client("s3").put_object(Bucket=bucket, Key="the/key", Body=body)
    return machines.run(calling("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "the/key"}, **fields))


def test_the_body_is_text_that_an_expression_can_parse(machines: Machines, bucket: str) -> None:
    body = json.dumps({"n": [1, "ü"]}, ensure_ascii=False).encode()
    run = got(machines, bucket, body)
    assert run.output["Body"] == body.decode()
    assert (run.output["ContentLength"], run.output["ETag"][:1]) == (len(body), '"')
    parsed = got(machines, bucket, body, Output="{% $parse($states.result.Body).n[1] %}")
    assert parsed.output == "ü"


def test_an_object_larger_than_a_payload_may_be_fails(machines: Machines, bucket: str) -> None:
    """ "256 KiB of data as a UTF-8 encoded string": service-quotas.html#service-limits-task-executions"""
    assert got(machines, bucket, b"x" * 200_000).status == "SUCCEEDED"
    run = got(machines, bucket, b"x" * 262_144)
    assert run.failure[0] == "States.DataLimitExceeded"
    assert str(run.failure[1]).startswith("The state/task 'aws-sdk:s3' returned a result with a size exceeding")
    catcher = {"ErrorEquals": ["States.DataLimitExceeded"], "Output": "caught", "Next": "Task2"}
    states = calling("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "the/key"}, Catch=[catcher])
    assert machines.run({**states, "Task2": {"Type": "Pass", "End": True}}).output == "caught"


def test_a_missing_object_and_a_missing_right(machines: Machines, bucket: str, role: Any) -> None:
    arguments = {"Bucket": bucket, "Key": "none"}
    assert machines.run(calling("aws-sdk:s3:getObject", arguments)).failure[0] == "S3.NoSuchKeyException"
    other = role("states.amazonaws.com", policy(("s3:GetObject", f"arn:aws:s3:::{bucket}/other/*")))
    arn = machines.create(calling("aws-sdk:s3:getObject", arguments), role_arn=other)
    assert "is not authorized to perform: s3:GetObject" in str(machines.run(arn).failure[1])
