"""What goes wrong between the operator and AWS ends in another try or in one clear line, never in a traceback.

A proxy stands between the command and the local AWS and spoils some answers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated

Answer = tuple[int, dict[str, str], bytes]
Spoil = Callable[[Answer], Answer | None]
"""What becomes of an answer; None for a connection that ends in the middle of it."""


class Way:
    """A proxy. `spoil(operation, how, times)` spoils the next answers of an operation; `met` counts its calls."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = urlsplit(endpoint)
        self._spoils: dict[str, tuple[Spoil, int]] = {}
        self.met: dict[str, int] = {}
        way = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                way.pass_on(self)

            do_GET = do_POST  # noqa: N815

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def spoil(self, operation: str, how: Spoil, times: int) -> None:
        self._spoils[operation] = (how, times)

    def pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.met[operation] = self.met.get(operation, 0) + 1
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        connection = HTTPConnection(self._endpoint.hostname or "", self._endpoint.port)
        connection.request(handler.command, handler.path, body, dict(handler.headers))
        response = connection.getresponse()
        whole = answer = (response.status, dict(response.getheaders()), response.read())
        connection.close()
        how, times = self._spoils.get(operation, (None, 0))
        if how is not None and self.met[operation] <= times:
            answer = how(answer)
        status, headers, content = answer or whole
        handler.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "x-amz-crc32"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if answer is None else content)
        handler.close_connection = True


@pytest.fixture
def way(operated: Operated) -> Iterator[Way]:
    way = Way(operated.local_aws.endpoint)
    thread = threading.Thread(target=way.server.serve_forever)
    thread.start()
    yield way
    way.server.shutdown()
    thread.join()
    way.server.server_close()


def broken(_answer: Answer) -> Answer:
    return 500, {"Content-Type": "application/x-amz-json-1.0"}, b'{"__type": "InternalFailure", "message": "Oh"}'


def throttled(_answer: Answer) -> Answer:
    body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
    return 400, {"Content-Type": "application/x-amz-json-1.0"}, body


def cut(_answer: Answer) -> None:
    return None


def no_json(answer: Answer) -> Answer:
    return answer[0], answer[1], b"<html>Sign in to the hotel's network</html>"


def without(key: str) -> Spoil:
    def spoil(answer: Answer) -> Answer:
        found = json.loads(answer[2])
        for execution in found["executions"]:
            del execution[key]
        return answer[0], answer[1], json.dumps(found).encode()

    return spoil


@pytest.mark.parametrize("how", [broken, throttled, cut])
def test_what_passes_is_tried_again(operated: Operated, operate: Longhaul, way: Way, how: Spoil) -> None:
    operated.run("obeys")
    expected = operate("history", "obeys", "--limit", "1", "--no-ledger", "--output", "json")
    way.spoil("ListExecutions", how, 1)
    done = operate("history", "obeys", "--limit", "1", "--no-ledger", "--output", "json", AWS_ENDPOINT_URL=way.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected.stdout, "")
    assert way.met["ListExecutions"] == 2


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (broken, "longhaul: AWS refused ListExecutions: InternalFailure: Oh"),
        (no_json, "longhaul: an answer of AWS lacks 'executions'"),
        (without("startDate"), "longhaul: an answer of AWS lacks 'startDate'"),
    ],
)
def test_what_stays_is_one_clear_line(operated: Operated, operate: Longhaul, way: Way, how: Spoil, says: str) -> None:
    operated.run("obeys")
    way.spoil("ListExecutions", how, 100)
    done = operate("history", "obeys", "--no-ledger", AWS_ENDPOINT_URL=way.url, AWS_MAX_ATTEMPTS="2")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1
