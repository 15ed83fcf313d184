"""How long a run may take: its attempts, the starts that AWS's own trouble adds, and the waits between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from spec.step_containers import step_container

if TYPE_CHECKING:
    from spec.container import RetrySpec, StartRetrySpec
    from spec.job import JobSpec
    from spec.steps import StepSpec


def longest_run_seconds(job: JobSpec) -> int:
    """The longest that all attempts of a run and the waits between them take, when AWS does its part.

    Of a job with steps: of those that run one after the other, each once, as long as another job's run and the number
    of items are left out.
    """
    return _longest(job, _attempts_seconds)


def longest_execution_seconds(job: JobSpec) -> int:
    """The longest that a run takes at all, once it need not wait for another one; of steps as above.

    A task that AWS takes away may have run for nearly its whole timeout, so a start from either budget costs as much.
    """
    return _longest(job, lambda container: _attempts_seconds(container) + _starts_seconds(container))


def _longest(job: JobSpec, of_container: Callable[[JobSpec], int]) -> int:
    def of_step(step: StepSpec) -> int:
        if step.parallel:
            return max(map(of_step, step.parallel))
        if step.steps:
            return sum(map(of_step, step.steps))
        return of_container(step_container(job, step)) if step.is_container else 0

    return sum(map(of_step, (*job.steps, *job.on_failure))) if job.steps else of_container(job)


def _attempts_seconds(container: JobSpec) -> int:
    return (container.retries.attempts + 1) * container.timeout_seconds + _waits(container.retries)


def _starts_seconds(container: JobSpec) -> int:
    return container.start_retries.attempts * container.timeout_seconds + _waits(container.start_retries)


def _waits(budget: RetrySpec | StartRetrySpec) -> int:
    waits, wait = 0.0, float(budget.interval_seconds)
    for _ in range(budget.attempts):
        waits += min(wait, budget.max_interval_seconds)
        wait *= budget.backoff_rate
    return int(waits)
