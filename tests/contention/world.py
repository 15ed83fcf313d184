"""An AWS in memory for the rendered machines: Step Functions, ECS and their lags, moved one call at a time.

The machines are read by the walker's evaluator, and the lock is MiniStack's DynamoDB: only what has to be told when and
how late is made here. What two runs must never do is looked for at the call that would do it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from definitions import names
from tests.definitions.lock_model.aws import DynamoDb, Table
from tests.definitions.lock_model.machine import Clock, Machine, iso
from tests.definitions.lock_model.model import Policy
from tests.definitions.lock_model.replay import TABLE, MachineOf
from tests.definitions.samples import failed, task
from tests.definitions.walker import Failure, evaluate

# After all that a sandbox's clock may read, so that DynamoDB takes no item for expired.
_BEGIN = 4_000_000_000.0
_A_CALL_SECONDS = 0.1
QUEUE_LIMIT = 3
_CANCELLED = "DynamoDb.TransactionCanceledException"
_DYNAMODB = {
    "aws-sdk:dynamodb:transactWriteItems": ("TransactWriteItems", "DynamoDb"),
    "aws-sdk:dynamodb:batchGetItem": ("BatchGetItem", "DynamoDb"),
    "dynamodb:updateItem": ("UpdateItem", "DynamoDB"),
}
_UNKNOWN = Failure("Sfn.ExecutionDoesNotExistException", "Execution Does Not Exist")
_ENDS = {"Succeed": "SUCCEEDED", "Fail": "FAILED"}


class _Waiting(Machine):
    """A machine whose waits last until the clock has come to their end, and that a redrive finds as AWS does."""

    waits_until = 0.0

    def redrive(self) -> None:
        """The state that did not finish begins anew; its EnteredTime stays."""
        self.redrives += 1
        if self.kind == "Wait":
            self._wait()

    @property
    def kind(self) -> str:
        return self._states[self.state]["Type"]

    @property
    def skipped(self) -> dict[str, Any]:
        """Why it was left out."""
        return self._variables["skipped"]

    def go_on(self) -> None:
        """The wait is over."""
        self._leave(self._states[self.state], self._context())

    def _enter(self, name: str) -> None:
        if self._states[name]["Type"] != "Wait":
            super()._enter(name)
            return
        self.state, self._entered = name, self._clock.text
        self._wait()

    def _wait(self) -> None:
        seconds = evaluate(self._states[self.state]["Seconds"], self._context(), self._variables)
        self.waits_until = self._clock.now + seconds


class Lags(NamedTuple):
    """How old an answer is, in seconds, that tells of executions, and one that lists tasks."""

    executions: float = 0
    tasks: float = 0


NO_LAG = Lags()


@dataclass
class Task:
    """A task of a run; times in epoch seconds, `result` what is told of its end, None for what has not come."""

    arn: str
    run: Run
    created: float
    stopping: float | None = None
    stopped: float | None = None
    result: dict[str, Any] | Failure | None = None


@dataclass
class Run:
    """An execution.

    Attributes:
        history: what DescribeExecution could tell of it, and since when.
        is_known: whether it still tells anything.
        task: the one that it waits for.
        tasks: how many it has started.
    """

    policy: Policy
    machine: _Waiting
    scheduled_time: str
    status: str = "RUNNING"
    history: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    is_known: bool = True
    task: Task | None = None
    tasks: int = 0

    @property
    def is_running(self) -> bool:
        return self.status == "RUNNING"


class World:
    """Runs of three jobs that are in one group, each with a policy of its own.

    Args:
        machine_of: the definitions.
        dynamodb: where their lock is.

    Attributes:
        runs: all that were started.
        tasks: all that were started.
        late: calls that were under way when their execution was stopped.
    """

    def __init__(self, machine_of: MachineOf, dynamodb: DynamoDb) -> None:
        self.runs: list[Run] = []
        self.tasks: list[Task] = []
        self.late: list[tuple[Run, str, Any]] = []
        self.clock = Clock()
        self.clock.now = _BEGIN
        self._machine_of = machine_of
        self._dynamodb = dynamodb
        self._table = Table(dynamodb, TABLE)

    def start(self, policy: Policy, scheduled_time: str = "") -> Run:
        """Start a run, by the schedule if a time is given."""
        arn = f"arn:aws:states:eu-west-1:123456789012:execution:longhaul-dev-{policy}:run-{len(self.runs)}"
        given = {"trigger": "schedule", "scheduledTime": scheduled_time} if scheduled_time else {}
        machine = _Waiting(self._machine_of(policy, QUEUE_LIMIT, True), arn, given, self.clock)
        run = Run(policy, machine, scheduled_time)
        self.runs.append(run)
        self._note(run, "RUNNING")
        return run

    def is_ready(self, run: Run) -> bool:
        """Whether a run has something to do now."""
        if not run.is_running or (run.task is not None and run.task.stopped is None):
            return False
        return run.machine.kind != "Wait" or run.machine.waits_until <= self.clock.now

    def step(self, run: Run, *, lags: Lags = NO_LAG, conflict: bool = False, lost: bool = False) -> None:
        """Let a run make its next call, or end its wait.

        Args:
            run: one that is ready.
            lags: how old answers are that are consistent only eventually.
            conflict: another transaction was at the same item, if the call is a transaction.
            lost: the answer to a call of DynamoDB is lost, so that it is made again.
        """
        self.clock.now += _A_CALL_SECONDS
        machine = run.machine
        if machine.kind == "Wait":
            machine.go_on()
        elif run.task is not None:
            self._tell_of_task(run)
        else:
            request = machine.request()
            if isinstance(request, Failure):
                machine.answer(request)
            else:
                self._call(run, *request, lags, conflict=conflict, lost=lost)
        if run.is_running and machine.kind in _ENDS:
            self._end(run, _ENDS[machine.kind])

    def stop_execution(self, run: Run, *, tells_task: bool = True, under_way: bool = False) -> None:
        """Stop a run; Step Functions' own StopTask may fail, and a call that is under way may still be made."""
        if not run.is_running:
            return
        if under_way and run.task is None and run.machine.kind == "Task":
            request = run.machine.request()
            if not isinstance(request, Failure):
                self.late.append((run, *request))
        self._leave_task(run, tells_task=tells_task)
        run.machine.abort()
        self._end(run, "ABORTED")

    def arrive_late(self) -> None:
        """The calls that were under way are made."""
        late, self.late = self.late, []
        for run, integration, arguments in late:
            self._effect(run, integration, arguments, NO_LAG)

    def redrive(self, run: Run) -> None:
        run.machine.redrive()
        run.status = "RUNNING"
        self._note(run, "RUNNING")

    def forget(self, run: Run) -> None:
        """Step Functions knows a run no longer, as some time after its end."""
        run.is_known = False

    def time_out(self, run: Run, *, tells_task: bool) -> None:
        """The task that a run waits for has taken too long."""
        self._leave_task(run, tells_task=tells_task)
        run.machine.answer(Failure("States.Timeout", ""))

    def stop_task(self, found: Task) -> None:
        """Somebody, or its own end, has a task stop; it takes a while."""
        found.stopping = found.stopping or self.clock.now

    def end_task(self, found: Task, exit_code: int) -> None:
        """A task's containers have ended, by themselves or because they were told to."""
        if found.stopping is not None:
            found.result = failed(exit_code or 143, StopCode="UserInitiated")
        else:
            found.result = failed(exit_code) if exit_code else task(0)
        self.stop_task(found)
        found.stopped = self.clock.now

    def live_tasks(self) -> list[Task]:
        return [each for each in self.tasks if each.stopped is None]

    def line(self) -> list[str]:
        """The entries of the line."""
        return self._table.read()[0]

    def _call(self, run: Run, integration: str, arguments: Any, lags: Lags, *, conflict: bool, lost: bool) -> None:
        machine = run.machine
        if conflict and integration.endswith("transactWriteItems"):
            machine.answer(Failure(_CANCELLED, "[TransactionConflict]"))
            return
        answer = self._effect(run, integration, arguments, lags)
        if lost and integration in _DYNAMODB:
            assert machine.is_retried("DynamoDb.SdkClientException")
        elif run.is_running and machine.state != names.RUN:
            machine.answer(answer)

    def _effect(self, run: Run, integration: str, arguments: Any, lags: Lags) -> Any:
        now = self.clock.now
        match integration:
            case "aws-sdk:sfn:describeExecution":
                return self._describe(arguments["ExecutionArn"], now - lags.executions)
            case "aws-sdk:sfn:stopExecution":
                stopped = self._run_of(arguments["ExecutionArn"])
                assert stopped is not run, "a run stopped itself"
                self.stop_execution(stopped)
                return {}
            case "aws-sdk:ecs:listTasks":
                as_of = now - lags.tasks
                return {"TaskArns": [each.arn for each in self.tasks if _is_listed(each, arguments, as_of)]}
            case "aws-sdk:ecs:describeTasks":
                return {"Tasks": [_description(each) for each in self.tasks if each.arn in arguments["Tasks"]]}
            case "aws-sdk:ecs:stopTask":
                (found,) = (each for each in self.tasks if each.arn == arguments["Task"])
                assert found.run.task is not found, "the task of a run that waits for it was stopped"
                self.stop_task(found)
                return {}
            case "ecs:runTask.sync":
                return self._start_task(run, arguments)
            case _:
                operation, prefix = _DYNAMODB[integration]
                answer = self._dynamodb.call(operation, arguments, prefix)
                assert len(self.line()) <= QUEUE_LIMIT
                return answer

    def _start_task(self, run: Run, arguments: Any) -> None:
        assert arguments["Group"] == run.machine.name
        others = [each.run.machine.name for each in self.live_tasks()]
        assert not others, f"a task of {run.machine.name} started beside one of {others[0]}"
        twins = [each for each in self.runs if run.scheduled_time and each is not run and _is_for_the_same(each, run)]
        assert not any(each.tasks for each in twins), f"{run.scheduled_time} was started twice"
        arn = f"arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/{len(self.tasks):016x}"
        started = Task(arn, run, self.clock.now)
        self.tasks.append(started)
        run.tasks += 1
        # Of an execution that was stopped meanwhile nobody waits for it.
        run.task = started if run.is_running else None

    def _tell_of_task(self, run: Run) -> None:
        told, run.task = run.task, None
        assert told is not None
        run.machine.answer(told.result)

    def _leave_task(self, run: Run, *, tells_task: bool) -> None:
        if run.task is not None and tells_task:
            self.stop_task(run.task)
        run.task = None

    def _end(self, run: Run, status: str) -> None:
        run.status = status
        self._note(run, status)

    def _note(self, run: Run, status: str) -> None:
        told: dict[str, Any] = {"ExecutionArn": run.machine.arn, "Status": status}
        told["RedriveCount"] = run.machine.redrives
        if status != "RUNNING":
            told["StopDate"] = iso(self.clock.now)
        elif run.machine.redrives:
            told["RedriveDate"] = iso(self.clock.now)
        run.history.append((self.clock.now, told))

    def _describe(self, arn: str, as_of: float) -> Any:
        run = self._run_of(arn)
        known = [told for since, told in run.history if since <= as_of]
        return (
            known[-1]
            if known and run.is_known
            else Failure("Sfn.ExecutionDoesNotExistException", "Execution Does Not Exist")
        )

    def _run_of(self, arn: str) -> Run:
        (found,) = (each for each in self.runs if each.machine.arn == arn)
        return found


def _is_for_the_same(one: Run, other: Run) -> bool:
    return one.machine.family == other.machine.family and one.scheduled_time == other.scheduled_time


def _is_listed(each: Task, arguments: Any, as_of: float) -> bool:
    stopping = each.stopping is not None and each.stopping <= as_of
    desired = "STOPPED" if stopping else "RUNNING"
    return (
        each.created <= as_of
        and arguments["DesiredStatus"] == desired
        and each.run.machine.family == arguments["Family"]
    )


def _description(each: Task) -> dict[str, Any]:
    desired, last = ("RUNNING", "RUNNING") if each.stopping is None else ("STOPPED", "STOPPING")
    return {
        "TaskArn": each.arn,
        "Group": each.run.machine.name,
        "DesiredStatus": desired,
        "LastStatus": last if each.stopped is None else "STOPPED",
    }
