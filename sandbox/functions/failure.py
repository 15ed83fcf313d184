"""How an invocation fails for which the function's own code has given no reason, in Lambda's words."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

TIMED_OUT = "Sandbox.Timedout"


class RefusedError(Exception):
    """An invocation that Lambda does not begin.

    Attributes:
        code: the error of the API.
        status: its HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class Failure:
    """An invocation that was begun and failed.

    Attributes:
        error_type: Lambda's name for it.
        message: what it says.
        report: what the runtime has said itself, instead.
    """

    error_type: str
    message: str
    report: bytes | None = None

    def payload(self, request_id: str) -> bytes:
        """What whoever invoked the function is told."""
        if self.report is not None:
            return self.report
        report = {"errorType": self.error_type, "errorMessage": f"RequestId: {request_id} Error: {self.message}"}
        return json.dumps(report).encode()


def timed_out(seconds: int) -> Failure:
    """The function's time is up. https://repost.aws/knowledge-center/lambda-verify-invocation-timeouts"""
    return Failure(TIMED_OUT, f"Task timed out after {seconds}.00 seconds")


def out_of_memory() -> Failure:
    """The environment has used up its memory, and the kernel has ended its runtime.

    The type is the one that Lambda's logs show: https://github.com/nasa-gcn/gcn.nasa.gov/pull/3628. That the payload
    has the same is unverified.
    """
    return Failure("Runtime.OutOfMemory", f"Runtime exited with error: signal: {_name(signal.SIGKILL)}")


def exited(code: int, signal_number: int | None) -> Failure:
    """The runtime has ended without an answer, with an exit code or by a signal."""
    if signal_number is not None:
        return Failure("Runtime.ExitError", f"Runtime exited with error: signal: {_name(signal_number)}")
    if code:
        return Failure("Runtime.ExitError", f"Runtime exited with error: exit status {code}")
    return Failure("Runtime.ExitError", "Runtime exited without providing a reason")


def not_started(program: str, reason: str) -> Failure:
    """The image's entry point cannot be run."""
    return Failure("Runtime.InvalidEntrypoint", f"fork/exec {program}: {reason}")


def too_large(size: int, most: int) -> Failure:
    """The response has more bytes than Lambda takes."""
    return Failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({most} bytes).",
    )


def _name(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()
