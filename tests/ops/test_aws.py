"""How often is tried what finds nobody to talk to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from ops.aws import Aws

IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(IDENTITY)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(IDENTITY)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A server that answers one request; without pauses between attempts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        yield server


def attempts(aws: Aws) -> int:
    """How often a call that fails was tried."""
    made: list[object] = []
    sts = aws("sts")
    sts.meta.events.register("before-send", lambda **_: made.append(None))
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()
    return len(made)


def asking(server: HTTPServer) -> Aws:
    return Aws(region="eu-west-1", endpoint_url=f"http://127.0.0.1:{server.server_port}")


def test_where_nobody_ever_answered_it_is_soon_given_up(server: HTTPServer) -> None:
    server.server_close()
    assert attempts(asking(server)) == 3


def test_a_way_that_was_there_is_waited_for(server: HTTPServer) -> None:
    aws = asking(server)
    answering = threading.Thread(target=server.handle_request)
    answering.start()
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
    answering.join()
    server.server_close()
    assert attempts(aws) == 8


def test_a_number_that_a_person_gives_is_kept(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    server.server_close()
    assert attempts(asking(server)) == 5
