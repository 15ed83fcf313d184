"""How what a run left behind is seen to its end before another one starts, by where its job runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from definitions import names
from definitions.left_over_function import function_of_dead_run, left_over_function_states, own_function
from definitions.left_over_task import left_over_task_states, own_tasks, tasks_of_dead_run
from definitions.run_task import RunTarget
from spec.job import JobSpec


@dataclass(frozen=True, kw_only=True)
class LeftOver:
    """The way to the states that see to it.

    Attributes:
        first: the first of them.
        own: what to assign on the way there for what the run itself may have left.
        of_dead_run: the same for what the run that has the lock may have left, which ended at a time (JSONata).
    """

    first: str
    own: dict[str, Any]
    of_dead_run: Callable[[str], dict[str, Any]]


def left_over(job: JobSpec) -> LeftOver:
    """What a run of the job may leave behind."""
    if job.run_on.kind == "lambda":
        return LeftOver(first=names.WAIT_FOR_FUNCTION, own=own_function(job), of_dead_run=function_of_dead_run)
    return LeftOver(first=names.SETTLE, own=own_tasks(), of_dead_run=tasks_of_dead_run)


def left_over_states(
    job: JobSpec, target: RunTarget, *, table: str, when_self: str, when_self_assign: dict[str, Any] | None
) -> dict[str, Any]:
    """The states that see to it, with the arguments of `turn_states`."""
    if job.run_on.kind == "lambda":
        return left_over_function_states(when_self=when_self, when_self_assign=when_self_assign)
    return left_over_task_states(
        job,
        table=table,
        cluster_arn=target.cluster_arn,
        when_self=when_self,
        when_self_assign=when_self_assign,
        any_family=target.has_other_families,
    )
