"""A gRPC service of this process, as Pulumi's engine starts them: on a free loopback port, printed on a line."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

# A component waits in one thread for the resources inside it, which other plugins make.
WORKERS = 32
SECONDS_BETWEEN_LOOKS_AT_THE_PARENT = 1


def serve(add_to: Callable[[grpc.Server], Any], in_words: Callable[[Exception], str | None]) -> None:
    """Serve until the engine interrupts this process or ends.

    An error is answered as `in_words` says it; where that says None, with its traceback.
    """
    # The engine interrupts its plugins at the end; Python would answer with a traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server = grpc.server(
        ThreadPoolExecutor(WORKERS), options=_GRPC_CHANNEL_OPTIONS, interceptors=[_ErrorsInWords(in_words)]
    )
    add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed interrupts nobody.
    parent, never = os.getppid(), threading.Event()
    while os.getppid() == parent:
        never.wait(SECONDS_BETWEEN_LOOKS_AT_THE_PARENT)
    os._exit(1)


class _ErrorsInWords(grpc.ServerInterceptor):
    def __init__(self, in_words: Callable[[Exception], str | None]) -> None:
        self._in_words = in_words

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def answered(request: Any, context: Any) -> Any:
            try:
                return handler.unary_unary(request, context)
            except NotImplementedError:
                # The engine asks for what this service need not have, and reads that from the code of the answer.
                raise
            except Exception as error:
                context.abort(grpc.StatusCode.UNKNOWN, self._in_words(error) or traceback.format_exc())

        return grpc.unary_unary_rpc_method_handler(answered, handler.request_deserializer, handler.response_serializer)
