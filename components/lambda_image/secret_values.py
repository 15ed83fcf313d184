"""The secrets of a job, fetched with the credentials of its function as the container agent of ECS fetches a task's.

Each is known by the reference that a task definition has: the ARN of a parameter of SSM, or that of a secret in Secrets
Manager, behind which may follow a key of its JSON, a version stage and a version id.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html

Nothing of a value is in any error. As the bootstrap, it needs nothing but Python's standard library, 3.9 or later.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import http.client
import json
import os
import re
import ssl
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TRIES = 3
_TIMEOUT_SECONDS = 3
_PAUSE_SECONDS = 0.5

_TARGETS = {"secretsmanager": "secretsmanager.GetSecretValue", "ssm": "AmazonSSM.GetParameters"}
# https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
_ENDPOINTS = {"secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER", "ssm": "AWS_ENDPOINT_URL_SSM"}
# The partitions whose hosts do not end in amazonaws.com: https://github.com/boto/botocore, data/partitions.json
_DNS_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
_PARTS_OF_A_SECRETS_ARN = 7
_THROTTLED = re.compile("throttl|toomanyrequests|limitexceeded", re.IGNORECASE)
_ALGORITHM = "AWS4-HMAC-SHA256"


class UnreadableError(Exception):
    """Says why a secret cannot be read; `passes` says whether it may be, later."""

    def __init__(self, reason: str, *, passes: bool = False) -> None:
        super().__init__(reason)
        self.passes = passes


def read(
    references: str, environment: Mapping[str, str], pause: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """The values of secrets, by the variables that they are for.

    Args:
        references: JSON text of an object: each variable with its reference.
        environment: where the function's credentials are, and other endpoints, as the AWS SDKs know them.
        pause: called with the seconds to wait before another try.

    Raises:
        UnreadableError: one of them cannot be read.
    """
    try:
        named = json.loads(references)
    except ValueError:
        raise UnreadableError("the references to its secrets are not JSON") from None
    if not isinstance(named, dict) or not all(isinstance(each, str) for each in named.values()):
        raise UnreadableError("the references to its secrets are not names with texts")
    # Several keys of one secret are one call.
    ask = functools.cache(functools.partial(_text, environment, pause))
    values = {}
    for name, reference in named.items():
        try:
            values[name] = _value(reference, ask)
        except UnreadableError as error:
            message = f"cannot read the secret {name} from {reference}: {error}"
            raise UnreadableError(message, passes=error.passes) from None
    return values


def signed_headers(
    headers: Mapping[str, str], body: bytes, *, service: str, region: str, environment: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """The headers of a POST of `body` to the path /, signed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

    Args:
        headers: those to sign, Host among them; their values without spaces at either end.
        body: what is sent.
        service: as it is named in the host.
        region: the Region whose service it is.
        environment: where the credentials are.
        now: the time, in UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value for name, value in headers.items()}
    signed["x-amz-date"] = stamp
    if "AWS_SESSION_TOKEN" in environment:
        signed["x-amz-security-token"] = environment["AWS_SESSION_TOKEN"]
    names = ";".join(sorted(signed))
    lines = [f"{name}:{signed[name]}\n" for name in sorted(signed)]
    request = "\n".join(["POST", "/", "", "".join(lines), names, hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{environment['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{environment['AWS_ACCESS_KEY_ID']}/{scope}"
    authorization = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**signed, "authorization": authorization}


def endpoint(service: str, region: str, partition: str, environment: Mapping[str, str]) -> str:
    """The URL of a service: the one that is set for it, or for all, or else AWS's own."""
    given = environment.get(_ENDPOINTS[service]) or environment.get("AWS_ENDPOINT_URL")
    return given or f"https://{service}.{region}.{_DNS_SUFFIXES.get(partition, 'amazonaws.com')}"


def _value(reference: str, ask: Callable[[str, str, str], str]) -> str:
    parts = reference.split(":")
    if parts[0] != "arn" or len(parts) <= 5 or parts[2] not in _TARGETS:
        raise UnreadableError("it is the ARN of neither a secret nor a parameter")
    if parts[2] == "ssm":
        return _fit_for_a_variable(ask(reference, "", ""))
    arn = ":".join(parts[:_PARTS_OF_A_SECRETS_ARN])
    key, stage, version = [*parts[_PARTS_OF_A_SECRETS_ARN:], "", "", ""][:3]
    text = ask(arn, stage, version)
    return _fit_for_a_variable(_of_key(text, key) if key else text)


def _of_key(text: str, key: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError(f"it is not JSON, and so has no key {key}") from None
    if not isinstance(found, dict) or key not in found:
        raise UnreadableError(f"its JSON has no key {key}")
    return found[key] if isinstance(found[key], str) else json.dumps(found[key])


def _fit_for_a_variable(value: str) -> str:
    try:
        encoded = os.fsencode(value)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        # What else would say so, names the character.
        raise UnreadableError("it has a character that no environment variable can have")
    return value


def _text(environment: Mapping[str, str], pause: Callable[[float], None], arn: str, stage: str, version: str) -> str:
    """The text of a secret or a parameter."""
    if arn.split(":")[2] == "ssm":
        answer = _call(arn, {"Names": [arn], "WithDecryption": True}, environment, pause)
        found = answer.get("Parameters") or [{}]
        text = found[0].get("Value")
        if not isinstance(text, str):
            raise UnreadableError("InvalidParameters: there is no such parameter")
        return text
    request = {"SecretId": arn, "VersionStage": stage, "VersionId": version}
    answer = _call(arn, {key: value for key, value in request.items() if value}, environment, pause)
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise UnreadableError("it is binary, and has no text")
    return text


def _call(
    arn: str, request: Mapping[str, Any], environment: Mapping[str, str], pause: Callable[[float], None]
) -> dict[str, Any]:
    """What the service of an ARN answers to the one call that it is asked for."""
    tried = 0
    while True:
        try:
            return _answer(arn, json.dumps(request).encode(), environment)
        except UnreadableError as error:
            tried += 1
            if not error.passes or tried == TRIES:
                raise
        pause(_PAUSE_SECONDS * tried)


def _answer(arn: str, body: bytes, environment: Mapping[str, str]) -> dict[str, Any]:
    _, partition, service, region, *_ = arn.split(":")
    url = urlsplit(endpoint(service, region, partition, environment))
    headers = {
        "Host": url.netloc,
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": _TARGETS[service],
    }
    now = datetime.now(timezone.utc)  # noqa: UP017
    signed = signed_headers(headers, body, service=service, region=region, environment=environment, now=now)
    try:
        status, text = _post(url.scheme, url.netloc, body, signed)
    except ssl.SSLCertVerificationError as error:
        why = (
            f"the certificate of {url.netloc} is not trusted, as where the image has no certificates (ca-certificates)"
        )
        raise UnreadableError(f"{why}: {error.verify_message}") from None
    except http.client.HTTPException as error:
        # Its text may be what was received.
        raise UnreadableError(f"{url.netloc} broke off: {type(error).__name__}", passes=True) from None
    except OSError as error:
        raise UnreadableError(f"{url.netloc} cannot be reached: {error}", passes=True) from None
    return _understood(status, text)


def _post(scheme: str, host: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, timeout=_TIMEOUT_SECONDS, context=_trust())
    else:
        connection = http.client.HTTPConnection(host, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _understood(status: int, text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    passes = status in (http.client.OK, http.client.TOO_MANY_REQUESTS) or status >= 500
    if not isinstance(answer, dict):
        raise UnreadableError(f"HTTP status {status}, and no JSON", passes=passes)
    if status == http.client.OK:
        return answer
    code = str(answer.get("__type", f"HTTP status {status}")).rpartition("#")[2]
    message = answer.get("message") or answer.get("Message")
    passes = passes or _THROTTLED.search(code) is not None
    raise UnreadableError(f"{code}: {message}" if message else code, passes=passes)
