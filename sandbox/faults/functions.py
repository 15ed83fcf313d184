"""Faults of Lambda: an invocation is refused, or ended while its function runs.

RunOutOfMemory meets functions too: the kernel ends what runs in an execution environment as in a task.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults.fault import Fault
from sandbox.faults.stopping import PlannedStop, TaskStop
from sandbox.task_stop import Stop


@dataclass(frozen=True, kw_only=True)
class InvokeAnswer:
    """What Invoke answers in the place of a function's result.

    Attributes:
        error_code: the error's code.
        message: its message.
        status: its HTTP status.
        reason: its member `Reason`, of one that has it.
        runs_on: whether the function is invoked all the same.
    """

    error_code: str
    message: str
    status: int
    reason: str = ""
    runs_on: bool = False


@dataclass(kw_only=True, eq=False)
class RefuseInvoke(Fault):
    """Invoke answers with an error.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors

    Args:
        throttled: whether it is TooManyRequestsException, for want of concurrency in the account; ServiceException
            otherwise, which is Lambda's own error.
        runs_on: whether the function runs all the same, as after an error of Lambda's own it may.
            https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
    """

    throttled: bool = True
    runs_on: bool = False

    def answer(self, function: str) -> InvokeAnswer | None:
        """What to answer to an invocation of a function, by its name; None lets it through."""
        if not self.strikes(function):
            return None
        if self.throttled:
            reason = "ConcurrentInvocationLimitExceeded"
            return InvokeAnswer(
                error_code="TooManyRequestsException", message="Rate Exceeded.", status=429, reason=reason
            )
        return InvokeAnswer(error_code="ServiceException", message="Service failure.", status=500, runs_on=self.runs_on)


@dataclass(kw_only=True, eq=False)
class TimeOutFunction(TaskStop):
    """A function's time is up before it is: Lambda ends its environment with Sandbox.Timedout.

    Tasks are not met.
    """

    def plan(self, family: str, capacity_provider: str | None) -> PlannedStop | None:
        """See TaskStop: none."""
        del family, capacity_provider

    def plan_of_function(self, function: str) -> PlannedStop | None:
        """See TaskStop."""
        return self._planned(function, self.stop)

    @property
    def stop(self) -> Stop:
        """See TaskStop."""
        return Stop(code="Sandbox.Timedout", reason="Task timed out")
