"""The Runtime API of one execution environment, on the loopback address.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from sandbox.clock import Wake
from sandbox.guard import header_problem
from sandbox.server import HOST

_PREFIX = "/2018-06-01/runtime/"
# "6 MB", of which Lambda's error names the bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True, kw_only=True)
class Event:
    """An invocation, as the runtime is told of it.

    Attributes:
        request_id: its id.
        function_arn: the function as whoever invokes it named it, with its version.
        deadline: when its time is up, in epoch seconds of this machine: that is the clock which a process reads.
        payload: the event as JSON.
    """

    request_id: str
    function_arn: str
    deadline: float
    payload: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the runtime says of an event, or of its own start.

    Attributes:
        kind: `response`, `error`, or `too-large` for a response that Lambda does not take.
        body: what it sent.
        error_type: of an error, what its header says.
    """

    kind: Literal["response", "error", "too-large"]
    body: bytes = field(repr=False)
    error_type: str = ""


class RuntimeApi:
    """Hands events to one runtime and takes its answers.

    Args:
        freeze: called when the runtime asks for an event and there is none.
        thaw: called before it gets one.

    Attributes:
        address: its host and port, AWS_LAMBDA_RUNTIME_API.
        changed: set whenever the runtime has said anything.
        is_waiting: whether the runtime waits for an event.
        init_error: what it said of its own start.
    """

    def __init__(self, freeze: Callable[[], None], thaw: Callable[[], None]) -> None:
        self.changed = Wake()
        self.is_waiting = False
        self.init_error: Answer | None = None
        self._freeze = freeze
        self._thaw = thaw
        self._turn = threading.Condition()
        self._event: Event | None = None
        self._taken: Event | None = None
        self._answer: Answer | None = None
        self._is_closed = False
        self._server = _Server((HOST, 0), _handler_of(self))
        self.address = f"{HOST}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True, name="sandbox-runtime-api").start()

    def hand_out(self, event: Event) -> None:
        """Give the runtime an event, at once or when it asks for one."""
        with self._turn:
            self._event, self._answer = event, None
            self._thaw()
            self._turn.notify_all()

    def answer(self) -> Answer | None:
        """What the runtime has said of the event that it has; None as long as it has said nothing."""
        return self._answer

    def close(self) -> None:
        """Serve no more."""
        with self._turn:
            if self._is_closed:
                return
            self._is_closed = True
            self._turn.notify_all()
        # Apart, because it takes a moment to notice.
        threading.Thread(target=self._end, daemon=True, name="sandbox-runtime-api-end").start()

    def next_event(self) -> Event | None:
        """The next event, once there is one; None when there will be none."""
        with self._turn:
            self._taken = None
            if self._event is None:
                self._freeze()
            self.is_waiting = True
            self.changed.set()
            self._turn.wait_for(lambda: self._event is not None or self._is_closed)
            self.is_waiting = False
            self._taken, self._event = self._event, None
            return None if self._is_closed else self._taken

    def take(self, request_id: str, answer: Answer) -> bool:
        """Take what the runtime says of an event; False if it has not got that event or has answered already."""
        with self._turn:
            if self._taken is None or self._taken.request_id != request_id or self._answer is not None:
                return False
            self._answer = answer
        self.changed.set()
        return True

    def take_init_error(self, answer: Answer) -> None:
        """Take why the runtime cannot start."""
        self.init_error = answer
        self.changed.set()

    def _end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: that a runtime has lost its connection is told of where its process is."""


def _handler_of(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # So that a runtime may keep its connection.
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nothing: what matters is in the function's log."""

        def do_GET(self) -> None:
            if self._is_refused():
                return
            if self.path != f"{_PREFIX}invocation/next":
                self._say(404, {"errorMessage": "there is no such path", "errorType": "NotFound"})
                return
            event = api.next_event()
            if event is None:
                self.close_connection = True
                return
            self._send(
                200,
                event.payload,
                {
                    "Lambda-Runtime-Aws-Request-Id": event.request_id,
                    "Lambda-Runtime-Deadline-Ms": str(int(event.deadline * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
                },
            )

        def do_POST(self) -> None:
            if self._is_refused():
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            error_type = self.headers.get("Lambda-Runtime-Function-Error-Type", "")
            what = self.path.removeprefix(_PREFIX)
            if what == "init/error":
                api.take_init_error(Answer(kind="error", body=body, error_type=error_type))
                self._say(202, {"status": "OK"})
                return
            _, _, rest = what.partition("invocation/")
            request_id, _, kind = rest.partition("/")
            if kind not in ("response", "error"):
                self._say(404, {"errorMessage": "there is no such path", "errorType": "NotFound"})
            elif kind == "response" and len(body) > MAX_RESPONSE_BYTES:
                api.take(request_id, Answer(kind="too-large", body=body))
                self._say(
                    413, {"errorMessage": "Exceeded maximum allowed payload size", "errorType": "RequestTooLarge"}
                )
            elif api.take(request_id, Answer(kind=kind, body=body, error_type=error_type)):
                self._say(202, {"status": "OK"})
            else:
                self._say(400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"})

        def _is_refused(self) -> bool:
            # A page in a browser could guess the port.
            problem = header_problem((name.encode(), value.encode()) for name, value in self.headers.items())
            if problem is not None:
                self._say(403, {"errorMessage": f"Refused by the sandbox: {problem}", "errorType": "Forbidden"})
                self.close_connection = True
            return problem is not None

        def _say(self, status: int, document: Mapping[str, Any]) -> None:
            self._send(status, json.dumps(document).encode(), {})

        def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {
                **headers,
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler
