"""Plays the deployed schedules: at full speed over a span of time, or along with the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws
    from sandbox.triggers import Delivery

# How long a look at the runs may be put off while they work, in real seconds.
_GLANCE_SECONDS = 0.1
# Trigger, scheduled time, target and copy of a delivery.
_Key = tuple[str, datetime, str, int]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one delivery of a scheduled time came to.

    Attributes:
        trigger: the name of the rule or schedule.
        state_machine_arn: what it starts; of a task without a state machine, the cluster.
        scheduled_time: the time it was due, in UTC.
        status: AWS's status of the execution (RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED), or NOT_STARTED. A task
            without a state machine is FAILED where its container did not exit with 0 by itself.
        execution_arn, task_arn: of what was started; empty if it was not.
        task: that task as ECS tells it once it has stopped.
        error, cause: why it failed or was not started.
    """

    trigger: str
    state_machine_arn: str
    scheduled_time: datetime
    status: str
    execution_arn: str = ""
    task_arn: str = ""
    task: Mapping[str, Any] | None = None
    error: str = ""
    cause: str = ""


def play(
    aws: LocalAws, start: datetime, end: datetime, on_change: Callable[[Run], None] = lambda _run: None
) -> list[Run]:
    """Fire everything that is scheduled after `start` and up to `end`, in order, and wait for all of its runs.

    The clock jumps to whatever comes next whenever nothing works. It goes beyond `end` for what runs still wait for
    then (retries, timeouts, flexible windows). An interruption (Ctrl-C) leaves at once and starts nothing more.

    Args:
        aws: a started sandbox with a stack in it.
        start: where to begin, not before the clock: rates count from the creation of their rule, so with a stack just
            deployed and `end` = `start` + 24 hours, `rate(1 day)` comes once.
        end: the last scheduled time.
        on_change: told of each run when it starts, when it ends, and when it could not be started.

    Returns:
        The runs, in the order in which they were fired.
    """
    from sandbox.triggers import Triggers

    triggers = Triggers(aws, after=start, until=end)
    runs = _Runs(aws, on_change)
    _go_to(aws, start.timestamp(), runs)
    while True:
        _settle(aws, runs)
        due = triggers.next_time()
        deadline = aws.clock.next_deadline() if runs.unfinished else None
        coming = [moment for moment in (due.timestamp() if due else None, deadline) if moment is not None]
        if not coming:
            return runs.all()
        if not aws.clock.advance_to(min(coming)):
            continue
        with aws.clock.working():
            for delivery in triggers.fire(datetime.fromtimestamp(aws.clock.now(), UTC)):
                runs.add(delivery)


def follow(
    aws: LocalAws, stop: threading.Event, on_delivery: Callable[[Delivery], None] = lambda _delivery: None
) -> None:
    """Fire what is due as the clock goes, at its speed, until `stop` is set.

    Rules and schedules may come, change and go meanwhile; one that is there already fires from its creation on.

    Args:
        aws: a started sandbox.
        stop: ends it, after the delivery that is being made.
        on_delivery: told of each attempt to start something.
    """
    from sandbox.triggers import Triggers

    triggers = Triggers(aws, after=datetime.fromtimestamp(0, UTC))
    while not stop.is_set():
        with aws.clock.working():
            for delivery in triggers.fire(datetime.fromtimestamp(aws.clock.now(), UTC)):
                on_delivery(delivery)
                if stop.is_set():
                    return
        due = triggers.next_time()
        pause = 1.0 if due is None else (due.timestamp() - aws.clock.now()) / aws.clock.speed
        # At most a second, because a new rule may be due before what is known now.
        stop.wait(min(max(pause, 0.0), 1.0))


