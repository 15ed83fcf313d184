"""The execution environments of all functions: made when there is no idle one, gone after a while without an event."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.functions import failure
from sandbox.functions.function import Function
from sandbox.functions.launch import Launcher
from sandbox.functions.log import EnvironmentLog
from sandbox.functions.runtime import Runtime
from sandbox.processes import Processes

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# AWS names no time. Long enough for what is tried again to find what the attempt before has left.
_IDLE_SECONDS = 600


class Environment:
    """An execution environment: a folder, a log stream, and a runtime once it is started.

    Attributes:
        revision: what it was made for; see Function.
        idle_since: when it had its last event, in epoch seconds.
        log: where it writes.
        runtime: what runs in it.
        listeners: told of what it writes, too.
    """

    def __init__(self, aws: LocalAws, processes: Processes, launcher: Launcher, function: Function) -> None:
        self._aws = aws
        self._processes = processes
        self.revision = function.revision
        self.idle_since = 0.0
        self.listeners: Sequence[Callable[[bytes], None]] = ()
        self._scratch = Path(tempfile.mkdtemp(prefix="function-", dir=processes.homes))
        try:
            self.log = EnvironmentLog(aws, function)
            self._launch = launcher.launch(function, self.log.stream, self._scratch)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        self.runtime: Runtime | None = None

    def start(self) -> Runtime:
        """Start its runtime, or another one in the place of one that is no more."""
        self.runtime = Runtime(self._processes, self._aws.clock, self._launch, self._scratch, self._hear)
        return self.runtime

    @property
    def is_idle(self) -> bool:
        """Whether it waits for an event."""
        runtime = self.runtime
        return runtime is not None and runtime.failure is None and runtime.api.is_waiting

    def end(self) -> None:
        """End what runs in it, and remove what it has written."""
        if self.runtime is not None:
            self.runtime.kill(failure.exited(0, None))
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _hear(self, chunk: bytes) -> None:
        self.log.write(chunk)
        for listener in self.listeners:
            listener(chunk)


class Environments:
    """The environments of one sandbox."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._processes = Processes()
        self._launcher = Launcher(aws, self._processes.homes)
        self._lock = threading.Lock()
        self._all: set[Environment] = set()
        self._resting: list[Environment] = []

    def take(self, function: Function) -> Environment | None:
        """An environment of the function's version that is idle, for the caller alone; None if there is none."""
        now = self._aws.clock.now()
        with self._lock:
            stale = [each for each in self._resting if now - each.idle_since > _IDLE_SECONDS or not each.is_idle]
            self._resting = [each for each in self._resting if each not in stale]
            # The one that was used last, as AWS does, so that the others can go.
            found = next((each for each in reversed(self._resting) if each.revision == function.revision), None)
            if found is not None:
                self._resting.remove(found)
        for each in stale:
            self.remove(each)
        return found

    def make(self, function: Function) -> Environment:
        """A new environment, not started; raises RefusedError."""
        environment = Environment(self._aws, self._processes, self._launcher, function)
        with self._lock:
            self._all.add(environment)
        return environment

    def give_back(self, environment: Environment) -> None:
        """Let an environment rest that can be used again."""
        environment.idle_since = self._aws.clock.now()
        with self._lock:
            self._resting.append(environment)

    def remove(self, environment: Environment) -> None:
        """End an environment."""
        with self._lock:
            self._all.discard(environment)
        environment.end()

    def forget(self, function_arn: str, version: str | None) -> None:
        """End the idle environments of a version of a function, or of all; those at work end with their event."""
        with self._lock:
            gone = [
                each
                for each in self._resting
                if each.revision[0] == function_arn and version in (None, each.revision[1])
            ]
            self._resting = [each for each in self._resting if each not in gone]
        for each in gone:
            self.remove(each)

    def close(self) -> None:
        """End all of them, and start no more."""
        self._processes.kill_all()
        with self._lock:
            environments = list(self._all)
        for each in environments:
            each.end()
