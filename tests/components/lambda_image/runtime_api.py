"""A Runtime API as a function sees it, over HTTP: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/2018-06-01/runtime/invocation/"
TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"


class RuntimeApi:
    """Hands out events, and keeps what comes back: `(request id, "response" or "error", document, headers)`."""

    def __init__(self) -> None:
        self._events: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[tuple[str, str, dict[str, Any], dict[str, str]]] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(self, request_id: str, event: object) -> None:
        """An invocation; an event of bytes is sent as it is."""
        self._events.put((request_id, event if isinstance(event, bytes) else json.dumps(event).encode()))

    def close(self) -> None:
        """End it; what waits for an invocation loses its connection."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing."""

            def do_GET(self) -> None:
                assert self.path == f"{PREFIX}next"
                request_id, body = api._events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Trace-Id", TRACE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                request_id, _, kind = self.path.removeprefix(PREFIX).partition("/")
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.answers.put((request_id, kind, document, dict(self.headers.items())))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        return Handler
