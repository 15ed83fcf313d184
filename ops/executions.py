"""The executions of jobs, as ListExecutions tells of them: little of each, but of many at a time.

Of a job without a state machine they are its tasks, which the ledger and ECS tell of, and what it ran before it moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from ops.aws import Aws
from ops.execution import Execution, newest_first
from ops.ledger import BEGINNING, execution_of, ledger_of
from ops.stack import DeployedJob
from ops.task_runs import job_changes, unlisted_changes


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


def executions(aws: Aws, job: DeployedJob, status: str | None = None, page_size: int = 100) -> Iterator[Execution]:
    """All executions of a job as AWS lists them, of one of Step Functions' statuses or of any, page by page.

    "Results are sorted by time, with the most recent execution first", and AWS does not say which time: one that goes
    on may come by its start, and one that has ended by its end.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
    """
    if job.state_machine_arn is None:
        told = map(execution_of, job_changes(aws, job))
        yield from (execution for execution in told if status in (None, execution.status))
        return
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


def unlisted_executions(
    aws: Aws, job: DeployedJob, listed: Collection[str], since: datetime = BEGINNING
) -> list[Execution]:
    """The runs of a job with a state machine that `executions` does not tell of, the newest first: those that Step
    Functions has forgotten, and the tasks of before it had one.

    Args:
        aws: where the job is.
        job: the job.
        listed: the ARNs of the executions that it told of.
        since: only of runs of which the ledger has a line from then on.

    Raises:
        botocore's errors.
    """
    ledger = ledger_of(aws, job)
    changes = ledger.changes([job], since) if ledger else []
    return [execution_of(change) for change in unlisted_changes(aws, job, changes, listed)]


def listed_execution(entry: dict[str, Any]) -> Execution:
    """An execution as ListExecutions has it."""
    return Execution(
        arn=entry["executionArn"], status=entry["status"], started=entry["startDate"], stopped=entry.get("stopDate")
    )
