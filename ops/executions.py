"""The executions of jobs, as ListExecutions tells of them: little of each, but of many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from ops.aws import Aws
from ops.stack import DeployedJob

FAILED_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
"""Step Functions' statuses of an execution that did not do its work."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution in a few words.

    Attributes:
        arn: its ARN.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; SKIPPED where its output was read. ListExecutions takes
            a skipped run for one that succeeded.
        started: when.
        stopped: when it ended; None while it runs.
        trigger: what started it, as its input says; None where that was not read.
    """

    arn: str
    status: str
    started: datetime
    stopped: datetime | None
    # What the ledger tells of it is the same execution as what a list does not.
    trigger: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def goes_on(self) -> bool:
        return self.status == "RUNNING"

    @property
    def failed(self) -> bool:
        return self.status in FAILED_STATUSES

    @property
    def is_by_event(self) -> bool:
        """Whether another job's end, a step of one or an object started it, whatever the schedule did."""
        return self.trigger in ("job", "step", "object")

    @property
    def duration(self) -> timedelta | None:
        return self.stopped - self.started if self.stopped else None


def newest_executions(aws: Aws, job: DeployedJob, count: int, status: str | None = None) -> list[Execution]:
    """The last executions of a job, of one of Step Functions' statuses or of any; a call for each hundred.

    Args:
        aws: where the job is.
        job: the job.
        count: how many at most.
        status: only of this status.

    Returns:
        Those that started last come first.
    """
    return newest_first(islice(executions(aws, job, status), count))


def newest_first(found: Iterable[Execution]) -> list[Execution]:
    """Executions by their start."""
    return sorted(found, key=lambda execution: execution.started, reverse=True)


def executions(aws: Aws, job: DeployedJob, status: str | None = None, page_size: int = 100) -> Iterator[Execution]:
    """All executions of a job as AWS lists them, of one of Step Functions' statuses or of any, page by page.

    "Results are sorted by time, with the most recent execution first", and AWS does not say which time: one that goes
    on may come by its start, and one that has ended by its end.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    """
    pages = (
        aws("stepfunctions")
        .get_paginator("list_executions")
        .paginate(
            stateMachineArn=job.state_machine_arn,
            PaginationConfig={"PageSize": page_size},
            **({"statusFilter": status} if status else {}),
        )
    )
    for page in pages:
        yield from map(listed_execution, page["executions"])


def listed_execution(entry: dict[str, Any]) -> Execution:
    """An execution as ListExecutions has it."""
    return Execution(
        arn=entry["executionArn"], status=entry["status"], started=entry["startDate"], stopped=entry.get("stopDate")
    )
