"""A request to run a task that AWS takes its time over."""

import threading

from sandbox.faults import RefuseCapacity
from sandbox.faults.run_task import RunTaskCall


class Hold(RefuseCapacity):
    """RunTask is not answered before `go_on`; `reached` when it is called."""

    def __init__(self, family: str) -> None:
        super().__init__(of=family)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def answer(self, call: RunTaskCall) -> None:
        """See RefuseCapacity: none."""
        if self.strikes(call.family):
            self.reached.set()
            self.go_on.wait(120)
