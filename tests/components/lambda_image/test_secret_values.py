"""How a function reads its secrets: what it asks, of whom, how often, and what it says when it cannot."""

from __future__ import annotations

import ast
import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from components.lambda_image import secret_values
from components.lambda_image.secret_values import TRIES, UnreadableError, endpoint, read, signed_headers
from tests.components.lambda_image.secret_stores import Answer, SecretStores, json_answer, parameter, secret

FOLDER = Path(secret_values.__file__).parent
VALUE = "canary-in-the-mine"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sales/login-a1B2c3"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/sales/token"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
    "AWS_REGION": "none",
}
Stores = Callable[..., SecretStores]


@pytest.fixture
def stores() -> Iterator[Stores]:
    made: list[SecretStores] = []

    def make(answer: Answer | Callable[[str, dict[str, Any]], Answer], **more: Any) -> SecretStores:
        made.append(SecretStores(answer if callable(answer) else lambda *_call: answer, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def value(stores: SecretStores | str, reference: str, pauses: list[float] | None = None) -> str:
    url = stores if isinstance(stores, str) else stores.url
    pause = [].append if pauses is None else pauses.append
    return read(json.dumps({"TOKEN": reference}), {**CREDENTIALS, "AWS_ENDPOINT_URL": url}, pause)["TOKEN"]


def failure(stores: SecretStores | str, reference: str, pauses: list[float] | None = None) -> UnreadableError:
    with pytest.raises(UnreadableError) as raised:
        value(stores, reference, pauses)
    error = raised.value
    assert str(error).startswith(f"cannot read the secret TOKEN from {reference}: ")
    assert VALUE not in str(error)
    # Nor in what a traceback would show.
    assert error.__cause__ is None
    return error


@pytest.fixture
def endpoint_of_botocore(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Where botocore asks a service in a Region, with these variables about endpoints and no others."""

    def found(service: str, region: str, variables: dict[str, str]) -> str:
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
            monkeypatch.delenv(name)
        for name, url in variables.items():
            monkeypatch.setenv(name, url)
        session = botocore.session.Session()
        client = session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")
        client.close()
        return client.meta.endpoint_url

    return found


header_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(
    body=st.binary(max_size=200),
    key=header_texts,
    secret_key=header_texts,
    token=st.none() | header_texts,
    target=header_texts,
    now=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
)
def test_its_requests_are_signed_as_botocore_signs_them(
    body: bytes, key: str, secret_key: str, token: str | None, target: str, now: datetime
) -> None:
    headers = {
        "Host": "ssm.eu-west-1.amazonaws.com",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
    }
    environment = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret_key}
    if token is not None:
        environment["AWS_SESSION_TOKEN"] = token
    signed = signed_headers(
        headers, body, service="ssm", region="eu-west-1", environment=environment, now=now.replace(tzinfo=UTC)
    )

    request = AWSRequest("POST", f"https://{headers['Host']}/", headers, body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: now)
        SigV4Auth(Credentials(key, secret_key, token), "ssm", "eu-west-1").add_auth(request)
    assert signed["authorization"] == request.headers["Authorization"]
    assert signed["x-amz-date"] == request.headers["X-Amz-Date"]
    assert signed.get("x-amz-security-token") == request.headers.get("X-Amz-Security-Token")


@pytest.mark.parametrize("service", ["secretsmanager", "ssm"])
@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "eu-west-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
    ],
)
def test_it_asks_where_botocore_asks(
    endpoint_of_botocore: Callable[..., str], service: str, partition: str, region: str
) -> None:
    assert endpoint(service, region, partition, {}) == endpoint_of_botocore(service, region, {})


def test_it_knows_all_partitions() -> None:
    assert set(botocore.session.Session().get_available_partitions()) == {
        "aws", "aws-us-gov", *secret_values._DNS_SUFFIXES
    }  # fmt: skip


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": "http://localhost:1"},
        {"AWS_ENDPOINT_URL_SSM": "http://localhost:2", "AWS_ENDPOINT_URL": "http://localhost:1"},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://localhost:3"},
    ],
)
@pytest.mark.parametrize("service", ["secretsmanager", "ssm"])
def test_it_asks_where_the_environment_has_botocore_ask(
    endpoint_of_botocore: Callable[..., str], service: str, variables: dict[str, str]
) -> None:
    expected = endpoint_of_botocore(service, "eu-west-1", variables)
    assert endpoint(service, "eu-west-1", "aws", variables) == expected


@pytest.mark.parametrize(
    ("reference", "request_"),
    [
        (ARN, {"SecretId": ARN}),
        (f"{ARN}:key::", {"SecretId": ARN}),
        (f"{ARN}::AWSPREVIOUS:", {"SecretId": ARN, "VersionStage": "AWSPREVIOUS"}),
        (f"{ARN}:key::0a1b", {"SecretId": ARN, "VersionId": "0a1b"}),
        (f"{ARN}:key:AWSPREVIOUS:0a1b", {"SecretId": ARN, "VersionStage": "AWSPREVIOUS", "VersionId": "0a1b"}),
    ],
)
def test_a_secret_is_asked_for_in_the_version_that_its_reference_names(
    stores: Stores, reference: str, request_: dict[str, str]
) -> None:
    manager = stores(secret('{"key": "of it"}'))
    assert value(manager, reference) == ("of it" if ":key:" in reference else '{"key": "of it"}')
    assert manager.calls == [("secretsmanager.GetSecretValue", request_)]
    assert "/eu-west-1/secretsmanager/aws4_request, SignedHeaders=" in manager.headers["authorization"]


def test_a_parameter_is_asked_for_decrypted(stores: Stores) -> None:
    ssm = stores(parameter(VALUE))
    assert value(ssm, PARAMETER) == VALUE
    assert ssm.calls == [("AmazonSSM.GetParameters", {"Names": [PARAMETER], "WithDecryption": True})]


def test_several_keys_of_one_secret_are_one_call(stores: Stores) -> None:
    manager = stores(secret('{"user": "me", "password": "it"}'))
    references = {"USER": f"{ARN}:user::", "PASSWORD": f"{ARN}:password::", "OLD": f"{ARN}:user:AWSPREVIOUS:"}
    found = read(json.dumps(references), {**CREDENTIALS, "AWS_ENDPOINT_URL": manager.url})
    assert found == {"USER": "me", "PASSWORD": "it", "OLD": "me"}
    assert len(manager.calls) == 2


@pytest.mark.parametrize(("written", "text"), [('"a"', "a"), ("5432", "5432"), ("true", "true"), ('["a"]', '["a"]')])
def test_what_is_no_text_in_json_is_put_in_as_json(stores: Stores, written: str, text: str) -> None:
    assert value(stores(secret(f'{{"key": {written}}}')), f"{ARN}:key::") == text


@pytest.mark.parametrize(
    ("answer", "reference", "says"),
    [
        (json_answer(200, SecretBinary="Y2FuYXJ5"), ARN, "it is binary, and has no text"),
        (secret(f'{{"other": "{VALUE}"}}'), f"{ARN}:key::", "its JSON has no key key"),
        (secret(f'{{"key": "{VALUE}"'), f"{ARN}:key::", "it is not JSON, and so has no key key"),
        (secret(f'["{VALUE}"]'), f"{ARN}:key::", "its JSON has no key key"),
        (secret("[" * 100_000), f"{ARN}:key::", "it is not JSON, and so has no key key"),
        (secret(f"{VALUE}\0"), ARN, "it has a character that no environment variable can have"),
        (secret(f"{VALUE}\ud800"), ARN, "it has a character that no environment variable can have"),
        (parameter(f"{VALUE}\ud800"), PARAMETER, "it has a character that no environment variable can have"),
        (json_answer(200, Parameters=[], InvalidParameters=["/x"]), PARAMETER, "InvalidParameters: there is no such"),
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
        (
            json_answer(400, __type="ResourceNotFoundException", Message="Secrets Manager can't find the secret."),
            ARN,
            "ResourceNotFoundException: Secrets Manager can't find the secret.",
        ),
        (
            json_answer(400, __type="com.amazonaws.ssm#AccessDeniedException", message="User: x is not authorized"),
            PARAMETER,
            "AccessDeniedException: User: x is not authorized",
        ),
        (json_answer(400, __type="DecryptionFailure"), ARN, "DecryptionFailure"),
        ((403, VALUE.encode()), ARN, "HTTP status 403, and no JSON"),
    ],
)
def test_what_stays_is_asked_for_once(stores: Stores, answer: Answer, reference: str, says: str) -> None:
    made = stores(answer)
    error = failure(made, reference)
    assert says in str(error)
    assert not error.passes
    assert len(made.calls) == 1


PASSING = [
    (json_answer(400, __type="ThrottlingException", message="Rate exceeded"), "ThrottlingException: Rate exceeded"),
    (json_answer(400, __type="RequestLimitExceeded"), "RequestLimitExceeded"),
    (json_answer(400, __type="TooManyRequestsException"), "TooManyRequestsException"),
    (json_answer(500, __type="InternalServiceError"), "InternalServiceError"),
    (json_answer(429), "HTTP status 429"),
    ((503, VALUE.encode()), "HTTP status 503, and no JSON"),
    ((200, f'{{"SecretString": "{VALUE}'.encode()), "HTTP status 200, and no JSON"),
    # The connection ends, without an answer or with one that is none.
    ((0, b""), "broke off: RemoteDisconnected"),
    ((0, f"{VALUE}\r\n\r\n".encode()), "broke off: BadStatusLine"),
    ((0, f"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{VALUE}".encode()), "broke off: IncompleteRead"),
]


@pytest.mark.parametrize(("answer", "says"), PASSING)
def test_what_may_pass_is_asked_for_again(stores: Stores, answer: Answer, says: str) -> None:
    made, pauses = stores(answer), list[float]()
    error = failure(made, ARN, pauses)
    assert says in str(error)
    assert error.passes
    assert len(made.calls) == TRIES
    # Longer each time, and none after the last.
    assert len(pauses) == TRIES - 1
    assert pauses == sorted(set(pauses))


@pytest.mark.parametrize(("answer", "says"), PASSING)
def test_what_has_passed_is_no_failure(stores: Stores, answer: Answer, says: str) -> None:
    del says
    answers = iter([answer, secret(VALUE)])
    assert value(stores(lambda *_call: next(answers)), ARN) == VALUE


def test_nobody_there_may_pass() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = failure(f"http://127.0.0.1:{unused.getsockname()[1]}", ARN)
    assert "cannot be reached: [Errno" in str(error)
    assert error.passes


def test_an_answer_that_does_not_come_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_values, "_TIMEOUT_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"http://127.0.0.1:{silent.getsockname()[1]}", ARN)
    assert str(error).endswith("cannot be reached: timed out")
    assert error.passes


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Has it trust the certificates in a file, as those of an image."""

    def given(file: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        secret_values._trust.cache_clear()

    yield given
    secret_values._trust.cache_clear()


def test_it_asks_by_tls(stores: Stores, certificate: Path, trust: Callable[[Path], None]) -> None:
    trust(certificate)
    assert value(stores(secret(VALUE), certificate=certificate), ARN) == VALUE


def test_a_server_that_nothing_in_the_image_vouches_for_is_asked_nothing(
    stores: Stores, certificate: Path, trust: Callable[[Path], None], tmp_path: Path
) -> None:
    trust(tmp_path / "none.pem")
    made = stores(secret(VALUE), certificate=certificate)
    error = failure(made, ARN)
    assert "as where the image has no certificates (ca-certificates)" in str(error)
    assert not error.passes
    assert made.calls == []


@pytest.mark.parametrize(
    "reference", ["", "login", "arn:aws:s3:::sales", "arn:aws:secretsmanager", "arn:aws:sns:eu-west-1:123456789012:x"]
)
def test_another_reference_is_none(reference: str) -> None:
    assert "it is the ARN of neither a secret nor a parameter" in str(failure("http://localhost:1", reference))


@pytest.mark.parametrize("references", [VALUE, f'["{VALUE}"]', f'{{"TOKEN": ["{VALUE}"]}}'])
def test_references_that_are_none_are_not_shown(references: str) -> None:
    with pytest.raises(UnreadableError, match="the references to its secrets are not") as raised:
        read(references, CREDENTIALS)
    assert VALUE not in str(raised.value)
    assert not raised.value.passes


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.name)
def test_the_oldest_python_that_an_image_may_have_reads_it(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 9))
