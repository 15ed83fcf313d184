"""The faults of one sandbox, and the places at which it asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sandbox.clock import Clock
from sandbox.faults.causes import SpoilCause
from sandbox.faults.clusters import LoseContact, RefuseJob, RejectPod
from sandbox.faults.deliveries import DeliverLate, DeliverTwice, Due, Scheduled, SpoilChange
from sandbox.faults.fault import Fault
from sandbox.faults.functions import InvokeAnswer, RefuseInvoke
from sandbox.faults.run_task import RefuseCapacity, RunTaskAnswer, RunTaskCall, Throttle
from sandbox.faults.starting import FailPull, LoseSecret
from sandbox.faults.stopping import PlannedStop, TaskStop

AnyFault = TypeVar("AnyFault", bound=Fault)


class Faults:
    """What goes wrong in a sandbox: nothing until a fault is added.

    Of several faults that could strike one call or start, the one that was added first does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Replaced as a whole, so that every thread reads a whole one.
        self._faults: tuple[Fault, ...] = ()

    def add(self, fault: AnyFault) -> AnyFault:
        """From now on this goes wrong too; gives the fault, whose counts grow."""
        self._faults = (*self._faults, fault)
        return fault

    def clear(self) -> None:
        """From now on nothing goes wrong; stops that are planned for tasks that run stay planned."""
        self._faults = ()

    def run_task(self, family: str, capacity_provider: str | None, subnets: Sequence[str]) -> RunTaskAnswer | None:
        """What RunTask answers to a call that is right; None if it starts the task."""
        call = RunTaskCall(
            family=family, capacity_provider=capacity_provider, subnets=subnets, second=self._clock.now()
        )
        for fault in self._faults:
            if isinstance(fault, RefuseCapacity | Throttle) and (answer := fault.answer(call)) is not None:
                return answer
        return None

    def has_no_room(self, name: str) -> bool:
        """Whether no node of a Kubernetes cluster has room for a Pod of the Job of that name; asked at each try."""
        full = [fault for fault in self._faults if isinstance(fault, RefuseCapacity) and not fault.spot_only]
        return any(fault.strikes(name) for fault in full)

    def api_is_busy(self, name: str) -> bool:
        """Whether the API server of a Kubernetes cluster has too many requests to take a Job of that name."""
        call = RunTaskCall(family=name, capacity_provider=None, subnets=(), second=self._clock.now())
        return any(fault.answer(call) is not None for fault in self._faults if isinstance(fault, Throttle))

    def job_refusal(self, name: str) -> RefuseJob | None:
        """The error that answers the creation of a Kubernetes Job of that name; None if it is taken."""
        return next((each for each in self._faults if isinstance(each, RefuseJob) and each.strikes(name)), None)

    def pod_is_rejected(self, name: str) -> bool:
        """Whether the node that a Pod of the Job of that name is meant for does not take it."""
        return any(fault.strikes(name) for fault in self._faults if isinstance(fault, RejectPod))

    def contact_is_lost(self, name: str) -> bool:
        """Whether nobody reaches the node of a Pod of the Job of that name that is to end."""
        return any(fault.strikes(name) for fault in self._faults if isinstance(fault, LoseContact))

    def start_container(self, family: str, container: Mapping[str, Any]) -> None:
        """Asked before a container of a task starts; raises TaskStartError if it does not."""
        for fault in self._faults:
            if isinstance(fault, FailPull | LoseSecret) and (error := fault.error(family, container)) is not None:
                raise error

    def read_secret(self, function: str) -> str | None:
        """Why a function, by its name, does not get a secret that it reads; None if it does."""
        lost = (fault.because for fault in self._faults if isinstance(fault, LoseSecret) and fault.strikes(function))
        return next(lost, None)

    def stops(self, family: str, capacity_provider: str | None) -> list[PlannedStop]:
        """The stops that are planned for a task that starts."""
        planned = [fault.plan(family, capacity_provider) for fault in self._faults if isinstance(fault, TaskStop)]
        return [stop for stop in planned if stop is not None]

    def invoke(self, function: str) -> InvokeAnswer | None:
        """What Invoke answers for a function, by its name; None if it is invoked."""
        for fault in self._faults:
            if isinstance(fault, RefuseInvoke) and (answer := fault.answer(function)) is not None:
                return answer
        return None

    def function_stops(self, function: str) -> list[PlannedStop]:
        """The stops that are planned for an invocation that begins."""
        planned = [fault.plan_of_function(function) for fault in self._faults if isinstance(fault, TaskStop)]
        return [stop for stop in planned if stop is not None]

    def cause(self, cause: str, task: Mapping[str, Any]) -> str:
        """The Cause that Step Functions gives for a task that failed, in its PascalCase."""
        family = task["TaskDefinitionArn"].rpartition("/")[2].rpartition(":")[0]
        for fault in self._faults:
            if isinstance(fault, SpoilCause) and (spoilt := fault.cause(family, task)) is not None:
                return spoilt
        return cause

    def told(self, family: str) -> int:
        """How often a change of a task's state is told as an event."""
        times = 1
        for fault in self._faults:
            if isinstance(fault, SpoilChange):
                times = fault.times(family, times)
        return times

    def job_cause(self, name: str, cause: str, job: Mapping[str, Any]) -> str:
        """The Cause that Step Functions gives for a Kubernetes Job that failed."""
        for fault in self._faults:
            if isinstance(fault, SpoilCause) and (spoilt := fault.job_cause(name, job)) is not None:
                return spoilt
        return cause

    def delays(self, trigger: Scheduled, scheduled_time: datetime) -> list[float]:
        """When a scheduled time is delivered: seconds after it is due, once for each delivery."""
        delays = [0.0]
        for fault in self._faults:
            if isinstance(fault, DeliverTwice | DeliverLate):
                delays = fault.changed(delays, Due(trigger, scheduled_time))
        return delays

    def deliveries(self, machine: str) -> int:
        """How often an event that starts a state machine of that name is delivered."""
        twice = [fault for fault in self._faults if isinstance(fault, DeliverTwice)]
        return 1 + sum(fault.strikes(machine) for fault in twice)
