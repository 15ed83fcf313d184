"""Who may reach the sandbox: signed requests of its own keys to a loopback name, and nobody's browser."""

from __future__ import annotations

import dataclasses
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.guard import is_loopback
from sandbox.local_aws import LocalAws

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def refused(self) -> bool:
        """Whether the guard refused it, so that nothing behind it saw the request."""
        return self.status == 403 and b"Refused by the sandbox" in self.body


def send(aws: LocalAws, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One raw HTTP request; a Host among the headers replaces the usual one."""
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def signed(aws: LocalAws, host: str = "", path: str = "/", **credentials: Any) -> dict[str, str]:
    """The headers of a signed POST to `host`, by default to the sandbox's own and with the administrator's key."""
    keys = {"access_key": aws.access_key, "secret_key": aws.secret_key, "token": None} | credentials
    request = AWSRequest("POST", f"http://{host or urlsplit(aws.endpoint).netloc}{path}", headers=FORM, data=WHO)
    SigV4Auth(Credentials(**keys), "sts", aws.region).add_auth(request)
    return dict(request.headers.items())


def test_a_signed_request_is_answered(local_aws: LocalAws) -> None:
    answer = send(local_aws, "POST", "/", signed(local_aws), WHO)
    assert answer.status == 200
    assert b":root" in answer.body


@pytest.mark.parametrize(
    "path",
    ["/", "/_ministack/health", "/_ministack/reset", "/_ministack/config", "/health", "/_localstack/health",
     "/v4/0123456789abcdef/task", "/latest/meta-data/", "/some-bucket/some-key", "/oauth2/authorize"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_an_unsigned_request_is_refused_on_every_path(local_aws: LocalAws, method: str, path: str) -> None:
    answer = send(local_aws, method, path, {})
    assert answer.refused
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic dGVzdDp0ZXN0", "AWS test:c2ln", "AWS4-HMAC-SHA256", ""])
def test_no_other_authorization_is_accepted(local_aws: LocalAws, authorization: str) -> None:
    assert send(local_aws, "POST", "/", FORM | {"Authorization": authorization}, WHO).refused


@pytest.mark.parametrize("access_key", ["test", "123456789012", "000000000000", "AKIAIOSFODNN7EXAMPLE"])
@pytest.mark.parametrize("secret_key", ["test", "x"])
def test_well_known_and_unknown_keys_are_refused(local_aws: LocalAws, access_key: str, secret_key: str) -> None:
    headers = signed(local_aws, access_key=access_key, secret_key=secret_key)
    assert send(local_aws, "POST", "/", headers, WHO).refused


def test_a_wrong_secret_is_refused(local_aws: LocalAws) -> None:
    assert send(local_aws, "POST", "/", signed(local_aws, secret_key="wrong"), WHO).refused


def test_a_signature_that_is_none_is_refused(local_aws: LocalAws) -> None:
    headers = signed(local_aws)
    authorization = f"{headers['Authorization'].rpartition('=')[0]}=\xe9"
    assert send(local_aws, "POST", "/", headers | {"Authorization": authorization}, WHO).refused


def test_another_body_than_the_signed_one_is_refused(local_aws: LocalAws) -> None:
    body = WHO.replace(b"GetCallerIdentity", b"GetSessionToken")
    assert send(local_aws, "POST", "/", signed(local_aws), body).refused


def test_another_path_than_the_signed_one_is_refused(local_aws: LocalAws) -> None:
    assert send(local_aws, "POST", "/_ministack/reset", signed(local_aws), WHO).refused


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", "0.0.0.0"])
def test_a_host_that_is_not_this_machine_is_refused(local_aws: LocalAws, host: str) -> None:
    # A page that has its own name resolve to 127.0.0.1 sends that name.
    assert send(local_aws, "POST", "/", signed(local_aws, host) | {"Host": host}, WHO).refused


def test_another_name_of_this_machine_is_accepted(local_aws: LocalAws) -> None:
    assert send(local_aws, "POST", "/", signed(local_aws, "localhost") | {"Host": "localhost"}, WHO).status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_any_origin_is_refused_even_with_a_signature(local_aws: LocalAws, origin: str) -> None:
    assert send(local_aws, "POST", "/", signed(local_aws) | {"Origin": origin}, WHO).refused


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_what_only_a_browser_sends_is_refused_even_with_a_signature(local_aws: LocalAws, site: str) -> None:
    assert send(local_aws, "POST", "/", signed(local_aws) | {"Sec-Fetch-Site": site}, WHO).refused


@pytest.mark.parametrize(
    ("path", "sent"),
    [(path, path) for path in ("/_ministack/reset", "/_ministack/config", "/_localstack/health", "/_aws/lambda-url/a/")]
    + [("/_ministack/reset", "/%5fministack/reset")],
)
def test_the_servers_own_paths_are_closed_to_every_key(local_aws: LocalAws, path: str, sent: str) -> None:
    answer = send(local_aws, "POST", sent, signed(local_aws, path=path), WHO)
    assert answer.refused
    assert b"is closed" in answer.body


def test_a_preflight_is_refused_and_allows_nothing(local_aws: LocalAws) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = send(local_aws, "OPTIONS", "/", asked)
    assert answer.refused
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_role_needs_its_session_token(local_aws: LocalAws, role: Any) -> None:
    keys = local_aws.identity.credentials(role("states.amazonaws.com"), "states.amazonaws.com")
    pair = {"access_key": keys.access_key, "secret_key": keys.secret_key}
    assert send(local_aws, "POST", "/", signed(local_aws, **pair, token=keys.session_token), WHO).status == 200
    without = send(local_aws, "POST", "/", signed(local_aws, **pair), WHO)
    assert without.status == 403
    assert keys.principal_arn.encode() not in without.body


def test_a_presigned_url_opens_what_it_names_and_nothing_else(local_aws: LocalAws) -> None:
    s3, bucket = local_aws.client("s3"), "presigned-url-bucket"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": local_aws.region})
    s3.put_object(Bucket=bucket, Key="a", Body=b"content")
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"}))
    assert send(local_aws, "GET", f"{url.path}?{url.query}", {}).body == b"content"
    assert send(local_aws, "GET", f"{url.path}b?{url.query}", {}).refused
    assert send(local_aws, "GET", f"{url.path}?{url.query[:-1]}", {}).refused


def test_a_refusal_says_why(local_aws: LocalAws) -> None:
    answer = send(local_aws, "POST", "/", FORM, WHO)
    assert json.loads(answer.body)["message"] == (
        "Refused by the sandbox: the request is not signed: use the access key that the sandbox printed"
    )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4566", "localhost:1", "[::1]:80", "bucket.localhost", "127.1.2.3"]
)
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)
