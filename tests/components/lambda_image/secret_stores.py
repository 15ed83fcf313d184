"""Secrets Manager and SSM as a function sees them, over HTTP or HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = tuple[int, bytes]


def json_answer(status: int, **document: Any) -> Answer:
    return status, json.dumps(document).encode()


def secret(text: str) -> Answer:
    """What GetSecretValue answers."""
    return json_answer(200, ARN="arn:of:it", Name="it", SecretString=text, VersionStages=["AWSCURRENT"])


def parameter(text: str) -> Answer:
    """What GetParameters answers to one name."""
    return json_answer(200, Parameters=[{"Name": "/it", "Type": "SecureString", "Value": text}], InvalidParameters=[])


class SecretStores:
    """Answers each call with what `answer` gives for its target and request.

    Attributes:
        calls: the targets and requests, the first first.
        headers: of the last call.
    """

    def __init__(self, answer: Callable[[str, dict[str, Any]], Answer], certificate: Path | None = None) -> None:
        self.answer = answer
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if certificate is None else 'https'}://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stores = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stores.headers = {name.lower(): value for name, value in self.headers.items()}
                call = self.headers["X-Amz-Target"], json.loads(body)
                stores.calls.append(call)
                status, text = stores.answer(*call)
                if status:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                self.wfile.write(text)

        return Handler