class _Runs:
    """The runs that were fired, in that order, and which of them have not ended."""

    def __init__(self, aws: LocalAws, on_change: Callable[[Run], None]) -> None:
        self._aws = aws
        self._on_change = on_change
        self._runs: dict[_Key, Run] = {}
        self.unfinished: dict[str, _Key] = {}

    def all(self) -> list[Run]:
        return list(self._runs.values())

    def add(self, delivery: Delivery) -> None:
        """Note what came of an attempt to start a run."""
        key = (delivery.trigger_arn, delivery.scheduled_time, delivery.target_arn, delivery.copy)
        started, is_task = delivery.status == "STARTED", delivery.started_arn.split(":")[2:3] == ["ecs"]
        self._runs[key] = Run(
            trigger=delivery.trigger,
            state_machine_arn=delivery.target_arn,
            scheduled_time=delivery.scheduled_time,
            status="RUNNING" if started else "NOT_STARTED",
            execution_arn="" if is_task else delivery.started_arn,
            task_arn=delivery.started_arn if is_task else "",
            error=delivery.error_code,
            cause=delivery.error_message,
        )
        if started:
            self.unfinished[delivery.started_arn] = key
        if delivery.status != "RETRYING":
            self._on_change(self._runs[key])

    def look(self) -> None:
        """Learn which runs have ended."""
        from ministack.services import stepfunctions

        for arn, key in list(self.unfinished.items()):
            if self._runs[key].task_arn:
                self._look_at_task(arn, key)
                continue
            # The record itself, because a call for each run at each glance would slow the runs down.
            record = stepfunctions._executions.get_scoped(self._aws.account, self._aws.region, arn)
            if record is not None and record["status"] == "RUNNING":
                continue
            del self.unfinished[arn]
            ended = self._aws.client("stepfunctions").describe_execution(executionArn=arn)
            self._runs[key] = replace(
                self._runs[key],
                status=ended["status"],
                error=ended.get("error", ""),
                cause=ended.get("cause", ""),
            )
            self._on_change(self._runs[key])

    def _look_at_task(self, arn: str, key: _Key) -> None:
        if not self._aws.tasks.stopped(arn).is_set():
            return
        del self.unfinished[arn]
        task = self._aws.client("ecs").describe_tasks(cluster=self._runs[key].state_machine_arn, tasks=[arn])["tasks"][
            0
        ]
        if _did_its_work(task):
            self._runs[key] = replace(self._runs[key], status="SUCCEEDED", task=task)
        else:
            reasons = [each.get("reason") for each in task["containers"]]
            cause = next(filter(None, reasons), task.get("stoppedReason", ""))
            self._runs[key] = replace(
                self._runs[key], status="FAILED", task=task, error=task.get("stopCode", ""), cause=cause
            )
        self._on_change(self._runs[key])


def _did_its_work(task: Mapping[str, Any]) -> bool:
    exited = all(container.get("exitCode") == 0 for container in task["containers"])
    return exited and task.get("stopCode") == "EssentialContainerExited"


def _settle(aws: LocalAws, runs: _Runs) -> None:
    """Wait until nothing works, and look at the runs meanwhile and at the end."""
    while not aws.clock.wait_idle(_GLANCE_SECONDS):
        runs.look()
    runs.look()


def _go_to(aws: LocalAws, epoch: float, runs: _Runs) -> None:
    while True:
        _settle(aws, runs)
        deadline = aws.clock.next_deadline()
        if aws.clock.advance_to(epoch if deadline is None else min(epoch, deadline)) and aws.clock.now() >= epoch:
            return


def run_to_end(aws: LocalAws, execution_arn: str) -> None:
    """Wait for one execution, jumping over its waits; no schedule fires meanwhile.

    Args:
        aws: a started sandbox.
        execution_arn: an execution that runs or has ended.
    """
    client = aws.client("stepfunctions")
    while True:
        aws.clock.wait_idle()
        if client.describe_execution(executionArn=execution_arn)["status"] != "RUNNING":
            return
        deadline = aws.clock.next_deadline()
        if deadline is not None:
            aws.clock.advance_to(deadline)
