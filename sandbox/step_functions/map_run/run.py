"""A Map Run: starts child executions, a limited number at a time, until all are over or too many have failed."""

import json
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.step_functions import redrive
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.flow import Flow
from sandbox.step_functions.history import timestamp
from sandbox.step_functions.machine import Machine
from sandbox.step_functions.map_run.batches import Batch
from sandbox.step_functions.map_run.settings import Limits
from sandbox.step_functions.position import Position

if TYPE_CHECKING:
    from sandbox.step_functions.execution import Execution, Services

# To begin with. More are started for child executions that wait, so that the others need no threads.
_WORKERS = 40
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")

Record = dict[str, Any]


class MapRun:
    """One Map Run, from its start or a redrive to its next end. It outlives the execution that started it.

    `records` has MiniStack's record of each child execution, None for one that was not started yet.
    """

    def __init__(self, services: "Services", parent: Record, machine: Machine, limits: Limits) -> None:
        place = parent["executionArn"].partition(":execution:")[0]
        self.arn = f"{place}:mapRun:{machine.name}:{uuid.uuid4()}"
        self.execution_arn = parent["executionArn"]
        self.machine = machine
        self.limits = limits
        self.status = "RUNNING"
        self.start_date, self.stop_date = timestamp(services.clock.now()), None
        self.redrive_count, self.redrive_date = 0, None
        self.batches: list[Batch] = []
        self.records: list[Record | None] = []
        self.is_redrivable = False
        self._services = services
        self._lock = threading.Lock()
        self._pending: list[int] = []
        self._running: dict[int, Execution] = {}
        self._workers = 0
        self._failed_items = self._total_items = 0
        self._is_over = False
        self._rouse: Callable[[], None] = lambda: None

    def load(self, batches: list[Batch]) -> None:
        """Take the inputs of the child executions; from here on a redrive goes on with them."""
        self.batches = batches
        self.records = [None] * len(batches)
        self.is_redrivable = True

    def redrive(self, flow: Flow) -> None:
        """Begin again with what did not succeed and what was not started.

        "The running Map Run completes its operations before attempting to redrive."
        """
        self._rouse = flow.wake.set
        while self.status == "RUNNING" or self._workers:
            flow.pause(None)
        with self._lock:
            self.status, self.stop_date, self._is_over = "RUNNING", None, False
            self.redrive_count += 1
            self.redrive_date = timestamp(self._services.clock.now())

    def drive(self, flow: Flow) -> None:
        """Run until all child executions are over.

        Raises States.ExceedToleratedFailureThreshold, and ExecutionOver if the state is stopped: then they are too.
        """
        self._rouse = flow.wake.set
        with self._lock:
            self._pending = [at for at in reversed(range(len(self.records))) if self._is_to_do(self.records[at])]
            self._total_items = sum(batch.items for batch in self.batches)
            # What failed and cannot be redriven stays so.
            self._failed_items = sum(
                batch.items
                for batch, record in zip(self.batches, self.records, strict=True)
                if record is not None and not self._is_to_do(record) and record["status"] in _UNSUCCESSFUL
            )
        for _ in range(min(_WORKERS, self.limits.at_once, len(self._pending))):
            self.grow()
        while self._workers and not (self._is_over and not self.machine.is_express):
            flow.pause(None)
        if self._is_over or self._has_exceeded():
            raise StateError(
                "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
            )

    def end(self, status: str) -> None:
        """Be over; what still runs is stopped."""
        with self._lock:
            self._is_over = True
            running = list(self._running.values())
            self.status, self.stop_date = status, timestamp(self._services.clock.now())
        self._rouse()
        # An Express execution cannot be stopped.
        if not self.machine.is_express:
            for execution in running:
                execution.abort(None, None)

    def update(self, limits: Limits) -> None:
        """UpdateMapRun."""
        self.limits = limits
        for _ in range(min(_WORKERS, limits.at_once)):
            self.grow()
        self._stop_if_exceeded()

    def grow(self) -> None:
        """Have one more child execution started, if there is one to start and the limit allows for it."""
        with self._lock:
            if self._is_over or not self._pending or self._workers >= self.limits.at_once:
                return
            self._workers += 1
        self._services.run_beside(f"map-run-{self.machine.name}", self._work)

    def place(self) -> "MapRun":
        """What a redrive goes on with; see flow.Lanes."""
        return self

    def running(self) -> list[Flow]:
        """Child executions are no flows of the execution; see flow.Lanes."""
        return []

    def waiting(self) -> set[int]:
        """The places of those that have not been started, or not again."""
        with self._lock:
            return set() if self._is_over else set(self._pending)

    def _is_to_do(self, record: Record | None) -> bool:
        if record is None:
            return True
        # "Unsuccessful executions can always be redriven", of Express ones.
        may_be = self.machine.is_express or self._services.redrive_refusal(record) is None
        return record["status"] in _UNSUCCESSFUL and may_be

    def _work(self) -> None:
        try:
            while (at := self._take()) is not None:
                self._run_child(at)
        finally:
            with self._lock:
                self._workers -= 1
            self._rouse()

    def _take(self) -> int | None:
        with self._lock:
            if self._is_over or not self._pending or self._workers > self.limits.at_once:
                return None
            return self._pending.pop()

    def _run_child(self, at: int) -> None:
        record = self.records[at]
        if record is None:
            record = self._new_record(self.batches[at])
        else:
            redrive.begin(record, None, self._services.clock.now())
            if self.machine.is_express:
                record.update(self._beginning(self.batches[at]))
        execution = self._services.begin(record, self.grow)
        with self._lock:
            self.records[at] = record
            self._running[at] = execution
            is_over = self._is_over
        if is_over and not self.machine.is_express:
            execution.abort(None, None)
        self._services.run(execution)
        with self._lock:
            del self._running[at]
            if record["status"] != "SUCCEEDED":
                self._failed_items += self.batches[at].items
        self._stop_if_exceeded()

    def _has_exceeded(self) -> bool:
        return self.limits.exceeded(self._failed_items, self._total_items)

    def _stop_if_exceeded(self) -> None:
        if not self._is_over and self._has_exceeded():
            self.end("FAILED")

    def _new_record(self, batch: Batch) -> Record:
        machine, name = self.machine, str(uuid.uuid4())
        place = self.execution_arn.partition(":execution:")[0]
        kind, suffix = ("express", f":{uuid.uuid4()}") if machine.is_express else ("execution", "")
        return {
            "executionArn": f"{place}:{kind}:{machine.name}:{name}{suffix}",
            "stateMachineArn": machine.arn,
            "name": name,
            "status": "RUNNING",
            "startDate": timestamp(self._services.clock.now()),
            "stopDate": None,
            "input": batch.text,
            "output": None,
            "error": None,
            "cause": None,
            "machine": machine,
            **self._beginning(batch),
            "mapRunArn": self.arn,
            "itemCount": batch.items,
            **redrive.NEVER,
        }

    def _beginning(self, batch: Batch) -> Record:
        position = Position(self.machine.definition["StartAt"], json.loads(batch.text), {})
        return {"position": position, "events": []}
