"""Faults of a task that runs: AWS takes away what it runs on, or it has used up what it was given."""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from sandbox.clock import Clock, Wake
from sandbox.faults.fault import Fault
from sandbox.faults.run_task import FARGATE, SPOT
from sandbox.task_stop import Stop


@dataclass(kw_only=True, eq=False)
class TaskStop(Fault, ABC):
    """A stop of tasks while they run. A task that ends by itself before its moment has come is left alone.

    Args:
        after: the virtual seconds from when the task is RUNNING, or of what the containers have said, to its stop; of
            two numbers, a moment between them that the seed chooses.
        once_said: count `after` from when the containers have written this text.
        patience_seconds: see Stop.

    Attributes:
        struck: how many tasks it has chosen.
        stopped: how many of these it has stopped: the others ended first.
    """

    after: float | tuple[float, float] = 0
    once_said: str = ""
    patience_seconds: float = 5
    stopped: int = field(default=0, init=False)
    _only_on: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        # Apart from the draws of who is struck, of which the nth is always the same.
        self._moments = random.Random(self.seed)

    @property
    @abstractmethod
    def stop(self) -> Stop:
        """How the task is stopped."""

    @property
    def _stop_on_ec2(self) -> Stop:
        return self.stop

    def plan(self, family: str, capacity_provider: str | None) -> PlannedStop | None:
        """The stop of a task that is about to start; None lets it run."""
        # A launch type that is given by itself is Fargate's: EC2 instances are behind providers.
        if self._only_on and (capacity_provider or FARGATE) not in self._only_on:
            return None
        on_ec2 = capacity_provider not in (None, FARGATE, SPOT)
        return self._planned(family, self._stop_on_ec2 if on_ec2 else self.stop)

    def plan_of_function(self, function: str) -> PlannedStop | None:
        """The stop of an invocation of a Lambda function that is about to begin; None, as of most, lets it run."""
        del function

    def _planned(self, name: str, stop: Stop) -> PlannedStop | None:
        if not self.strikes(name):
            return None
        with self._lock:
            after = self._moments.uniform(*self.after) if isinstance(self.after, tuple) else self.after
        return PlannedStop(stop, after, self.once_said.encode(), self._count)

    def _count(self) -> None:
        with self._lock:
            self.stopped += 1


@dataclass(kw_only=True, eq=False)
class LoseHost(TaskStop):
    """The machine under the task is gone: its processes end in this instant, and no exit code is known.

    The code is in ECS's model with no word on when Fargate gives it, and no real text of Fargate was found: both are
    unverified. That a task whose EC2 host was terminated has no exit code is reported in
    https://github.com/apache/airflow/pull/4039.

    Args:
        stop_code: the task's stopCode; empty leaves it out.
    """

    stop_code: str = "InfrastructureHealth"

    @property
    def stop(self) -> Stop:
        """See TaskStop."""
        return Stop(
            code=self.stop_code, reason="The underlying infrastructure of the task is unhealthy", host_lost=True
        )

    @property
    def _stop_on_ec2(self) -> Stop:
        # https://github.com/apache/airflow/pull/4039
        return replace(self.stop, reason="Host EC2 (instance i-0123456789abcdef0) terminated.")


@dataclass(kw_only=True, eq=False)
class RetireTask(TaskStop):
    """Fargate retires the task: SIGTERM, SIGKILL after stopTimeout, and nothing in its place.

    The reason is AWS's; the code is unverified, since services' tasks show ServiceSchedulerInitiated.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html
    """

    _only_on = (FARGATE, SPOT)

    @property
    def stop(self) -> Stop:
        """See TaskStop."""
        reason = "ECS is performing maintenance on the underlying infrastructure hosting the task"
        return Stop(code="TerminationNotice", reason=reason, patience_seconds=self.patience_seconds)


@dataclass(kw_only=True, eq=False)
class InterruptSpot(TaskStop):
    """Fargate wants Spot capacity back: SIGTERM with two minutes' notice, SIGKILL after stopTimeout.

    stopTimeout is two minutes at most, and 30 seconds unless the container's definition says more: all of the notice
    is only for who asks for it. Tasks on other capacity are not met. Code and reason are those of
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html; before, the page had
    TerminationNotice for the code.

    Args:
        stop_code: the task's stopCode.
    """

    stop_code: str = "SpotInterruption"
    _only_on = (SPOT,)

    @property
    def stop(self) -> Stop:
        """See TaskStop."""
        reason = "Your Spot Task was interrupted."
        return Stop(code=self.stop_code, reason=reason, patience_seconds=self.patience_seconds)


@dataclass(kw_only=True, eq=False)
class RunOutOfMemory(TaskStop):
    """The containers have used more than the task's memory: the kernel ends them with SIGKILL, and they say so.

    https://repost.aws/knowledge-center/ecs-resolve-outofmemory-errors has the text. It is the container's reason, and
    the exit code is that of SIGKILL: https://github.com/aws/amazon-ecs-agent/issues/1187

    Of a function all that runs in its environment is ended, and Lambda says Runtime.OutOfMemory.
    """

    def plan_of_function(self, function: str) -> PlannedStop | None:
        """See TaskStop."""
        return self._planned(function, self.stop)

    @property
    def stop(self) -> Stop:
        """See TaskStop."""
        return Stop(
            code="EssentialContainerExited",
            reason="Essential container in task exited",
            out_of_memory="OutOfMemoryError: Container killed due to memory usage",
        )


class PlannedStop:
    """The stop of one task, which waits for its moment.

    Args:
        stop: how the task is stopped.
        after_seconds: virtual seconds from `begin`, or from when the text was written.
        once_said: the text that the containers write first; empty to wait for none.
        on_stopped: called when the task is stopped.
    """

    def __init__(self, stop: Stop, after_seconds: float, once_said: bytes, on_stopped: Callable[[], None]) -> None:
        self._stop = stop
        self.after_seconds = after_seconds
        self._text = once_said
        self._on_stopped = on_stopped
        self._tail = b""
        self._said = Wake()
        if not once_said:
            self._said.set()

    def hear(self, chunk: bytes) -> None:
        """Take what a container writes."""
        if not self._said.is_set():
            heard = self._tail + chunk
            self._tail = heard[-len(self._text) :]
            if self._text in heard:
                self._said.set()

    def begin(self, clock: Clock, interrupt: Callable[[Stop], bool], ended: Wake) -> None:
        """Wait from now on, in a thread of its own.

        Args:
            clock: the clock of the wait.
            interrupt: stops the task; False if something else has.
            ended: set when the task has ended.
        """
        if self._said.is_set() and not self.after_seconds:
            self._strike(interrupt)
            return
        threading.Thread(target=self._run, args=(clock, interrupt, ended), daemon=True, name="sandbox-fault").start()

    def _run(self, clock: Clock, interrupt: Callable[[Stop], bool], ended: Wake) -> None:
        ended.add_listener(self._said)
        clock.wait(None, self._said)
        ended.remove_listener(self._said)
        clock.wait(clock.now() + self.after_seconds, ended)
        if not ended.is_set():
            self._strike(interrupt)

    def _strike(self, interrupt: Callable[[Stop], bool]) -> None:
        if interrupt(self._stop):
            self._on_stopped()
