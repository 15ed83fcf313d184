"""states:startExecution, alone and with .sync and .sync:2.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

import logging
from typing import TYPE_CHECKING, Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import Api, Failure, optimised_error, parsed
from sandbox.step_functions.integrations.events import TaskEvents
from sandbox.step_functions.integrations.metadata import sdk_metadata
from sandbox.step_functions.integrations.shapes import millisecond_time
from sandbox.step_functions.json_text import to_text

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall

_log = logging.getLogger(__name__)

_fault = optimised_error("StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions")
_START = Api(service="stepfunctions", operation="StartExecution", fault=_fault, time_of=millisecond_time)
_DESCRIBE = Api(service="stepfunctions", operation="DescribeExecution", fault=_fault, time_of=millisecond_time)


def denied(sentence: str) -> StateError:
    """The error of a role that lacks a right; `sentence` is what AWS says of it."""
    return _fault(_START, Failure("AccessDeniedException", sentence, 400))


class StartExecution:
    """Starts an execution; `pattern` is empty, `sync` (payloads as text) or `sync:2` (payloads as JSON)."""

    name = "states"

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.waits_for_job = bool(pattern)

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        resource = f"startExecution.{self._pattern}" if self._pattern else "startExecution"
        return TaskEvents(chain, region, "states", resource)

    def run(self, call: "TaskCall") -> Any:
        """StartExecution's answer, or the ended execution."""
        client = call.client("stepfunctions")
        answer = _START.call_raw(client, _START.request(call.parameters))
        started = {**_START.result(answer), **sdk_metadata(answer["ResponseMetadata"])}
        return self._wait(call, client, started) if self.waits_for_job else started

    def _wait(self, call: "TaskCall", client: Any, started: dict[str, Any]) -> Any:
        child = started["ExecutionArn"]
        try:
            call.submitted(started)
            ended = call.execution.services.execution_ended(child)
            reported = call.wait_for_job(ended)
        except BaseException:
            _stop(client, child, call.execution.arn)
            raise
        if not ended.is_set():
            return reported
        # As AWS, which asks until it is told of the end; times are told in milliseconds.
        lag_seconds = call.execution.services.stale_reads.seconds
        if lag_seconds:
            call.flow.sleep_until(call.execution.clock.now() + lag_seconds + 0.001)
        described = _DESCRIBE.call(client, {"ExecutionArn": child})
        if self._pattern == "sync:2":
            for payload in ("Input", "Output"):
                if payload in described:
                    described[payload] = parsed(described[payload])
        if described["Status"] != "SUCCEEDED":
            raise StateError("States.TaskFailed", to_text(described))
        return described


def _stop(client: Any, child: str, execution_arn: str) -> None:
    """Stop an execution that nobody waits for any more. AWS tries once: without the permission it runs on."""
    cause = (
        f"The Task state in AWS Step Functions execution [{execution_arn}] which was managing this resource was aborted"
    )
    try:
        client.stop_execution(executionArn=child, cause=cause)
    except Exception as problem:
        _log.info("the execution %s was not stopped: %s", child, problem)
