"""One process that speaks the Runtime API: from its start to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sandbox.clock import Clock
from sandbox.functions import failure
from sandbox.functions.failure import Failure
from sandbox.functions.runtime_api import RuntimeApi
from sandbox.processes import Process, Processes
from sandbox.task_start import Launch

Found = TypeVar("Found")


class Runtime:
    """The runtime of an execution environment, which stands still while it has no event.

    Args:
        processes: starts it.
        clock: whose time its limits are in.
        launch: what to start.
        home: a folder of the environment's own, with the HOME of its processes in it.
        on_output: told of what they write.

    Attributes:
        api: its side of the Runtime API.
        failure: why it is no more, or never was; None as long as it is.
    """

    def __init__(
        self, processes: Processes, clock: Clock, launch: Launch, home: Path, on_output: Callable[[bytes], None]
    ) -> None:
        self._processes = processes
        self._clock = clock
        self._started = threading.Event()
        self._process: Process | None = None
        self.failure: Failure | None = None
        self._killed_for: Failure | None = None
        self._peak_mib = 0
        self.api = RuntimeApi(self._freeze, self._thaw)
        environment: Mapping[str, str] = {**launch.environment, "AWS_LAMBDA_RUNTIME_API": self.api.address}
        try:
            # What a bootstrap runs may have left its group.
            self._process = processes.start(launch.command, launch.folder, environment, on_output, home)
        except OSError as error:
            self._end(failure.not_started(launch.command[0], (error.strerror or str(error)).lower()))
            return
        finally:
            self._started.set()
        threading.Thread(target=self._watch, args=(self._process,), daemon=True, name="sandbox-runtime").start()

    def wait(self, until: float | None, found: Callable[[], Found | None]) -> Found | None:
        """What `found` gives once it is true; None when the time is up (epoch seconds) or the runtime is gone.

        Whoever waits sees to it that the clock does not jump.
        """
        while True:
            self.api.changed.clear()
            if value := found():
                return value
            if self.failure is not None or (until is not None and self._clock.now() >= until):
                return None
            self._clock.wait(until, self.api.changed)

    def end(self) -> None:
        """Return when it is no more, of which something has been the cause."""
        self.wait(None, lambda: self.failure)

    def deliver_written(self) -> None:
        """See Process."""
        if self._process is not None:
            self._process.deliver_written()

    def kill(self, why: Failure) -> bool:
        """End it and all that it has started; False if it is no more."""
        if self.failure is not None or self._killed_for is not None or self._process is None:
            return False
        self._killed_for = why
        self._peak_mib = self.peak_memory_mib()
        self._process.kill()
        return True

    def peak_memory_mib(self) -> int:
        """The most memory that the first process has used; 0 where there is no /proc, or it has ended by itself."""
        if self._process is None:
            return 0
        try:
            lines = Path(f"/proc/{self._process.group}/status").read_text().splitlines()
        except OSError:
            return self._peak_mib
        kib = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
        return max(self._peak_mib, -(-kib // 1024))

    def _watch(self, process: Process) -> None:
        code = self._processes.wait(process)
        self._end(self._killed_for or failure.exited(code, process.signal))

    def _end(self, why: Failure) -> None:
        self.failure = why
        self.api.close()
        self.api.changed.set()

    def _freeze(self) -> None:
        self._started.wait()
        if self._process is not None:
            self._process.freeze()

    def _thaw(self) -> None:
        if self._process is not None:
            self._process.thaw()
