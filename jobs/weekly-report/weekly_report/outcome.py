"""How a run ends: exit codes, the JSON log, SIGTERM, and which exit code an error of AWS means."""

import enum
import json
import signal
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType


class Exit(enum.IntEnum):
    """Exit codes, after sysexits.h where it has one."""

    OK = 0
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    BUG = 70
    TEMPORARY = 75
    DENIED = 77
    TERMINATED = 143


class JobError(Exception):
    """Ends the run with an exit code and one sentence that says why."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Terminated(BaseException):
    """SIGTERM arrived. Not an Exception, so that no library's `except Exception` swallows it."""


def log(level: str, message: str, **fields: object) -> None:
    """Prints one JSON object on one line of stdout."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(json.dumps({"time": time, "level": level, "message": message, **fields}), flush=True)


def raise_on_sigterm() -> None:
    """Turns SIGTERM into `Terminated`. Called first of all: the kernel drops the signal for a PID 1 with no handler."""

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


def run(job: Callable[[], None], *, after_sigterm: str) -> Exit:
    """Runs the job; every way it can end becomes an exit code and, if it failed, a last line of the log.

    `after_sigterm` says in words what a run ended by SIGTERM leaves behind.
    """
    try:
        job()
    except Terminated:
        log("error", f"ended by SIGTERM: {after_sigterm}", exitCode=Exit.TERMINATED)
        return Exit.TERMINATED
    except Exception as error:
        exit_code = error.exit_code if isinstance(error, JobError) else exit_code_of_aws_error(error)
        details = {"traceback": traceback.format_exc()} if exit_code is Exit.BUG else {}
        log("error", str(error) or type(error).__name__, exitCode=exit_code, **details)
        return exit_code
    return Exit.OK


def exit_code_of_aws_error(error: Exception) -> Exit:
    """What is worth trying again and what is not; anything that is not AWS's is a bug of the job."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("ExpiredToken", "RequestExpired", "RequestTimeTooSkewed"):
            return Exit.TEMPORARY
        if status in (401, 403):
            return Exit.DENIED
        if status >= 500 or status == 429 or "Throttl" in code:
            return Exit.UNAVAILABLE
        return Exit.USAGE if code in ("NoSuchBucket", "InvalidBucketName", "PermanentRedirect") else Exit.BUG
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return Exit.DENIED
    if isinstance(error, exceptions.ParamValidationError | exceptions.NoRegionError):
        return Exit.USAGE
    return Exit.UNAVAILABLE if isinstance(error, exceptions.BotoCoreError) else Exit.BUG
