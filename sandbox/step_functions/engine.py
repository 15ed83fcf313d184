"""The engine: which executions run, who waits for what, and the threads they run on."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from sandbox.clock import Wake
from sandbox.identity import RoleNotAssumable
from sandbox.local_aws import LocalAws
from sandbox.step_functions import machines, redrive
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.execution import Execution
from sandbox.step_functions.machine import Machine
from sandbox.step_functions.map_run.run import MapRun
from sandbox.step_functions.task_token import TaskToken

_MAX_SESSION_NAME = 64
_CLOSE_SECONDS = 5


class Engine:
    """Runs the executions of one sandbox: each on a thread of its own, and on one more for what runs beside it."""

    def __init__(self, aws: LocalAws) -> None:
        self.clock = aws.clock
        self.faults = aws.faults
        self.identity = aws.identity
        self.kubernetes = aws.kubernetes
        self.region = aws.region
        self.stale_reads = aws.stale_reads
        self.tokens: dict[str, TaskToken] = {}
        self._tasks = aws.tasks
        self._lock = threading.Condition()
        # By ARN, the latest after a redrive, and all that have not ended yet.
        self._running: dict[str, Execution] = {}
        self._alive: set[Execution] = set()
        self._threads = 0
        self._deleting: set[str] = set()

    def start(self, record: dict[str, Any]) -> None:
        """Begin an execution whose record MiniStack has, or go on with a redriven one; returns at once."""
        execution = self.begin(record)
        self.run_beside(f"execution-{record['name']}", lambda: self.run(execution))

    def begin(self, record: dict[str, Any], on_wait: Callable[[], None] = lambda: None) -> Execution:
        """See execution.Services."""
        stepfunctions._executions[record["executionArn"]] = record
        execution = Execution(self, record, on_wait)
        with self._lock:
            self._running[execution.arn] = execution
            self._alive.add(execution)
        execution.announce_start()
        return execution

    def run(self, execution: Execution) -> None:
        """See execution.Services."""
        execution.run()
        self._forget(execution)

    def run_beside(self, name: str, run: Callable[[], None]) -> None:
        """See execution.Services."""
        # Taken here and entered on the thread, so that the clock cannot jump in between.
        work = self.clock.working()
        # MiniStack's records are found by the account and region of the context.
        context = contextvars.copy_context()
        with self._lock:
            self._threads += 1

        def target() -> None:
            with work:
                try:
                    context.run(run)
                finally:
                    with self._lock:
                        self._threads -= 1
                        self._lock.notify_all()

        threading.Thread(target=target, name=name, daemon=True).start()

    def close(self) -> None:
        """Let go of what still runs, unfinished: it would go on in whatever sandbox this process starts next."""
        with self._lock:
            for execution in self._alive:
                execution.abandon()
            self._lock.wait_for(lambda: not self._threads, _CLOSE_SECONDS)

    def running(self, execution_arn: str) -> Execution | None:
        """An execution that has not ended."""
        return self._running.get(execution_arn)

    def client(self, service: str, machine: Machine) -> Any:
        """See execution.Services."""
        try:
            return self.identity.client(
                service,
                machine.role_arn,
                session_name=machine.created_name[:_MAX_SESSION_NAME],
                source_arn=machine.created_arn,
            )
        except RoleNotAssumable:
            raise StateError(
                "States.TaskFailed", "The principal states.amazonaws.com is not authorized to assume the provided role."
            ) from None

    def denial(self, machine: Machine, action: str, resource: str) -> str | None:
        """See execution.Services."""
        session = machine.created_name[:_MAX_SESSION_NAME]
        return self.identity.denial(machine.role_arn, action, resource, session_name=session)

    def map_run_started(self, map_run: MapRun) -> None:
        """See execution.Services."""
        stepfunctions._map_runs[map_run.arn] = map_run

    def begin_deleting(self, machine_arn: str) -> bool:
        """Let the machine's executions end at their next transition; whether there are any."""
        with self._lock:
            if not self._executions_of(machine_arn):
                return False
            self._deleting.add(machine_arn)
            return True

    def is_being_deleted(self, machine_arn: str) -> bool:
        """See execution.Services."""
        return machine_arn in self._deleting

    def redrive_refusal(self, record: dict[str, Any]) -> str | None:
        """Why an execution cannot be redriven now; see redrive.refusal."""
        machine: Machine = record["machine"]
        present = stepfunctions._state_machines.get(machine.created_arn)
        # Another one may have its name by now.
        is_deleted = present is None or present["creationDate"] != machine.creation_date
        return redrive.refusal(
            record, self.clock.now(), machine_is_deleted=is_deleted or self.is_being_deleted(machine.created_arn)
        )

    def execution_ended(self, execution_arn: str) -> Wake:
        """See execution.Services."""
        execution = self._running.get(execution_arn)
        if execution is not None:
            return execution.ended
        ended = Wake()
        ended.set()
        return ended

    def task_stopped(self, task_arn: str) -> Wake:
        """See execution.Services."""
        return self._tasks.stopped(task_arn)

    def _forget(self, execution: Execution) -> None:
        arn = execution.machine.created_arn
        with self._lock:
            self._alive.discard(execution)
            if self._running.get(execution.arn) is execution:
                del self._running[execution.arn]
            last = arn in self._deleting and not self._executions_of(arn)
            if last:
                self._deleting.discard(arn)
        if last:
            machines.forget(arn)

    def _executions_of(self, machine_arn: str) -> list[Execution]:
        return [execution for execution in self._alive if execution.machine.created_arn == machine_arn]
