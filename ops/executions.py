"""The executions of jobs, as ListExecutions tells of them: little of each, but of many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.aws import Aws
from ops.names import FAILED_STATUSES
from ops.stack import DeployedJob

KEPT = timedelta(days=90)
"""How long Step Functions remembers an execution that has ended.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution in a few words.

    Attributes:
        arn: its ARN.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; SKIPPED where its output was read. ListExecutions takes
            a skipped run for one that succeeded.
        started: when.
        stopped: when it ended; None while it runs.
    """

    arn: str
    status: str
    started: datetime
    stopped: datetime | None

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def failed(self) -> bool:
        return self.status in FAILED_STATUSES

    @property
    def duration(self) -> timedelta | None:
        return self.stopped - self.started if self.stopped else None


def newest_executions(aws: Aws, job: DeployedJob, count: int) -> list[Execution]:
    """The last executions of a job by their start, newest first, at most `count`, up to 1,000: one call.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    """
    answer = aws("stepfunctions").list_executions(stateMachineArn=job.state_machine_arn, maxResults=count)
    return [_execution(entry) for entry in answer["executions"]]


def executions(aws: Aws, job: DeployedJob, status: str | None = None) -> Iterator[Execution]:
    """All executions of a job, newest first, of one of Step Functions' statuses or of any; asked for page by page."""
    pages = (
        aws("stepfunctions")
        .get_paginator("list_executions")
        .paginate(
            stateMachineArn=job.state_machine_arn,
            PaginationConfig={"PageSize": 100},
            **({"statusFilter": status} if status else {}),
        )
    )
    for page in pages:
        yield from map(_execution, page["executions"])


def _execution(entry: dict[str, Any]) -> Execution:
    return Execution(
        arn=entry["executionArn"], status=entry["status"], started=entry["startDate"], stopped=entry.get("stopDate")
    )
