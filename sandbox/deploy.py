"""Deploys a stack: runs the unmodified Pulumi program, with no Pulumi command, and creates what it declares."""

import asyncio
import contextlib
import contextvars
import gc
import os
import runpy
import secrets
import sys
import threading
import traceback
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.stack import run_in_stack

from sandbox.engine_monitor import EngineMonitor, Resource, one_line
from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, is_gone
from sandbox.resources.limits import enforce_limits
from sandbox.resources.registry import handler_for
from sandbox.stack_file import StackFile, read_stack_file

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

PROGRAM = "__main__.py"
ORGANIZATION = "organization"
# More gain nothing: the local server is one process with this one, and with one the order is always the same.
WORKERS = 1
SECONDS_TO_LET_GO = 1
# Of the AWS provider's own settings, those that hold here; profiles and accounts name credentials that are not used.
# https://www.pulumi.com/registry/packages/aws/installation-configuration/
PROVIDER_SETTINGS = frozenset({"aws:region", "aws:profile", "aws:allowedAccountIds", "aws:forbiddenAccountIds"})

# The program sees this process's environment, working directory and module path.
_one_at_a_time = threading.Lock()


@dataclass
class Deployment:
    """A stack that is there.

    outputs: the stack's exports.
    resources: what was created, each after all it depends on.
    """

    stack: str
    outputs: dict[str, Any] = field(repr=False)
    resources: list[Resource]
    aws: Aws = field(repr=False)

    def destroy(self) -> None:
        """Delete the resources, dependents first, as far as AWS lets; those that are kept by design stay.

        Raises SandboxError, one line a resource, for those that could not be deleted and, before anything is deleted,
        for those that are protected.
        """
        protected = [f"{made.token} {made.name!r} is protected" for made in self.resources if made.protect]
        if protected:
            raise SandboxError("\n".join(protected))
        errors = _delete(self.aws, self.resources)
        if errors:
            raise SandboxError("\n".join(errors))


def deploy(root: Path, stack: str, local_aws: "LocalAws", *, timeout_seconds: float = 300) -> Deployment:
    """Run `__main__.py` in `root` with the configuration of `stack`, creating its resources in `local_aws`.

    Raises SandboxError, one line a problem: with the stack's files (nothing is created), with the program, and with
    each resource that could not be created. What was created until then is deleted again, because nobody would be left
    who knows of it.
    """
    root = root.resolve()
    stack_file = read_stack_file(root, stack)
    _check_provider_settings(stack_file, stack, local_aws.region)
    if not (root / PROGRAM).is_file():
        raise SandboxError(f"there is no program: {root / PROGRAM}")
    aws = Aws(
        client=lambda service: enforce_limits(local_aws.client(service)),
        region=local_aws.region,
        account=local_aws.account,
        images=local_aws.images,
        root=root,
    )
    monitor = EngineMonitor(aws, stack_file.project, stack, secrets.token_bytes(16))
    try:
        with _one_at_a_time, _surroundings_of_the_program(root):
            # A context of its own: the SDK keeps its settings, configuration and root resource in context variables.
            contextvars.Context().run(_run_program, monitor, stack_file, stack, root, timeout_seconds)
    except SandboxError as error:
        monitor.errors.extend(str(error).splitlines())
    except BaseException:
        _delete(aws, monitor.created)
        raise
    if monitor.errors:
        _delete(aws, monitor.created)
        raise SandboxError("\n".join(monitor.errors))
    return Deployment(stack, monitor.outputs, monitor.created, aws)


def _check_provider_settings(stack_file: StackFile, stack: str, region: str) -> None:
    for key, value in stack_file.configuration.items():
        if key.startswith("aws:") and key not in PROVIDER_SETTINGS:
            raise SandboxError(f"Pulumi.{stack}.yaml {key}: the sandbox does not know this setting of the provider")
        if key == "aws:region" and value != region:
            raise SandboxError(f"Pulumi.{stack}.yaml aws:region: {value}, but this AWS was started in {region}")


@contextlib.contextmanager
def _surroundings_of_the_program(root: Path) -> Iterator[None]:
    """What Pulumi gives a program: its folder as the working directory and first on the module path.

    All of it, and what a program may set for its process, is as before at the end.
    """
    environment, path, thresholds = dict(os.environ), list(sys.path), gc.get_threshold()
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
        sys.path[:] = path
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


def _run_program(monitor: EngineMonitor, stack_file: StackFile, stack: str, root: Path, timeout_seconds: float) -> None:
    """Run the program to the end of all it registered. Raises SandboxError for what goes wrong in it."""
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
    try:
        loop.run_until_complete(_within(timeout_seconds, run_in_stack(lambda: _program(root))))
    except pulumi.RunError as error:
        raise SandboxError(str(error)) from error
    except SandboxError:
        raise
    except Exception as error:
        raise SandboxError(f"{_place(error, root)}{type(error).__name__}: {one_line(error)}") from error
    finally:
        _wind_up(loop)


async def _within(timeout_seconds: float, running: Coroutine[Any, Any, None]) -> None:
    # Not asyncio.wait_for: the SDK takes a cancellation for one more thing to wait after.
    task = asyncio.ensure_future(running)
    await asyncio.wait([task], timeout=timeout_seconds)
    if not task.done():
        raise SandboxError(f"{PROGRAM} did not end within {timeout_seconds:g} seconds; does an output wait for itself?")
    task.result()


def _program(root: Path) -> None:
    try:
        runpy.run_path(str(root / PROGRAM), run_name="__main__")
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

    def __init__(self, monitor: EngineMonitor) -> None:
        super().__init__(None)
        self._monitor = monitor

    def Log(self, request: Any) -> None:  # noqa: N802
        """Keep errors; warnings and the rest go to Python's log."""
        if request.severity == engine_pb2.ERROR:
            self._monitor.errors.append(request.message)
        else:
            super().Log(request)


def _delete(aws: Aws, resources: list[Resource]) -> list[str]:
    """Delete what can be deleted, the last first, and take it off the list; one line for each that could not be."""
    errors = []
    for made in reversed(resources[:]):
        try:
            if not made.retain_on_delete:
                handler_for(made.token).delete(aws, Created(made.id, made.outputs))
        except (SandboxError, ClientError, BotoCoreError) as error:
            if not is_gone(error):
                errors.append(f"{made.token} {made.name!r}: {one_line(error)}")
                continue
        resources.remove(made)
    return errors
