"""Stops a run, and makes sure that no task of it runs on. Of a job without a state machine the run is its task.

StopExecution ends an execution at once. Step Functions then tries to stop the task that it waits for, and tells nobody
whether that went well: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ops.aws import Aws
from ops.errors import NotFoundError
from ops.run_tasks import RunTask, described_tasks, last_asked, task_place, tasks_of
from ops.task_changes import is_task, run_name

PATIENCE_SECONDS = 600
"""How long a task is given: a container has 120 s at most after SIGTERM, a pull of its image has no limit."""
_SETTLE_SECONDS = 60
"""After what time a list of tasks is taken to have every task that was asked for before."""
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What became of the tasks of a run that was stopped.

    Attributes:
        tasks: all that ECS still tells of.
        by_hand: ARNs of those that Step Functions had left running, and that were stopped here.
    """

    tasks: tuple[RunTask, ...]
    by_hand: frozenset[str]

    @property
    def left(self) -> tuple[RunTask, ...]:
        """Those that have not stopped."""
        return tuple(task for task in self.tasks if task.is_live)


def stop_execution(aws: Aws, execution_arn: str, cause: str) -> None:
    """End an execution as ABORTED with a cause, or stop a task. Raises botocore's errors."""
    if is_task(execution_arn):
        aws("ecs").stop_task(cluster=_cluster(execution_arn), task=execution_arn, reason=cause)
        return
    aws("stepfunctions").stop_execution(executionArn=execution_arn, cause=cause)


def live_tasks(aws: Aws, execution_arn: str) -> list[RunTask]:
    """The tasks of a run that have not stopped, of all its steps.

    Raises NotFoundError where Step Functions knows the execution no more; botocore's errors.
    """
    if is_task(execution_arn):
        return [task for task in described_tasks(aws, _cluster(execution_arn), [execution_arn]) if task.is_live]
    try:
        place = task_place(aws, execution_arn)
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        name = run_name(execution_arn)
        raise NotFoundError(
            f"{name} has ended, and Step Functions knows it no more: nobody tells which tasks it had"
        ) from None
    known = last_asked(aws, execution_arn, several=place.several).submitted
    tasks = tasks_of(aws, execution_arn, place, known)
    return [task for task in tasks if task.is_live]


def see_tasks_stopped(
    aws: Aws,
    execution_arn: str,
    reason: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    settle_seconds: float = _SETTLE_SECONDS,
) -> Stopped:
    """Wait until every task of a run that has ended has stopped; stop those that Step Functions leaves running.

    An execution that ended while it asked for a task may have one that no list shows yet: then it takes a minute, as
    it does where executions of a map run were stopped.

    Args:
        aws: where they are.
        execution_arn: the run.
        reason: what ECS is told of a task that is stopped here.
        patience_seconds: after what time a task that has not stopped is left.
        settle_seconds: how old what a list of tasks shows may be.

    Raises:
        botocore's errors.
    """
    if is_task(execution_arn):
        return _see_task_stopped(aws, execution_arn, patience_seconds)
    place, began, by_hand, looks = task_place(aws, execution_arn), time.monotonic(), set[str](), 0
    asked = last_asked(aws, execution_arn, several=place.several)
    while True:
        tasks = tasks_of(aws, execution_arn, place, asked.submitted)
        live, waited = [task for task in tasks if task.is_live], time.monotonic() - began
        settled = asked.over and (not asked.unanswered or waited >= settle_seconds)
        if (settled and not live) or waited >= patience_seconds:
            return Stopped(tasks=tuple(tasks), by_hand=frozenset(by_hand))
        for task in live if looks else ():  # At the first look Step Functions may still be about to.
            if task.should_run:
                aws("ecs").stop_task(cluster=task.cluster, task=task.arn, reason=reason)
                by_hand.add(task.arn)
        looks += 1
        time.sleep(_PAUSE_SECONDS)
        if not asked.over:
            asked = last_asked(aws, execution_arn, several=place.several)


def _see_task_stopped(aws: Aws, task_arn: str, patience_seconds: float) -> Stopped:
    """Wait until a task that was told to stop has."""
    began = time.monotonic()
    while True:
        tasks = described_tasks(aws, _cluster(task_arn), [task_arn])
        if not any(task.is_live for task in tasks) or time.monotonic() - began >= patience_seconds:
            return Stopped(tasks=tuple(tasks), by_hand=frozenset())
        time.sleep(_PAUSE_SECONDS)


def _cluster(task_arn: str) -> str:
    return task_arn.split("/")[-2]
