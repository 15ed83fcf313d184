"""Runs one execution: walks its states, ends once, wakes whoever waits for the end."""

import json
import logging
import random
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.clock import Clock, Wake
from sandbox.faults import Faults
from sandbox.kubernetes import Clusters
from sandbox.stale_reads import StaleReads
from sandbox.step_functions import announcements, redrive, states
from sandbox.step_functions.errors import ExecutionOver, HistoryFull, StateError
from sandbox.step_functions.execution_log import ExecutionLog
from sandbox.step_functions.flow import Flow
from sandbox.step_functions.history import LIMIT_CAUSE, History, epoch, timestamp
from sandbox.step_functions.json_text import to_text
from sandbox.step_functions.machine import Machine
from sandbox.step_functions.query import Evaluator
from sandbox.step_functions.task_token import TaskToken

if TYPE_CHECKING:
    from sandbox.step_functions.map_run.run import MapRun

_log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
_MAX_EXPRESS_SECONDS = 300


class Services(Protocol):
    """What an execution needs of the sandbox around it; see engine.Engine."""

    clock: Clock
    faults: Faults
    kubernetes: Clusters
    region: str
    stale_reads: StaleReads
    tokens: dict[str, TaskToken]

    def begin(self, record: dict[str, Any], on_wait: Callable[[], None]) -> "Execution":
        """Have an execution begin, or go on after a redrive, which `run` runs; see Execution."""
        ...

    def run(self, execution: "Execution") -> None:
        """Run an execution that has begun to its end, on the calling thread."""
        ...

    def run_beside(self, name: str, run: Callable[[], None]) -> None:
        """Run a piece of an execution's work on a thread of its own; returns at once."""
        ...

    def client(self, service: str, machine: Machine) -> Any:
        """A boto3 client with the credentials of a machine's role; raises StateError if it cannot be assumed."""
        ...

    def denial(self, machine: Machine, action: str, resource: str) -> str | None:
        """None if a machine's role may do it, else AWS's sentence; see identity.RoleSessions."""
        ...

    def map_run_started(self, map_run: "MapRun") -> None:
        """Have a Map Run known to the API."""
        ...

    def is_being_deleted(self, machine_arn: str) -> bool:
        """Whether DeleteStateMachine was called while executions ran."""
        ...

    def redrive_refusal(self, record: dict[str, Any]) -> str | None:
        """Why an execution cannot be redriven; see redrive.refusal."""
        ...

    def task_stopped(self, task_arn: str) -> Wake:
        """The event that is set once an ECS task has stopped."""
        ...

    def execution_ended(self, execution_arn: str) -> Wake:
        """The event that is set once an execution has ended."""
        ...


class Execution:
    """One execution, from its start or a redrive to its next end.

    `record` is MiniStack's record of it, which every API call reads; `on_wait` is called before a thread of it waits.
    """

    def __init__(self, services: Services, record: dict[str, Any], on_wait: Callable[[], None] = lambda: None) -> None:
        self.services = services
        self.record = record
        self.on_wait = on_wait
        self.machine: Machine = record["machine"]
        self.definition = self.machine.definition
        self.clock = services.clock
        self.evaluator = Evaluator(self.clock.now)
        self.input = json.loads(record["input"])
        self.jitter = random.Random()
        log = ExecutionLog(self.machine.logging, self.arn, record["startDate"], record["redriveCount"])
        self.history = History(record["events"], self.clock.now, log.write)
        self.deadline = self._time_limit()
        self.ended = Wake()
        # Held while the history and a position change together, so that an end finds them in accord.
        self.moving = threading.Lock()
        self.flow = Flow(
            self,
            self.definition["States"],
            record["position"],
            self.history.chain(record["position"].event),
            is_outermost=True,
        )
        self._over = False
        self._abandoned = False

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return self.record["executionArn"]

    def announce_start(self) -> None:
        """Write ExecutionStarted or ExecutionRedriven and publish the status RUNNING."""
        record = self.record
        if record["redriveDate"] is not None:
            self.history.redrive(record["redriveDate"], record["redriveCount"])
        else:
            self.history.start(
                record["startDate"],
                input=record["input"],
                inputDetails={"truncated": False},
                roleArn=self.machine.role_arn,
            )
        self._announce(self._detail(record))

    def run(self) -> None:
        """Run to the end, on the calling thread."""
        try:
            output = to_text(states.walk(self.flow))
            self._end("SUCCEEDED", "ExecutionSucceeded", output=output)
        except StateError as failure:
            self._end("FAILED", "ExecutionFailed", error=failure.error, cause=failure.cause)
        except HistoryFull:
            self._end("FAILED", "ExecutionFailed", error="States.Runtime", cause=LIMIT_CAUSE)
        except ExecutionOver:
            pass
        except Exception as problem:
            _log.exception("the sandbox's state machine engine failed in %s", self.arn)
            self._end("FAILED", "ExecutionFailed", error="States.Runtime", cause=f"the sandbox failed: {problem!r}")

    def abort(self, error: str | None, cause: str | None) -> None:
        """StopExecution: end at once; what is at work stops when it next looks."""
        if self._abandoned:
            return
        self._end("ABORTED", "ExecutionAborted", in_flow=False, error=error, cause=cause)

    def abandon(self) -> None:
        """Have its threads end at their next look, with the execution left as it is."""
        self._abandoned = True
        self.flow.rouse()

    def check(self) -> None:
        """Raise ExecutionOver if the execution has ended or its time is up."""
        if self.clock.now() >= self.deadline:
            self._end("TIMED_OUT", "ExecutionTimedOut", in_flow=False, event_only={"error": "States.Timeout"})
        if self._abandoned or self._over:
            raise ExecutionOver

    def _end(
        self,
        status: str,
        event_type: str,
        *,
        in_flow: bool = True,
        event_only: dict[str, str] | None = None,
        **outcome: str | None,
    ) -> None:
        with self.moving:
            if self._over:
                return
            self._over = True
            details = {"outputDetails": {"truncated": False}} if status == "SUCCEEDED" else {}
            self.history.end(event_type, in_flow=in_flow, **outcome, **(event_only or {}), **details)
            self.record.update(outcome, stopDate=timestamp(self.clock.now()), position=self.flow.place())
            # Before the status, which allows a redrive, and with it changes of the record.
            detail = self._detail({**self.record, "status": status})
            # Last, because whoever sees the new status may read the rest.
            self.record["status"] = status
        self.flow.rouse()
        self._announce(detail)
        self.ended.set()

    def _announce(self, change: dict[str, Any]) -> None:
        # "Express Workflows don't send events to EventBridge."
        announcements.announce(change, with_event=not self.machine.is_express)

    def _detail(self, record: dict[str, Any]) -> dict[str, Any]:
        return announcements.detail(record, self.services.redrive_refusal(record))

    def _time_limit(self) -> float:
        started, redriven = self.record["startDate"], self.record["redriveDate"]
        ends = [epoch(started) + redrive.MAX_OPEN_SECONDS]
        if self.machine.is_express:
            ends.append(epoch(redriven or started) + _MAX_EXPRESS_SECONDS)
        if "TimeoutSeconds" in self.definition:
            # "When you redrive an execution, the state machine level timeout, if defined, is reset to 0."
            ends.append(epoch(redriven or started) + self.definition["TimeoutSeconds"])
        return min(ends)
