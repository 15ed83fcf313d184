"""Requests that AWS's own models call illegal, with the wording of AWS's ValidationException."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from sandbox.errors import SandboxError
from sandbox.resources.limits import enforce_limits

SCHEDULE = {
    "Name": "nightly",
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:nightly",
        "RoleArn": "arn:aws:iam::123456789012:role/trigger",
    },
}


def unlimited(service: str):
    """A client that reaches nobody: an illegal request is refused before it would matter."""
    nobody = {"endpoint_url": "http://127.0.0.1:9", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, region_name="eu-west-1", config=once, **nobody)


def client(service: str):
    return enforce_limits(unlimited(service))


# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"Name": "x" * 65},
            "at 'Name' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
        ({"Name": "a b"}, "at 'Name' failed to satisfy constraint: Member must satisfy regular expression pattern"),
        ({"State": "ON"}, r"'ON' at 'State' failed .* must satisfy enum value set: \[ENABLED, DISABLED\]"),
        ({"FlexibleTimeWindow": {"Mode": "off"}}, "at 'FlexibleTimeWindow.Mode'"),
        (
            {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}},
            "Value '1441' at 'FlexibleTimeWindow.MaximumWindowInMinutes' .* value less than or equal to 1440",
        ),
        (
            {"Target": {**SCHEDULE["Target"], "RetryPolicy": {"MaximumEventAgeInSeconds": 59}}},
            "at 'Target.RetryPolicy.MaximumEventAgeInSeconds' .* value greater than or equal to 60",
        ),
        ({"Name": "a b", "State": "ON"}, "2 validation errors detected"),
    ],
)
def test_an_illegal_request_is_refused_before_it_is_sent(change, problem):
    with pytest.raises(SandboxError, match=f"^CreateSchedule: ValidationException: .*{problem}"):
        client("scheduler").create_schedule(**{**SCHEDULE, **change})


def test_a_sensitive_value_is_not_shown():
    with pytest.raises(SandboxError) as refused:
        client("secretsmanager").create_secret(Name="token", SecretString="hunter2" * 10_000)
    assert "at 'SecretString'" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_lists_and_maps_are_measured():
    with pytest.raises(SandboxError, match=r"at 'tags' .* length greater than or equal to 1"):
        client("logs").create_log_group(logGroupName="/a", tags={})
    with pytest.raises(SandboxError, match=r"at 'Targets\.1\.member\.Id'"):
        client("events").put_targets(Rule="a", Targets=[{"Id": "", "Arn": "arn:aws:sqs:eu-west-1:123456789012:q"}])


def test_the_client_that_others_use_too_stays_as_it_was():
    shared = unlimited("events")
    with pytest.raises(SandboxError):
        enforce_limits(shared).put_rule(Name="a b")
    with pytest.raises(EndpointConnectionError):
        shared.put_rule(Name="a b")


def test_what_is_no_request_is_the_client_s_own():
    shared = unlimited("events")
    assert enforce_limits(shared).exceptions is shared.exceptions
    assert enforce_limits(shared).meta is shared.meta
