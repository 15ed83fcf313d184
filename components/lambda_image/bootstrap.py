"""Runs a job's program as a Lambda function: its Runtime API on one side, a process and its exit code on the other.

    python3 bootstrap.py PROGRAM [ARGUMENT ...]

It is put into the job's own image, so it needs nothing but Python's standard library, 3.9 or later, and of a job with
secrets the file beside it.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

An event is `{"environment": {"NAME": "text", ...}, "command": ["PROGRAM", "ARGUMENT", ...]}`; either may be left out,
and a command takes the place of the arguments above. A program that exits with 0 is a response, `{"exitCode": 0,
"startedAt": ..., "stoppedAt": ..., "requestId": ..., "logGroup": ..., "logStream": ...}`. Anything else is an error of
the invocation: its type is one of those below, and its message the same facts as JSON text, with a `reason` where there
is one.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXITED_NON_ZERO = "Job.ExitedNonZero"
OUT_OF_MEMORY = "Job.OutOfMemory"
NOT_STARTED = "Job.NotStarted"
"""The program is not there, a secret cannot be read, or the event asks for what cannot be started."""
NEVER_STARTED = "Job.NeverStarted"
"""AWS did not say what a secret is; it may do so later."""

_API = "/2018-06-01/runtime/invocation/"
_RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"
_SECRETS = "LONGHAUL_SECRETS"
_LIKELY_KILLED_FIRST = "1000"
# https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
_PR_SET_CHILD_SUBREAPER = 36


class CannotStartError(Exception):
    """Says why a program was not started; `passes` says whether it may be, later."""

    def __init__(self, reason: str, *, passes: bool = False) -> None:
        super().__init__(reason)
        self.passes = passes


class Bootstrap:
    """Takes one invocation after the other.

    Args:
        runtime_api: host and port of the Runtime API.
        command: what to run, unless an event brings its own.
    """

    def __init__(self, runtime_api: str, command: Sequence[str]) -> None:
        self._runtime_api = runtime_api
        self._command = list(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._is_invoked = False
        self._is_ending = False

    def run(self) -> None:
        """Take invocations until Lambda ends the environment."""
        signal.signal(signal.SIGTERM, self._end)
        _adopt_orphans()
        while not self._is_ending:
            request_id, trace, event = self._next()
            self._is_invoked = True
            error_type, facts = self._invoke(request_id, trace, event)
            if error_type is None:
                self._post(f"{request_id}/response", facts)
            else:
                error = {"errorType": error_type, "errorMessage": json.dumps(facts), "stackTrace": []}
                self._post(f"{request_id}/error", error, {"Lambda-Runtime-Function-Error-Type": error_type})
            self._is_invoked = False

    def _end(self, signal_number: int, frame: object) -> None:  # noqa: ARG002
        self._is_ending = True
        if not self._is_invoked:
            sys.exit(0)
        if self._child is not None:
            _send(self._child.pid, signal_number)

    def _next(self) -> tuple[str, str, bytes]:
        # Without a timeout: the environment is frozen until there is something to do.
        connection = http.client.HTTPConnection(self._runtime_api)
        connection.request("GET", f"{_API}next")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"the Runtime API answered {answer.status} when asked for an invocation")
        return answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.headers.get("Lambda-Runtime-Trace-Id", ""), body

    def _post(self, path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        connection = http.client.HTTPConnection(self._runtime_api)
        body = json.dumps(document).encode()
        connection.request("POST", f"{_API}{path}", body, {"Content-Type": "application/json", **(headers or {})})
        status = connection.getresponse().status
        connection.close()
        if status != 202:
            raise RuntimeError(f"the Runtime API answered {status} to what an invocation came to")

    def _invoke(self, request_id: str, trace: str, event: bytes) -> tuple[str | None, dict[str, Any]]:
        """The type of the error, None for a success, and the facts."""
        facts: dict[str, Any] = {"requestId": request_id}
        for key, variable in (("logGroup", "AWS_LAMBDA_LOG_GROUP_NAME"), ("logStream", "AWS_LAMBDA_LOG_STREAM_NAME")):
            if variable in os.environ:
                facts[key] = os.environ[variable]
        # Environments are used again: the next run shall not find what this one has left.
        try:
            scratch = tempfile.mkdtemp(prefix="run-")
        except OSError as error:
            return NOT_STARTED, {**facts, "reason": f"cannot make its temporary folder: {error}"}
        try:
            command, environment = self._read(event)
            environment["TMPDIR"] = scratch
            # That of Lambda's own user cannot be written to.
            if not os.access(environment.get("HOME", ""), os.W_OK):
                environment["HOME"] = scratch
            if trace:
                environment["_X_AMZN_TRACE_ID"] = trace
            killed_before = _killed_for_memory()
            facts["startedAt"] = _now()
            exit_code = self._exit_code(command, environment)
            facts["stoppedAt"] = _now()
            facts["exitCode"] = exit_code
        except CannotStartError as error:
            return (NEVER_STARTED if error.passes else NOT_STARTED), {**facts, "reason": str(error)}
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if exit_code == 128 + signal.SIGKILL and _killed_for_memory() > killed_before:
            return OUT_OF_MEMORY, {**facts, "reason": "OutOfMemoryError: the program was killed for want of memory"}
        return (EXITED_NON_ZERO if exit_code else None), facts

    def _read(self, event: bytes) -> tuple[list[str], dict[str, str]]:
        """The command that an event asks for, and its environment."""
        try:
            asked = json.loads(event)
        except ValueError:
            raise CannotStartError("the event is not JSON") from None
        if not isinstance(asked, dict):
            raise CannotStartError("the event is not an object")
        command = asked.get("command", self._command)
        if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
            raise CannotStartError("its command is not a list of texts, the program first")
        variables = asked.get("environment", {})
        if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
            raise CannotStartError("its environment is not names with texts")
        # It is no runtime: with the first of these it could take the next run's invocation.
        own = {name: value for name, value in os.environ.items() if name not in (_RUNTIME_API, _SECRETS)}
        return command, {**own, **_secrets(), **variables}

    def _exit_code(self, command: list[str], environment: dict[str, str]) -> int:
        """Run the command to its end; that of a program which a signal ended is 128 and its number, as in a shell."""
        try:
            child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        except (OSError, ValueError) as error:
            raise CannotStartError(f"cannot start {command[0]}: {error}") from None
        self._child = child
        # The signal may have come before there was somebody to pass it on to.
        if self._is_ending:
            _send(child.pid, signal.SIGTERM)
        _let_be_killed_first(child.pid)
        code = child.returncode = _wait_for(child.pid)
        self._child = None
        # A container ends with its first process. Here the others would go on beside the next run.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        _end_orphans()
        return code


def _secrets() -> dict[str, str]:
    """The job's secrets as they are now, by their variables."""
    references = os.environ.get(_SECRETS)
    if references is None:
        return {}
    # What it needs for HTTPS takes long to load, and most jobs have no secrets.
    import secret_values

    try:
        return secret_values.read(references, os.environ)
    except secret_values.UnreadableError as error:
        raise CannotStartError(str(error), passes=error.passes) from None


