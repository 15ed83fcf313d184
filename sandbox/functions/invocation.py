"""One invocation: an environment for it, its event, its time limit, what comes of it, and its lines in the log."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.clock import Wake
from sandbox.functions import failure
from sandbox.functions.environments import Environment
from sandbox.functions.failure import Failure
from sandbox.functions.function import Function
from sandbox.functions.runtime import Runtime
from sandbox.functions.runtime_api import MAX_RESPONSE_BYTES, Answer, Event
from sandbox.task_stop import Stop

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, "Init phase": beyond it, it is tried
# once more, and its time is the invocation's.
_INIT_SECONDS = 10


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to.

    Attributes:
        payload: the function's result, or the report of its error.
        is_error: whether it failed.
        log_tail: the end of what it has written.
    """

    payload: bytes
    is_error: bool
    log_tail: str


def invoke(aws: LocalAws, function: Function, event: Any, request_id: str) -> Outcome:
    """Invoke a version of a function and wait for the end, while which the clock does not jump.

    Raises:
        RefusedError: no environment can be made for it.
    """
    work = aws.clock.working()
    try:
        return _Invocation(aws, function, json.dumps(event).encode(), request_id).run()
    finally:
        work.release()


class _Invocation:
    def __init__(self, aws: LocalAws, function: Function, payload: bytes, request_id: str) -> None:
        self._aws = aws
        self._clock = aws.clock
        self._function = function
        self._payload = payload
        self._request_id = request_id
        self._init_seconds = 0.0

    def run(self) -> Outcome:
        environment = self._aws.functions.take(self._function) or self._aws.functions.make(self._function)
        try:
            if environment.runtime is None:
                self._initialise(environment)
            outcome = self._invoke(environment)
        except BaseException:
            self._aws.functions.remove(environment)
            raise
        if environment.is_idle:
            self._aws.functions.give_back(environment)
        else:
            self._aws.functions.remove(environment)
        return outcome

    def _initialise(self, environment: Environment) -> None:
        """Let the runtime start, before the invocation begins."""
        began = self._clock.now()
        runtime = environment.start()
        failed = self._start_failure(runtime, began + _INIT_SECONDS)
        self._init_seconds = self._clock.now() - began
        if failed is not None:
            runtime.kill(failed)
            runtime.end()
            environment.log.line(_init_report(self._init_seconds, failed))

    def _invoke(self, environment: Environment) -> Outcome:
        log, began = environment.log, self._clock.now()
        until = began + self._function.timeout_seconds
        log.begin_tail()
        log.line(f"START RequestId: {self._request_id} Version: {self._function.version}")
        runtime, failed = environment.runtime, None
        assert runtime is not None
        if runtime.failure is not None:
            runtime = environment.start()
            failed = self._start_failure(runtime, until)
        answer = self._answer(environment, runtime, until) if failed is None else None
        if answer is None or not runtime.wait(until, lambda: runtime.api.is_waiting):
            runtime.kill(failed or failure.timed_out(self._function.timeout_seconds))
            runtime.end()
            failed = failed or runtime.failure
        runtime.deliver_written()
        for line in self._last_lines(self._clock.now() - began, runtime, None if answer else failed):
            log.line(line)
        if answer is not None:
            return self._answered(answer, log.tail())
        assert failed is not None
        return Outcome(failed.payload(self._request_id), is_error=True, log_tail=log.tail())

    def _start_failure(self, runtime: Runtime, until: float) -> Failure | None:
        """Why the runtime does not come to ask for an event; None if it does."""
        api = runtime.api
        runtime.wait(until, lambda: api.is_waiting or api.init_error)
        if api.init_error is not None:
            return Failure(api.init_error.error_type or "Runtime.Unknown", "", api.init_error.body)
        if api.is_waiting:
            return None
        return runtime.failure or failure.timed_out(self._function.timeout_seconds)

    def _answer(self, environment: Environment, runtime: Runtime, until: float) -> Answer | None:
        """Hand the event out and wait for what the runtime says of it; None if its time is up or it is gone."""
        # What a process reads is this machine's clock.
        deadline = time.time() + (until - self._clock.now()) / self._clock.speed
        event = Event(
            request_id=self._request_id,
            function_arn=self._function.invoked_arn,
            deadline=deadline,
            payload=self._payload,
        )
        planned = self._aws.faults.function_stops(self._function.name)
        environment.listeners = [each.hear for each in planned]
        ended = Wake()
        runtime.api.hand_out(event)
        for each in planned:
            each.begin(self._clock, lambda stop: runtime.kill(self._stopped(stop)), ended)
        try:
            return runtime.wait(until, runtime.api.answer)
        finally:
            ended.set()
            environment.listeners = ()

    def _stopped(self, stop: Stop) -> Failure:
        return failure.out_of_memory() if stop.out_of_memory else failure.timed_out(self._function.timeout_seconds)

    def _answered(self, answer: Answer, tail: str) -> Outcome:
        if answer.kind == "too-large":
            told = failure.too_large(len(answer.body), MAX_RESPONSE_BYTES)
            return Outcome(told.payload(self._request_id), is_error=True, log_tail=tail)
        return Outcome(answer.body, is_error=answer.kind == "error", log_tail=tail)

    def _last_lines(self, seconds: float, runtime: Runtime, failed: Failure | None) -> Iterator[str]:
        is_timeout = failed is not None and failed.error_type == failure.TIMED_OUT
        if failed is not None and is_timeout:
            now = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds")
            yield f"{now.replace('+00:00', 'Z')} {self._request_id} {failed.message}\n"
        yield f"END RequestId: {self._request_id}"
        billed = math.ceil((seconds + self._init_seconds) * 1000)
        fields = [
            f"REPORT RequestId: {self._request_id}",
            f"Duration: {seconds * 1000:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self._function.memory_mib} MB",
            f"Max Memory Used: {runtime.peak_memory_mib()} MB",
        ]
        if self._init_seconds:
            fields.append(f"Init Duration: {self._init_seconds * 1000:.2f} ms")
        yield "\t".join([*fields, *_status(failed)])
        if failed is not None and failed.message and not is_timeout:
            yield f"RequestId: {self._request_id} Error: {failed.message}\n{failed.error_type}"


def _init_report(seconds: float, failed: Failure) -> str:
    return "\t".join([f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms", "Phase: init", *_status(failed)])


def _status(failed: Failure | None) -> list[str]:
    if failed is None:
        return []
    if failed.error_type == failure.TIMED_OUT:
        return ["Status: timeout"]
    return ["Status: error", f"Error Type: {failed.error_type}"]
