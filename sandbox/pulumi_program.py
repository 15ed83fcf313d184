"""Runs a Pulumi program in this process, on a monitor of ours instead of Pulumi's engine."""

import asyncio
import contextlib
import contextvars
import gc
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.stack import run_in_stack

from sandbox.errors import SandboxError
from sandbox.pulumi_monitor import Monitor, one_line
from sandbox.stack_file import StackFile

PROGRAM = "__main__.py"
ORGANIZATION = "organization"
# More gain nothing: the local server is one process with this one, and with one the order is always the same.
WORKERS = 1
SECONDS_TO_LET_GO = 1

# The program sees this process's environment, working directory and module path.
_one_at_a_time = threading.Lock()


def run_program(root: Path, stack: str, stack_file: StackFile, monitor: Monitor, timeout_seconds: float) -> None:
    """Run `__main__.py` in `root`, unmodified, to the end of all it registered with `monitor`.

    Nothing of it stays: not in the SDK's global state, the environment or the module path. Raises SandboxError, one
    line a problem, for what goes wrong in the program itself or when it has not ended in time.
    """
    with _one_at_a_time, _surroundings(root):
        # A context of its own: the SDK keeps its settings, configuration and root resource in context variables.
        contextvars.Context().run(_run, root, stack, stack_file, monitor, timeout_seconds)


@contextlib.contextmanager
def _surroundings(root: Path) -> Iterator[None]:
    """What Pulumi gives a program: its folder as the working directory and first on the module path.

    All of it, and what a program may set for its process, is as before at the end.
    """
    environment, path, thresholds, debug = dict(os.environ), list(sys.path), gc.get_threshold(), pulumi.log.debug
    # A person's own Pulumi is none of this program's business; some of its variables would even set configuration.
    for name in environment:
        if name.startswith("PULUMI_"):
            del os.environ[name]
    # Turns the text of an Output into an error: without it the SDK's warning ends up in names and documents.
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    sys.path.insert(0, str(root))
    try:
        with contextlib.chdir(root):
            yield
    finally:
        gc.set_threshold(*thresholds)
        pulumi.log.debug = debug
        sys.path[:] = path
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


def _run(root: Path, stack: str, stack_file: StackFile, monitor: Monitor, timeout_seconds: float) -> None:
    set_all_config(stack_file.configuration, secret_keys=[])
    settings.configure(
        settings.Settings(
            project=stack_file.project,
            stack=stack,
            monitor=monitor,
            engine=_Engine(monitor),
            dry_run=False,
            organization=ORGANIZATION,
            root_directory=str(root),
        )
    )
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(WORKERS))
    # After a failure the SDK leaves futures behind whose exceptions nobody asks for; the failure itself is reported.
    loop.set_exception_handler(lambda *_: None)
    interrupted = threading.Event()
    try:
        loop.run_until_complete(_within(timeout_seconds, run_in_stack(lambda: _program(root, interrupted))))
    except pulumi.RunError as error:
        raise SandboxError(str(error)) from error
    except SandboxError:
        raise
    except Exception as error:
        raise SandboxError(f"{_place(error, root)}{type(error).__name__}: {one_line(error)}") from error
    finally:
        _wind_up(loop)
        if interrupted.is_set():
            # The SDK waits for what is under way first, and what fails there would take the place of Ctrl-C.
            raise KeyboardInterrupt


async def _within(timeout_seconds: float, running: Coroutine[Any, Any, None]) -> None:
    # Not asyncio.wait_for: the SDK takes a cancellation for one more thing to wait after.
    task = asyncio.ensure_future(running)
    await asyncio.wait([task], timeout=timeout_seconds)
    if not task.done():
        raise SandboxError(f"{PROGRAM} did not end within {timeout_seconds:g} seconds; does an output wait for itself?")
    task.result()


def _program(root: Path, interrupted: threading.Event) -> None:
    try:
        runpy.run_path(str(root / PROGRAM), run_name="__main__")
    except KeyboardInterrupt:
        interrupted.set()
        raise
    except SystemExit as stop:
        if stop.code:
            said = stop.code if isinstance(stop.code, str) else f"{PROGRAM} stopped with exit code {stop.code}"
            raise SandboxError(said) from stop


def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Let go of whatever still waits for a result that will not come, and close the loop."""

    async def cancel_all() -> None:
        waiting = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting, timeout=SECONDS_TO_LET_GO)
        await loop.shutdown_default_executor()

    loop.run_until_complete(cancel_all())
    loop.close()


def _place(error: BaseException, root: Path) -> str:
    """Where in the project an exception was raised: `components/network.py:12: `, or nothing."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(root) and ".venv" not in path.parts:
            return f"{path.relative_to(root)}:{frame.lineno}: "
    return ""


class _Engine(mocks.MockEngine):
    """Takes what the program logs; an error it logs makes the deployment fail, as it does in Pulumi."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(None)
        self._monitor = monitor

    def Log(self, request: Any) -> None:  # noqa: N802
        """Keep errors; warnings and the rest go to Python's log."""
        if request.severity == engine_pb2.ERROR:
            self._monitor.errors.append(request.message)
        else:
            super().Log(request)