def _adopt_orphans() -> None:
    """Have what a program leaves behind become a child of this process, in whatever group or session it is."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        # Not every image's Python has it.
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for(process_id: int) -> int:
    """The exit code of a child, as a shell has it. Orphans that end before it do not stay as zombies."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == process_id:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _end_orphans() -> None:
    """Kill all children, and theirs, and return when they are gone."""
    children = _children()
    while children:
        for process_id in children:
            _send(process_id, signal.SIGKILL)
        for process_id in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process_id, 0)
        children = _children()


def _children() -> list[int]:
    """The children of this process; none where the kernel does not tell."""
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _parent(each) == os.getpid()]


def _parent(process: Path) -> int | None:
    try:
        # The name before it is in brackets, and may have any characters.
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _send(process_id: int, signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, signal_number)


def _let_be_killed_first(process_id: int) -> None:
    """Have the kernel choose the program, when there is no memory left, and not what is to tell of it."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{process_id}/oom_score_adj").write_text(_LIKELY_KILLED_FIRST)


def _killed_for_memory() -> int:
    """How many processes the kernel has killed for want of memory; 0 where it does not tell."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _now() -> str:
    text = datetime.now(timezone.utc).isoformat(timespec="milliseconds")  # noqa: UP017
    return text.replace("+00:00", "Z")


if __name__ == "__main__":
    # Where an image has PYTHONSAFEPATH, nothing is looked for beside this file.
    sys.path.insert(0, str(Path(__file__).parent))
    Bootstrap(os.environ[_RUNTIME_API], sys.argv[1:]).run()
