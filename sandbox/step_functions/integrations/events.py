"""The history events of a task's attempt. A Lambda function's ARN as Resource has events of its own."""

from typing import Protocol

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.history import Chain

_WHOLE = {"truncated": False}


class AttemptEvents(Protocol):
    """Writes the events of one attempt in order; texts are JSON."""

    def scheduled(self, parameters: str, timeout: float | None, heartbeat: float | None) -> None:
        """The attempt was scheduled with these parameters and limits in seconds."""
        ...

    def started(self) -> None:
        """The attempt began."""
        ...

    def submitted(self, answer: str) -> None:
        """The job was accepted; the task now waits for its end."""
        ...

    def succeeded(self, output: str) -> None:
        """The attempt succeeded."""
        ...

    def failed(self, failure: StateError) -> None:
        """The attempt failed."""
        ...

    def timed_out(self, failure: StateError) -> None:
        """A time limit passed."""
        ...


class TaskEvents:
    """TaskScheduled and its like, for resources such as `ecs:runTask.sync`."""

    def __init__(self, chain: Chain, region: str, resource_type: str, resource: str) -> None:
        self._chain = chain
        self._region = region
        self._resource = {"resourceType": resource_type, "resource": resource}

    def scheduled(self, parameters: str, timeout: float | None, heartbeat: float | None) -> None:
        """See AttemptEvents."""
        self._chain.add(
            "TaskScheduled",
            **self._resource,
            region=self._region,
            parameters=parameters,
            timeoutInSeconds=_whole(timeout),
            heartbeatInSeconds=_whole(heartbeat),
        )

    def started(self) -> None:
        """See AttemptEvents."""
        self._chain.add("TaskStarted", **self._resource)

    def submitted(self, answer: str) -> None:
        """See AttemptEvents."""
        self._chain.add("TaskSubmitted", **self._resource, output=answer, outputDetails=_WHOLE)

    def succeeded(self, output: str) -> None:
        """See AttemptEvents."""
        self._chain.add("TaskSucceeded", **self._resource, output=output, outputDetails=_WHOLE)

    def failed(self, failure: StateError) -> None:
        """See AttemptEvents."""
        self._chain.add("TaskFailed", **self._resource, error=failure.error, cause=failure.cause)

    def timed_out(self, failure: StateError) -> None:
        """See AttemptEvents."""
        self._chain.add("TaskTimedOut", **self._resource, error=failure.error, cause=failure.cause)


class LambdaEvents:
    """LambdaFunctionScheduled and its like, for a function's ARN as Resource."""

    def __init__(self, chain: Chain, function_arn: str) -> None:
        self._chain = chain
        self._function_arn = function_arn

    def scheduled(self, parameters: str, timeout: float | None, heartbeat: float | None) -> None:
        """See AttemptEvents. The event has no member for a heartbeat."""
        del heartbeat
        self._chain.add(
            "LambdaFunctionScheduled",
            resource=self._function_arn,
            input=parameters,
            inputDetails=_WHOLE,
            timeoutInSeconds=_whole(timeout),
        )

    def started(self) -> None:
        """See AttemptEvents."""
        self._chain.add("LambdaFunctionStarted")

    def submitted(self, answer: str) -> None:
        """A function's call is no job: this is never the case."""
        raise NotImplementedError(answer)

    def succeeded(self, output: str) -> None:
        """See AttemptEvents."""
        self._chain.add("LambdaFunctionSucceeded", output=output, outputDetails=_WHOLE)

    def failed(self, failure: StateError) -> None:
        """See AttemptEvents."""
        self._chain.add("LambdaFunctionFailed", error=failure.error, cause=failure.cause)

    def timed_out(self, failure: StateError) -> None:
        """See AttemptEvents."""
        self._chain.add("LambdaFunctionTimedOut", error=failure.error, cause=failure.cause)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
