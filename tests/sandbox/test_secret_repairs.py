"""Secrets and parameters as a role reads them: by their whole names, and with the right to their key."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import LoseSecret
from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy

LAMBDA = "lambda.amazonaws.com"
STATES = "states.amazonaws.com"
SECRET = "s3cr3t-of-the-test"

WRONG_AS_SHIPPED = """
from ministack.services import kms, secretsmanager, ssm
from ministack.core.responses import request_scope
with request_scope("123456789012", "eu-west-1"):
    secretsmanager._create_secret({"Name": "sales/login", "SecretString": "x"})
    beginning = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sal"
    assert secretsmanager._resolve(beginning)[1]["Name"] == "sales/login"
    # Neither asks who calls.
    assert "caller" not in secretsmanager._get_secret_value.__code__.co_names
    assert "enforce" not in secretsmanager._get_secret_value.__code__.co_names
    for name in ("_get_parameter", "_get_parameters", "_get_parameters_by_path", "_get_parameter_history"):
        assert "enforce" not in getattr(ssm, name).__code__.co_names
print("all still wrong")
"""


def test_what_the_repairs_repair_is_still_wrong_as_shipped() -> None:
    done = subprocess.run([sys.executable, "-c", WRONG_AS_SHIPPED], capture_output=True, text=True, check=False)
    assert done.stdout == "all still wrong\n", done.stderr


@pytest.fixture
def name() -> str:
    return f"secrets-{secrets.token_hex(4)}"


@pytest.fixture
def key(local_aws: LocalAws) -> str:
    """The ARN of a customer's key."""
    return local_aws.client("kms").create_key()["KeyMetadata"]["Arn"]


def code_of(call: Callable[[], Any]) -> str:
    """The code of the error that a call is answered with; "" for none."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def test_an_arn_without_its_suffix_is_that_of_the_secret_with_the_whole_name(local_aws: LocalAws, name: str) -> None:
    manager = local_aws.client("secretsmanager")
    arn = f"arn:aws:secretsmanager:{local_aws.region}:{local_aws.account}:secret:{name}"
    # Whichever is there first.
    for other in (f"{name}-two", name):
        manager.create_secret(Name=other, SecretString=other)

    def text(secret_id: str) -> str:
        return manager.get_secret_value(SecretId=secret_id)["SecretString"]

    assert text(arn) == text(name) == name
    assert text(f"{arn}-two") == f"{name}-two"
    assert text(manager.describe_secret(SecretId=arn)["ARN"]) == name
    for missing in (arn[:-1], f"{arn}-t", f"{arn}-two-"):
        assert code_of(lambda missing=missing: text(missing)) == "ResourceNotFoundException"


READS = {
    "get_parameter": lambda ssm, name: ssm.get_parameter(Name=f"/{name}/k", WithDecryption=True),
    "get_parameters": lambda ssm, name: ssm.get_parameters(Names=[f"/{name}/k"], WithDecryption=True),
    "get_parameters_by_path": lambda ssm, name: ssm.get_parameters_by_path(Path=f"/{name}", WithDecryption=True),
    "get_parameter_history": lambda ssm, name: ssm.get_parameter_history(Name=f"/{name}/k", WithDecryption=True),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_parameter_needs_the_right_to_its_key(
    local_aws: LocalAws, role: Callable[..., str], name: str, key: str, read: Callable[[Any, str], Any]
) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html"""
    local_aws.client("ssm").put_parameter(Name=f"/{name}/k", Value=SECRET, Type="SecureString", KeyId=key)
    reads = policy(("ssm:*", "*"))
    without, with_it = (
        local_aws.identity.client("ssm", role(STATES, reads, *more)) for more in ((), (policy(("kms:Decrypt", key)),))
    )
    with pytest.raises(ClientError, match=f"AccessDenied.*kms:Decrypt on resource: {key}") as refused:
        read(without, name)
    assert SECRET not in str(refused.value)
    assert SECRET in str(read(with_it, name))


def test_what_is_not_decrypted_needs_no_key(local_aws: LocalAws, role: Callable[..., str], name: str, key: str) -> None:
    local_aws.client("ssm").put_parameter(Name=f"/{name}", Value=SECRET, Type="SecureString", KeyId=key)
    local_aws.client("ssm").put_parameter(Name=f"/{name}-plain", Value="plain", Type="String")
    ssm = local_aws.identity.client("ssm", role(STATES, policy(("ssm:GetParameters", "*"))))
    assert SECRET not in str(ssm.get_parameters(Names=[f"/{name}"]))
    assert "plain" in str(ssm.get_parameters(Names=[f"/{name}-plain"], WithDecryption=True))


def test_a_secret_needs_the_right_to_its_key(
    local_aws: LocalAws, role: Callable[..., str], name: str, key: str
) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html"""
    local_aws.client("secretsmanager").create_secret(Name=name, SecretString=SECRET, KmsKeyId=key)
    reads = policy(("secretsmanager:*", "*"))
    without, with_it = (
        local_aws.identity.client("secretsmanager", role(STATES, reads, *more))
        for more in ((), (policy(("kms:Decrypt", key)),))
    )
    with pytest.raises(ClientError, match=f"AccessDenied.*kms:Decrypt on resource: {key}") as refused:
        without.get_secret_value(SecretId=name)
    assert SECRET not in str(refused.value)
    assert SECRET not in str(without.batch_get_secret_value(SecretIdList=[name]))
    assert with_it.get_secret_value(SecretId=name)["SecretString"] == SECRET


@pytest.mark.parametrize(
    ("because", "of_secret", "of_parameter"),
    [("missing", "ResourceNotFoundException", ""), ("throttled", "ThrottlingException", "ThrottlingException")],
)
def test_a_secret_may_be_lost_to_a_function(
    local_aws: LocalAws, role: Callable[..., str], name: str, because: Any, of_secret: str, of_parameter: str
) -> None:
    local_aws.client("secretsmanager").create_secret(Name=name, SecretString=SECRET)
    local_aws.client("ssm").put_parameter(Name=f"/{name}", Value=SECRET, Type="String")
    of_it = role(LAMBDA, policy(("secretsmanager:GetSecretValue", "*"), ("ssm:GetParameters", "*")))
    arn = f"arn:aws:lambda:{local_aws.region}:{local_aws.account}:function:{name}"
    manager, ssm = (
        local_aws.identity.client(service, of_it, LAMBDA, source_arn=arn) for service in ("secretsmanager", "ssm")
    )
    fault = local_aws.faults.add(LoseSecret(of=name, because=because))
    try:
        assert code_of(lambda: manager.get_secret_value(SecretId=name)) == of_secret
        assert code_of(lambda: ssm.get_parameters(Names=[f"/{name}"])) == of_parameter
        if not of_parameter:
            assert ssm.get_parameters(Names=[f"/{name}"])["InvalidParameters"] == [f"/{name}"]
        struck = fault.struck
        # Whoever is no function of that name is not met.
        assert local_aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == SECRET
        assert struck == fault.struck > 1
    finally:
        local_aws.faults.clear()
    assert manager.get_secret_value(SecretId=name)["SecretString"] == SECRET
    assert ssm.get_parameters(Names=[f"/{name}"])["Parameters"][0]["Value"] == SECRET
