"""A process of a deployment that notes when it is at work; the engine starts it for bench/engine.py.

    python -m bench.at_work FOLDER MODULE [ARGUMENT ...]

Runs the module, a gRPC service, and writes a line `<start> <end> <what>` to a file of its own in FOLDER for each
stretch of work, in seconds of the machine's monotonic clock. Work is: from the process's start until it serves, and
from each call of the service to its answer. When that call's thread waits, for an answer over gRPC or because its event
loop has nothing to do, only what the whole process then spends of the processor is work.
"""

import os
import runpy
import selectors
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc


class Record(grpc.ServerInterceptor, grpc.UnaryUnaryClientInterceptor):
    """Writes the stretches of work of this process's threads to `file`."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._thread = threading.local()

    def begin(self, since: float | None = None) -> None:
        """This thread is at work from now on, or was from `since` on."""
        self._thread.since, self._thread.stretches = since or time.monotonic(), []

    def end(self, what: str) -> None:
        """This thread is at work no longer; `what` is what it did."""
        stretches = [*self._thread.stretches, (self._thread.since, time.monotonic())]
        self._thread.since = None
        # At once, because the engine ends its plugins without asking.
        os.write(self._file, "".join(f"{start} {end} {what}\n" for start, end in stretches).encode())

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In the block this thread waits, while others of the process may work."""
        since = getattr(self._thread, "since", None)
        if since is None:
            yield
            return
        started, spent = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            ended, spent = time.monotonic(), time.process_time() - spent
            self._thread.stretches.append((since, min(started + spent, ended)))
            self._thread.since = ended

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Record each call of the service."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def recorded(request: Any, context: Any) -> Any:
            self.begin()
            try:
                return handler.unary_unary(request, context)
            finally:
                self.end(handler_call_details.method)

        return grpc.unary_unary_rpc_method_handler(recorded, handler.request_deserializer, handler.response_serializer)

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Record that this thread waits for another process's answer."""
        with self.waiting():
            return continuation(client_call_details, request)


def watch(record: Record) -> None:
    """Have `record` told of every gRPC service, gRPC call and event loop of this process."""
    new_server, new_channel = grpc.server, grpc.insecure_channel

    def server(*arguments: Any, interceptors: Any = (), **options: Any) -> grpc.Server:
        # From here on the main thread only waits for its end.
        record.end("start")
        return new_server(*arguments, interceptors=[record, *interceptors], **options)

    def channel(*arguments: Any, **options: Any) -> Any:
        return grpc.intercept_channel(new_channel(*arguments, **options), record)

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            if timeout == 0:
                return super().select(timeout)
            with record.waiting():
                return super().select(timeout)

    grpc.server, grpc.insecure_channel = server, channel
    selectors.DefaultSelector = Selector


def main(folder: str, module: str) -> None:
    """Run the module as if Python had been asked to."""
    record = Record(Path(folder, f"{module}.{os.getpid()}"))
    # Python's start and imports so far were nothing but work.
    record.begin(time.monotonic() - time.process_time())
    watch(record)
    del sys.argv[:2]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
