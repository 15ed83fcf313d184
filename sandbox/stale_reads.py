"""How far the answers that AWS makes eventually consistent lie behind.

"This API action is eventually consistent. The results are best effort and may not reflect very recent updates and
changes." https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"The Amazon ECS API follows an eventual consistency model."
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import math

from sandbox.clock import Clock


class StaleReads:
    """How far what roles are told of executions and tasks lies behind what is.

    DescribeExecution does not know an execution that was started within the last `seconds`, and tells the former
    status of one that has ended or been redriven since; ListTasks lists what was to run, or to stop, then. All other
    calls tell what is, and so do these two to the administrator: whoever plays or tests sees things as they are.

    Attributes:
        seconds: the lag in virtual seconds; 0, which it is at first, for none.
    """

    def __init__(self, clock: Clock) -> None:
        self.seconds = 0.0
        self._clock = clock

    def as_of(self) -> float:
        """The last moment (epoch seconds) that the caller of the current request is told of; infinite without a lag."""
        from sandbox import permissions

        if not self.seconds or permissions.caller_is_the_administrator():
            return math.inf
        return self._clock.now() - self.seconds
