"""Lets only clients of this sandbox reach it: an ASGI layer before MiniStack.

A page in a browser can send requests to a server on this machine, and the sandbox runs local commands. So a request
needs a loopback `Host`, no header that browsers alone send, and a valid SigV4 signature by a key that this sandbox
issued, whatever its path.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, quote

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 256 * 1024 * 1024
# MiniStack's own: they ask nobody's policies, so that any role's key could empty a queue or reset everything.
CLOSED_PATHS = ("/_ministack/", "/_localstack/", "/_aws/", "/_alb/")
# Browsers leave Origin out of the GET of an image or a script, but not Sec-Fetch-Site.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
BROWSER_HEADERS = frozenset({b"origin", b"sec-fetch-site"})


class Guard:
    """An ASGI application that passes the sandbox's own clients on to `app` and answers 403 to everyone else."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif (problem := header_problem(scope["headers"])) is not None:
            await _refuse(send, problem)
        elif scope["path"].startswith(CLOSED_PATHS):
            await _refuse(send, "this path belongs to the server beneath, and is closed")
        else:
            await self._check_signature(scope, receive, send)

    async def _check_signature(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            await _refuse(send, f"a request body may have at most {MAX_BODY_BYTES} bytes", status=413)
            return
        problem = signature_problem(scope, body)
        if problem is not None:
            await _refuse(send, problem)
            return
        await self._app(scope, _replay(body, receive), send)


def header_problem(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why these headers do not come from a client on this machine that is no browser; None if they do."""
    hosts = [value.decode("latin-1") for name, value in headers if name.lower() == b"host"]
    if len(hosts) != 1 or not is_loopback(hosts[0]):
        return "the Host header must name this machine's loopback address"
    if any(name.lower() in BROWSER_HEADERS for name, _ in headers):
        return "requests from web pages (with an Origin or a Sec-Fetch-Site header) are refused"
    return None


def is_loopback(host: str) -> bool:
    """Whether a Host header's value is localhost, a name below it or a loopback address, with or without a port."""
    name = host.strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def signature_problem(scope: Scope, body: bytes) -> str | None:
    """Why the request's SigV4 signature does not prove a key of this sandbox; None if it does.

    MiniStack checks the signature and the time again where it routes to a service, but not on its own paths.
    """
    from ministack.core import iam_evaluator, sigv4
    from ministack.core.responses import _account_from_sts_session

    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    query = parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)
    presigned = "authorization" not in headers
    if presigned:
        if query.get("X-Amz-Algorithm") != ["AWS4-HMAC-SHA256"]:
            return "the request is not signed: use the access key that the sandbox printed"
        signature = sigv4.parse_query_signature(query)
    elif headers["authorization"].startswith("AWS4-HMAC-SHA256 "):
        signature = sigv4.parse_header_signature(headers)
    else:
        return "only AWS Signature Version 4 is accepted"
    if isinstance(signature, tuple):
        return signature[1]
    if not signature.signature.isascii():
        # Two texts are compared in constant time only if both are ASCII.
        return sigv4.SIGNATURE_MISMATCH
    key = signature.access_key_id
    account = iam_evaluator.find_iam_access_key_account(key) or _account_from_sts_session(key)
    credential = iam_evaluator.resolve_credential(key, account)
    if not key or isinstance(credential, iam_evaluator.CredentialResolutionError):
        return "the access key is not one of this sandbox: a restart makes new keys"
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    failure = sigv4.header_signature_failure(
        signature, credential.secret_access_key, scope["method"], raw_path, query, headers, body, presigned=presigned
    )
    return None if failure is None else failure[1]


async def _read_body(receive: Receive) -> bytes | None:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> dict[str, Any]:
        return pending.pop() if pending else await receive()

    return replayed


async def _refuse(send: Send, reason: str, status: int = 403) -> None:
    body = json.dumps({"__type": "AccessDeniedException", "message": f"Refused by the sandbox: {reason}"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
