"""How long a run may take: its attempts, the starts that AWS's own trouble adds, and the waits between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spec.container import RetrySpec, StartRetrySpec
    from spec.job import JobSpec


def longest_run_seconds(job: JobSpec) -> int:
    """The longest that all attempts of a run and the waits between them take, when AWS does its part."""
    return (job.retries.attempts + 1) * job.timeout_seconds + _waits(job.retries)


def longest_execution_seconds(job: JobSpec) -> int:
    """The longest that a run takes at all, once it need not wait for another one.

    A task that AWS takes away may have run for nearly its whole timeout, so a start from either budget costs as much.
    """
    return longest_run_seconds(job) + job.start_retries.attempts * job.timeout_seconds + _waits(job.start_retries)


def _waits(budget: RetrySpec | StartRetrySpec) -> int:
    waits, wait = 0.0, float(budget.interval_seconds)
    for _ in range(budget.attempts):
        waits += min(wait, budget.max_interval_seconds)
        wait *= budget.backoff_rate
    return int(waits)
