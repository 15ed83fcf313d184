"""Repairs of MiniStack 1.5.33 where the results of an execution show its faults, each one small named function."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, s3, stepfunctions

from sandbox.errors import SandboxError
from sandbox.step_functions.integrations.calls import parsed

# What the worker process does with a handler's result and with its exceptions, as shipped.
_RESULT = '_real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")'
_EXCEPTION = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")'
)
_REPAIRED_RESULT = """if isinstance(result, bytes):
                result = json.loads(result)
            try:
                _answer = json.dumps({"status": "ok", "result": result})
            except TypeError as _unfit:
                _answer = json.dumps({"status": "error", "error": json.dumps({
                    "errorMessage": "Unable to marshal response: " + str(_unfit),
                    "errorType": "Runtime.MarshalError",
                    "requestId": context.aws_request_id,
                    "stackTrace": [],
                })})
            _real_stdout.write(_answer + "\\n")"""
_REPAIRED_EXCEPTION = """_frames = traceback.extract_tb(e.__traceback__)[1:]
            for _frame in _frames:
                _frame.filename = _frame.filename.replace(code_dir, "/var/task")
            _real_stdout.write(json.dumps({"status": "error", "error": json.dumps({
                "errorMessage": str(e),
                "errorType": type(e).__name__,
                "requestId": context.aws_request_id,
                "stackTrace": traceback.format_list(_frames),
            }), "trace": traceback.format_exc()}) + "\\n")"""

_shipped_worker = lambda_runtime._PYTHON_WORKER_SCRIPT
_collect = lambda_runtime._collect
_execute_warm = lambda_svc._execute_function_warm
_build_object_record = s3._build_object_record


def functions_report_their_exceptions() -> None:
    """As shipped, every exception of a Python function is a Runtime.HandlerError without a stack trace.

    A function whose process ends or whose time is up is told of in other words than Lambda's, too.

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    script = _shipped_worker
    for shipped, repaired in ((_RESULT, _REPAIRED_RESULT), (_EXCEPTION, _REPAIRED_EXCEPTION)):
        if script.count(shipped) != 1:
            raise SandboxError("the repair of Lambda's errors does not fit this version of MiniStack")
        script = script.replace(shipped, repaired)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script

    def execute(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result = _execute_warm(function, event, request_id)
        if result.get("error") and isinstance(result["body"], dict):
            result["body"] = _report(result["body"], request_id)
        return result

    lambda_svc._execute_function_warm = execute


def _report(body: dict[str, Any], request_id: str) -> dict[str, Any]:
    """What Lambda says of a failed call: the function's own report, or how its process ended."""
    message = body.get("errorMessage", "")
    report = parsed(message)
    if isinstance(report, dict) and "errorType" in report:
        return report
    if message == "Worker process died":
        kind, message = "Runtime.ExitError", "Runtime exited without providing a reason"
    elif body.get("errorType") == "Sandbox.Timedout":
        kind = "Sandbox.Timedout"
    else:
        return body
    return {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}


def ended_workers_close_their_pipes() -> None:
    """As shipped, the pipes to a worker process that has ended are left to the garbage collector, which complains."""

    def close(pipes: tuple[Any, ...]) -> None:
        for pipe in pipes:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    def collect(process: Any, deadline: float) -> None:
        _collect(process, deadline)
        if process is not None:
            # On a thread, because a process that the function left behind may still hold the other end.
            pipes = (process.stdin, process.stdout, process.stderr)
            threading.Thread(target=close, args=(pipes,), daemon=True).start()

    lambda_runtime._collect = collect


def objects_without_a_type_are_binary() -> None:
    """As shipped, an object that was put without a Content-Type is application/octet-stream.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html, Content-Type
    """

    def build(body: bytes, headers: dict[str, str], *arguments: Any, **options: Any) -> dict[str, Any]:
        return _build_object_record(body, {"content-type": "binary/octet-stream", **headers}, *arguments, **options)

    s3._build_object_record = build


def comments_are_no_expressions() -> None:
    """As shipped, any text between `{%` and `%}` must be JSONata, a Comment too; ours has looked at those that must."""
    stepfunctions._validate_definition_jsonata = lambda _definition: None


ALL: tuple[Callable[[], None], ...] = (
    functions_report_their_exceptions,
    ended_workers_close_their_pipes,
    objects_without_a_type_are_binary,
    comments_are_no_expressions,
)
