"""The stand-ins for the real provider reach the sandbox and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.engine.local_account import local_account, loopback_endpoint
from sandbox.errors import SandboxError


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "https://sts.eu-west-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        # Names may lead anywhere.
        "http://localhost:4566",
        "http://127.0.0.1.example.com:4566",
        "http://127.0.0.1:4566@example.com",
        "http://127.0.0.1",
        "127.0.0.1:4566",
        "http://127.0.0.1:port",
    ],
)
def test_any_endpoint_that_is_not_a_literal_loopback_address_is_refused(endpoint):
    with pytest.raises(SandboxError, match="AWS_ENDPOINT_URL: expected the sandbox's endpoint"):
        loopback_endpoint({"AWS_ENDPOINT_URL": endpoint})


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://[::1]:4566"])
def test_a_loopback_address_is_taken(endpoint):
    assert loopback_endpoint({"AWS_ENDPOINT_URL": endpoint}) == endpoint


def test_endpoints_for_single_services_and_proxies_lead_nowhere_else(local_aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://192.0.2.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")
    account = local_account(local_aws.environment, {}, Path())
    assert account.account == local_aws.account


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"region": "us-east-1"}, "aws:region: us-east-1, but this AWS was started in eu-west-1"),
        ({"allowedAccountIds": ["999999999999"]}, "account 123456789012 is not among those allowed"),
        ({"forbiddenAccountIds": ["123456789012"]}, "account 123456789012 is not among those allowed"),
        ({"endpoints": "[]"}, "aws:endpoints: the sandbox does not know this setting"),
    ],
    ids=str,
)
def test_settings_that_do_not_hold_here_are_refused(local_aws, settings, refusal):
    with pytest.raises(SandboxError, match=refusal):
        local_account(local_aws.environment, settings, Path())


def test_missing_credentials_are_named(local_aws):
    environment = {name: value for name, value in local_aws.environment.items() if name != "AWS_SECRET_ACCESS_KEY"}
    with pytest.raises(SandboxError, match="AWS_SECRET_ACCESS_KEY: expected those that the sandbox printed"):
        local_account(environment, {}, Path())
