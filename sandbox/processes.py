"""Processes that stand in for containers: each leads a process group of its own, and none outlives the sandbox."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.watchdog import kill_at_home_in, remove

_logger = logging.getLogger(__name__)
_WATCHDOG = Path(__file__).with_name("watchdog.py")
_READ_BYTES = 64 * 1024
# How long output is waited for that a process outside the group still holds open.
_DRAIN_SECONDS = 5


class Process:
    """One running process, its children and its output; made by `Processes.start`."""

    def __init__(
        self, popen: subprocess.Popen[bytes], on_output: Callable[[bytes], None], home: Path | None = None
    ) -> None:
        self._popen = popen
        self._on_output = on_output
        self._home = home
        self._reading = threading.Lock()
        self._is_read = False
        assert popen.stdout is not None
        # Two may read it, and neither waits for what the other has taken.
        os.set_blocking(popen.stdout.fileno(), False)
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"sandbox-output-{popen.pid}")
        self._reader.start()

    @property
    def group(self) -> int:
        """The id of the process group."""
        return self._popen.pid

    @property
    def signal(self) -> int | None:
        """The number of the signal that ended the process; None for one that runs or has exited."""
        code = self._popen.returncode
        return -code if code is not None and code < 0 else None

    def wait(self) -> int:
        """Block until the process has ended, its children are killed and its output is delivered.

        Returns:
            The exit code as a container reports it: 128 + n for signal n.
        """
        code = self._popen.wait()
        # As in a container, nothing outlives the first process.
        self.kill()
        self._reader.join(_DRAIN_SECONDS)
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Send SIGTERM to the first process alone, as a container runtime does."""
        self._popen.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the whole group, if there is still one, and to what has its HOME in the home of its own."""
        self._signal(signal.SIGKILL)
        if self._home is not None:
            kill_at_home_in(str(self._home))

    def freeze(self) -> None:
        """Have the whole group stand still, if there is still one."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have the whole group go on."""
        self._signal(signal.SIGCONT)

    def deliver_written(self) -> None:
        """Deliver what the process has written before this call."""
        with self._reading:
            if not self._is_read:
                # All that a pipe holds.
                self._take(_READ_BYTES)

    def _signal(self, number: int) -> None:
        # macOS answers EPERM for a group of which only the leader's remains are left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, number)

    def _read(self) -> None:
        output = self._popen.stdout
        assert output is not None
        with output:
            readable = select.poll()
            readable.register(output)
            while not self._is_read:
                readable.poll()
                with self._reading:
                    self._take(_READ_BYTES)

    def _take(self, most: int) -> None:
        """Deliver up to so many bytes of what is there to read; to be called while nobody else does."""
        output = self._popen.stdout
        assert output is not None
        with contextlib.suppress(BlockingIOError):
            while most > 0:
                chunk = os.read(output.fileno(), most)
                self._deliver(chunk)
                most -= len(chunk)
                if not chunk:
                    self._is_read = True
                    return

    def _deliver(self, chunk: bytes) -> None:
        try:
            self._on_output(chunk)
        except Exception:
            # The process would block for ever if nobody read on.
            _logger.exception("output of the process %s is lost", self.group)


class Processes:
    """Starts processes and kills all that are left, at the latest when this Python process ends.

    Attributes:
        homes: a folder for the HOMEs of processes. What has its HOME in there is found in the end even where it was
            started an instant before this Python process was killed, or has left its process group (on Linux).
    """

    def __init__(self) -> None:
        self.homes = Path(tempfile.mkdtemp(prefix="longhaul-"))
        self._lock = threading.Lock()
        self._running: dict[int, Process] = {}
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._closed = False

    def start(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        on_output: Callable[[bytes], None],
        home: Path | None = None,
    ) -> Process:
        """Run `command` in `folder` with exactly this environment; the executable is looked for on its PATH.

        Args:
            command: the executable and its arguments.
            folder: the working directory.
            environment: all environment variables.
            on_output: called by one thread at a time with what the process writes to its standard output and error, in
                order, and with b"" at the end.
            home: a folder of `homes` that is this process's alone: what has its HOME in there ends with it, whatever
                group it is in (on Linux).

        Raises:
            OSError: it cannot be started, or the sandbox is stopping.
        """
        with self._lock:
            if self._closed:
                raise OSError("the sandbox is stopping")
            self._have_watchdog()
            popen = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._tell_watchdog(f"+{popen.pid}\n")
            process = Process(popen, on_output, home)
            self._running[popen.pid] = process
            return process

    def wait(self, process: Process) -> int:
        """`Process.wait`, after which the process is no longer watched."""
        code = process.wait()
        with self._lock:
            self._running.pop(process.group, None)
            if not self._closed:
                self._tell_watchdog(f"-{process.group}\n")
        return code

    def kill_all(self) -> None:
        """Kill every process and start no more."""
        with self._lock:
            self._closed = True
            running, watchdog = list(self._running.values()), self._watchdog
        for process in running:
            process.kill()
        if watchdog is not None:
            _pipe(watchdog).close()
            watchdog.wait()
        remove(str(self.homes))

    def _have_watchdog(self) -> None:
        if self._watchdog is not None and self._watchdog.poll() is None:
            return
        if self._watchdog is not None:
            # Somebody killed it: the next one learns of all that runs.
            _pipe(self._watchdog).close()
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WATCHDOG), str(self.homes)],
            stdin=subprocess.PIPE,
            bufsize=0,
            env={},
            start_new_session=True,
        )
        self._tell_watchdog("".join(f"+{each}\n" for each in self._running))

    def _tell_watchdog(self, lines: str) -> None:
        assert self._watchdog is not None
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._watchdog).write(lines.encode())


def _pipe(watchdog: subprocess.Popen[bytes]) -> IO[bytes]:
    assert watchdog.stdin is not None
    return watchdog.stdin
