"""A proxy between the command and the local AWS, which may spoil answers on their way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes


Spoil = Callable[[Answer], Answer | None]
"""What becomes of an answer; None for a connection that ends in the middle of it."""


class Way:
    """A proxy.

    Args:
        endpoint: of the local AWS.
        given: answers of operations that the local AWS is not asked for, as JSON. Where there are any, it is asked for
            everything else once only: the same answer is given again.

    Attributes:
        url: where it is.
        met: how often each operation was called.
        answers: those of each operation, unspoilt.
    """

    def __init__(self, endpoint: str, given: Mapping[str, Any] | None = None) -> None:
        self._endpoint = urlsplit(endpoint)
        self._given = given
        self._remembered: dict[tuple[str, str, bytes], Answer] = {}
        self._spoils: dict[str, tuple[Spoil, int]] = {}
        self.met: dict[str, int] = {}
        self.answers: dict[str, list[Answer]] = {}
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                way._pass_on(self)

            do_GET = do_PUT = do_POST  # noqa: N815

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def open(self) -> Iterator[Way]:
        """Serve meanwhile."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()
        self._server.server_close()

    def spoil(self, operation: str, how: Spoil, times: int) -> None:
        """Spoil the next answers of an operation."""
        self._spoils[operation] = (how, self.met.get(operation, 0) + times)

    def forget(self) -> None:
        """Spoil nothing, and count anew."""
        self._spoils.clear()
        self.met.clear()
        self.answers.clear()

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        operation = _operation(handler, body)
        self.met[operation] = self.met.get(operation, 0) + 1
        whole = self._asked(handler, operation, body)
        self.answers.setdefault(operation, []).append(whole)
        how, until = self._spoils.get(operation, (None, 0))
        answer = how(whole) if how is not None and self.met[operation] <= until else whole
        status, headers, content = answer or whole
        handler.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "x-amz-crc32"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if answer is None else content)
        if answer is None:
            handler.close_connection = True

    def _asked(self, handler: BaseHTTPRequestHandler, operation: str, body: bytes) -> Answer:
        key = (operation, handler.path, body)
        if key in self._remembered:
            return self._remembered[key]
        if self._given and operation in self._given:
            return Answer(200, {"Content-Type": "application/json"}, json.dumps(self._given[operation]).encode())
        connection = HTTPConnection(self._endpoint.hostname or "", self._endpoint.port)
        connection.request(handler.command, handler.path, body, dict(handler.headers))
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
        connection.close()
        if self._given:
            self._remembered[key] = answer
        return answer


def broken(_answer: Answer) -> Answer:
    body = b'{"__type": "InternalFailure", "message": "Oh"}'
    return Answer(500, {"Content-Type": "application/x-amz-json-1.0"}, body)


def throttled(_answer: Answer) -> Answer:
    body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
    return Answer(400, {"Content-Type": "application/x-amz-json-1.0"}, body)


def cut(_answer: Answer) -> None:
    return None


def _operation(handler: BaseHTTPRequestHandler, body: bytes) -> str:
    """Its name; of an API by paths the method and the first part of the path."""
    if target := handler.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if action := parse_qs(body.decode()).get("Action"):
        return action[0]
    return f"{handler.command} {urlsplit(handler.path).path.split('/')[1]}"
