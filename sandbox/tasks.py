"""ECS tasks as local processes: start, wait, log, stop."""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.clock import Wake, Work
from sandbox.container_logs import LogStream
from sandbox.errors import TaskStartError
from sandbox.processes import Process, Processes
from sandbox.task_placement import Room
from sandbox.task_start import TaskStarter, start_failure
from sandbox.task_stop import Stop, mark_stopping

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_DEFAULT_STOP_TIMEOUT_SECONDS = 30
_CLOSE_SECONDS = 10
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode
_EXITED = Stop(code="EssentialContainerExited", reason="Essential container in task exited")


class Tasks:
    """Runs the tasks that MiniStack's ECS has records of, each in a thread of its own."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._processes = Processes()
        self._lock = threading.Lock()
        self._runs: dict[str, _TaskRun] = {}
        # When tasks stopped, in epoch seconds, the first first.
        self._stopped: deque[tuple[float, str]] = deque()

    def start(self, task: dict[str, Any], definition: Mapping[str, Any], room: Room | None = None) -> None:
        """Run `task`, a record in MiniStack's store; the clock does not jump before the task has stopped.

        On an EC2 instance, `room` is what it has of it, or waits for.
        """
        run = _TaskRun(self._aws, self._processes, task, definition, room)
        with self._lock:
            self._runs[task["taskArn"]] = run
        work = self._aws.clock.working()
        name = f"sandbox-{task['taskArn'][-12:]}"
        threading.Thread(target=self._run, args=(run, task["taskArn"], work), daemon=True, name=name).start()

    def stop(self, task_arn: str, stop: Stop) -> bool:
        """Have a task stop, as StopTask does, or as AWS does by itself with the `stop` of a fault.

        Returns:
            Whether it stops for this reason: not if it is stopping already.

        Raises:
            KeyError: there is no such task.
        """
        with self._lock:
            run = self._runs[task_arn]
        return run.request_stop(stop)

    def stopped(self, task_arn: str) -> Wake:
        """The event that is set once the task is STOPPED and its last line is in CloudWatch Logs.

        Raises:
            KeyError: there is no such task.
        """
        with self._lock:
            return self._runs[task_arn].stopped

    def forget_stopped(self, before: float) -> list[str]:
        """Forget the tasks that stopped before a time (epoch seconds); returns their ARNs."""
        forgotten = []
        with self._lock:
            while self._stopped and self._stopped[0][0] < before:
                forgotten.append(self._stopped.popleft()[1])
                del self._runs[forgotten[-1]]
        return forgotten

    def close(self) -> None:
        """Kill every process of every task and start no more."""
        self._processes.kill_all()
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.stopped.wait(_CLOSE_SECONDS)

    def _run(self, run: _TaskRun, task_arn: str, work: Work) -> None:
        try:
            run.run(work)
        finally:
            with self._lock:
                self._stopped.append((self._aws.clock.now(), task_arn))


class _TaskRun:
    def __init__(
        self,
        aws: LocalAws,
        processes: Processes,
        task: dict[str, Any],
        definition: Mapping[str, Any],
        room: Room | None,
    ) -> None:
        self.stopped = Wake()
        self._room = room
        self._aws = aws
        self._processes = processes
        self._task = task
        self._definition = definition
        self._region: str = task["taskArn"].split(":")[3]
        self._changed = threading.Condition()
        self._stop: Stop | None = None
        self._containers: list[tuple[dict[str, Any], Process]] = []
        self._exited = 0
        self._essential_exited = False
        self._all_exited = Wake()
        self._all_exited.set()
        self._planned_stops = aws.faults.stops(definition["family"], task["capacityProviderName"])

    def run(self, work: Work) -> None:
        """The whole life of the task, in this thread."""
        from ministack.core.responses import request_scope

        with work, request_scope(self._aws.account, self._region):
            self._announce()
            try:
                if self._room is None or self._room.wait(self._task, lambda: self._stop is not None):
                    with self._home() as scratch:
                        self._live(Path(scratch))
                else:
                    self._mark_stopped(self._stop or _EXITED)
            except TaskStartError as error:
                self._mark_stopped(Stop(code="TaskFailedToStart", reason=str(error)))
            except Exception as error:
                self._mark_stopped(Stop(code="TaskFailedToStart", reason=f"InternalError: {error}"))
                raise
            finally:
                if self._room is not None:
                    self._room.leave(self._task["taskArn"])
                self.stopped.set()

    def _home(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="task-", dir=self._processes.homes, ignore_cleanup_errors=True)

    def request_stop(self, stop: Stop) -> bool:
        """Have the task stop for this reason; False if it is stopping already."""
        from ministack.core.concurrency import resource_lock

        with self._changed:
            if self._stop is not None:
                return False
            self._stop = stop
            self._changed.notify_all()
        if self._room is not None and self._room.wake is not None:
            self._room.wake.set()
        with resource_lock("ecs-task", self._task["taskArn"]):
            if self._task["lastStatus"] != "STOPPED":
                mark_stopping(self._task, stop)
        self._announce()
        return True

    def _announce(self) -> None:
        """Tell EventBridge of the state that the task is in."""
        from sandbox.task_events import announce

        announce(self._task, times=self._aws.faults.told(self._definition["family"]))

    def _live(self, scratch: Path) -> None:
        from ministack.services import ecs

        ecs._mark_task_pending(self._task["taskArn"], self._task)
        self._announce()
        ecs._mark_task_activating(self._task["taskArn"], self._task)
        starter = TaskStarter(self._aws, self._task, self._definition, scratch)
        definitions = self._definition["containerDefinitions"]
        try:
            for index, definition in enumerate(definitions):
                if self._stop is None:
                    self._start_container(starter, index, definition)
        except BaseException:
            self._end_containers()
            raise
        if self._stop is None:
            ecs._mark_task_running(self._task["taskArn"], self._task)
            self._announce()
            for planned in self._planned_stops:
                planned.begin(self._aws.clock, self.request_stop, self.stopped)
        with self._changed:
            self._changed.wait_for(
                lambda: self._stop or self._essential_exited or self._exited == len(self._containers)
            )
        # From here on it is to stop, while other containers may still run.
        self.request_stop(_EXITED)
        self._end_containers()
        self._mark_stopped(self._stop or _EXITED)

    def _start_container(self, starter: TaskStarter, index: int, definition: Mapping[str, Any]) -> None:
        record = self._task["containers"][index]
        name = definition["name"]
        overrides = self._task["overrides"].get("containerOverrides", ())
        override = next((item for item in overrides if item.get("name") == name), {})
        try:
            launch = starter.launch(definition, override)
            output = self._output(self._open_logs(starter, definition))
            try:
                process = self._processes.start(launch.command, launch.folder, launch.environment, output)
            except OSError as error:
                raise start_failure(launch.command, error) from error
        except TaskStartError as error:
            record["reason"] = str(error)
            raise
        record["lastStatus"] = "RUNNING"
        record["runtimeId"] = f"{self._task['taskArn'].rsplit('/', 1)[-1]}-{process.group}"
        with self._changed:
            self._containers.append((record, process))
            self._all_exited.clear()
        essential = bool(definition.get("essential", True))
        threading.Thread(
            target=self._await_exit, args=(record, process, essential), daemon=True, name=f"sandbox-wait-{name}"
        ).start()

    def _open_logs(self, starter: TaskStarter, definition: Mapping[str, Any]) -> LogStream | None:
        options = definition.get("logConfiguration", {}).get("options")
        if not options:
            return None
        group, region = options["awslogs-group"], options["awslogs-region"]
        task_id = self._task["taskArn"].rsplit("/", 1)[-1]
        stream = f"{options['awslogs-stream-prefix']}/{definition['name']}/{task_id}"
        may_write = starter.create_log_stream(group, stream, region)
        if not may_write:
            return None
        return LogStream(self._aws.account, region, group, stream, self._aws.clock.now)

    def _output(self, logs: LogStream | None) -> Callable[[bytes], None]:
        """Where what a container writes goes."""

        def write(chunk: bytes) -> None:
            if logs is not None:
                logs.write(chunk)
            for planned in self._planned_stops:
                planned.hear(chunk)

        return write

    def _await_exit(self, record: dict[str, Any], process: Process, essential: bool) -> None:
        code = self._processes.wait(process)
        record["lastStatus"] = "STOPPED"
        record["exitCode"] = code
        with self._changed:
            self._exited += 1
            self._essential_exited = self._essential_exited or essential
            if self._exited == len(self._containers):
                self._all_exited.set()
            self._changed.notify_all()

    def _end_containers(self) -> None:
        """End what still runs, by the stop's rules; return when all containers have ended."""
        stop = self._stop or _EXITED
        running = [item for item in self._containers if item[0]["lastStatus"] != "STOPPED"]
        if stop.host_lost:
            for _record, process in running:
                process.kill()
            self._all_exited.wait()
            for record, _process in running:
                record["exitCode"] = None
            return
        if stop.out_of_memory:
            for record, process in running:
                record["reason"] = stop.out_of_memory
                process.kill()
            self._all_exited.wait()
            return
        for record, process in running:
            process.terminate()
            killer = threading.Thread(target=self._kill_in_time, args=(record, process), daemon=True)
            killer.start()
        # The clock does not jump in this wait, for which this thread keeps its work; in the next it may.
        if not self._all_exited.wait(stop.patience_seconds):
            self._aws.clock.wait(None, self._all_exited)

    def _kill_in_time(self, record: dict[str, Any], process: Process) -> None:
        """SIGKILL to a container that runs when its stop timeout is over."""
        definitions = self._definition["containerDefinitions"]
        definition = next(each for each in definitions if each["name"] == record["name"])
        timeout_seconds = definition.get("stopTimeout", _DEFAULT_STOP_TIMEOUT_SECONDS)
        self._aws.clock.wait(self._aws.clock.now() + timeout_seconds, self._all_exited)
        if record["lastStatus"] != "STOPPED":
            process.kill()

    def _mark_stopped(self, stop: Stop) -> None:
        from ministack.core.concurrency import resource_lock
        from ministack.services import ecs

        task = self._task
        now = ecs._iso()
        with resource_lock("ecs-task", task["taskArn"]):
            ecs._bump_task_version(task)
            for container in task["containers"]:
                container["lastStatus"] = "STOPPED"
            task.update(
                desiredStatus="STOPPED",
                lastStatus="STOPPED",
                stopCode=stop.code or None,
                stoppedReason=stop.reason,
                stoppingAt=task.get("stoppingAt") or now,
                executionStoppedAt=now,
                stoppedAt=now,
            )
        self._announce()
