"""MiniStack's HTTP server in a thread of this process, on the loopback address only."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import threading
from typing import Any

from sandbox.errors import SandboxError
from sandbox.guard import App, Guard, Receive, Scope, Send

HOST = "127.0.0.1"
_STOP_SECONDS = 10
# The most that macOS allows.
_OPEN_FILES = 10_240


def listen(port: int) -> socket.socket:
    """A socket bound to `port` of the loopback address, 0 for any free one; raises SandboxError if it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # On some systems a second bind to a listening port fails at listen only.
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "it is in use, choose another or 0 for any free one" if taken else str(error)
        raise SandboxError(f"cannot listen on port {port} of {HOST}: {reason}") from error
    return listener


def allow_many_open_files() -> None:
    """Raise this process's limit of open files as far as it may: each task and each connection needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A connection that is cut at the end is told of with a traceback up to Python 3.11.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


class Server:
    """Serves `app` on `listener`, a bound socket, until `stop`."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        self._app = app
        self._listener = listener
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="sandbox-server")

    def start(self) -> None:
        """Return once requests are served; raises SandboxError if the server does not come up."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise SandboxError(f"the local AWS did not start: {self._failure}") from self._failure

    def stop(self) -> None:
        """Finish what is being answered and close the port."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_SECONDS)
        self._listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from hypercorn.asyncio import serve
        from hypercorn.config import Config

        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_report)
        self._stopping = asyncio.Event()
        config = Config()
        # A duplicate, because hypercorn closes the descriptor that it is given.
        config.bind = [f"fd://{self._listener.dup().detach()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1
        config.loglevel = "ERROR"
        config.accesslog = None
        await serve(self._announced(Guard(self._app)), config, shutdown_trigger=self._stopping.wait)

    def _announced(self, app: App) -> Any:
        async def announced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan":
                await app(scope, receive, send)
                return

            async def announce(message: dict[str, Any]) -> None:
                await send(message)
                if message["type"] == "lifespan.startup.complete":
                    self._ready.set()

            await app(scope, receive, announce)

        return announced
