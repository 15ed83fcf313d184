"""The tasks of a job without a state machine, as the ledger remembers them, and ECS for an hour after their end.

Events may be missing or late, and lists of ECS too: of a task the later of what the two tell counts. One that goes on
by the ledger and that ECS does not know has ended nobody knows how, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.aws import Aws
from ops.errors import NotFoundError
from ops.ledger import Change, Ledger, latest, ledger_of, started
from ops.stack import DeployedJob
from ops.task_changes import GROUP, change_of
from ops.task_start import read_start

_MOST_DESCRIBED = 100
_SPANS = tuple(timedelta(days=days) for days in (1, 8, 35, 90))
_BEGINNING = datetime.fromtimestamp(0, UTC)


def task_changes(aws: Aws, job: DeployedJob, *, since: datetime | None = None) -> Iterator[Change]:
    """The last change of each task of a job, those of which something was told last first; some calls at a time.

    Args:
        aws: where the job is.
        job: a job without a state machine.
        since: only of tasks that started then or later.

    Raises:
        botocore's errors.
    """
    known = {change["executionArn"]: change for change in tasks_of_ecs(aws, job)}
    ledger, seen, now = ledger_of(aws, job), set[str](), datetime.now(UTC)
    for start, end in _spans(now, since):
        written = ledger.changes([job], start, end) if ledger else []
        if end is None:
            written += known.values()
        found = {arn: change for arn, change in latest(written).items() if arn not in seen}
        seen |= found.keys()
        # Lists are eventually consistent, so that it may not be in one.
        unlisted = [arn for arn, change in found.items() if change["status"] == "RUNNING" and arn not in known]
        asked = {arn: told_by_ecs(aws, job, arn) for arn in unlisted}
        for change in sorted(filter(None, (found | asked).values()), key=started, reverse=True):
            if since is None or started(change) >= since:
                yield change


def read_task(aws: Aws, job: DeployedJob, task_arn: str, ledger: Ledger | None = None) -> Change:
    """What is told of one task of a job.

    Args:
        aws: where it is.
        job: a job without a state machine.
        task_arn: the task.
        ledger: the stack's; it is looked for where none is given.

    Raises:
        NotFoundError: neither ECS nor the ledger knows it as a task of the job, or how it ended.
        botocore's errors.
    """
    name = task_arn.rpartition("/")[2]
    if told := told_by_ecs(aws, job, task_arn):
        return told
    book = ledger or ledger_of(aws, job)
    change = latest(book.changes([job], _BEGINNING, task_arn=task_arn)).get(task_arn) if book else None
    if change is None:
        raise NotFoundError(f"{job.name} has no run {name}, or nothing of it was kept")
    if change["status"] == "RUNNING":
        raise NotFoundError(f"ECS knows the task {name} of {job.name} no more, and nobody has kept how it ended")
    return change


def told_by_ecs(aws: Aws, job: DeployedJob, task_arn: str) -> Change | None:
    """What ECS says of one task of a job; None where it does not know it. Raises botocore's errors."""
    return next(iter(described(aws, job, task_arn.split("/")[-2], [task_arn])), None)


def tasks_of_ecs(aws: Aws, job: DeployedJob) -> list[Change]:
    """The tasks of a job that go on, and those that ended in the last hour. Raises botocore's errors.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    """
    ecs, cluster = aws("ecs"), read_start(aws, job).cluster
    arns: dict[str, None] = {}
    # In this order, or one that begins to stop in between would be in neither.
    for status in ("RUNNING", "STOPPED"):
        pages = ecs.get_paginator("list_tasks").paginate(
            cluster=cluster, family=job.resource_name, desiredStatus=status
        )
        arns |= dict.fromkeys(arn for page in pages for arn in page["taskArns"])
    return described(aws, job, cluster, list(arns))


def described(aws: Aws, job: DeployedJob, cluster: str, arns: list[str]) -> list[Change]:
    """What ECS says of tasks, as far as they are the job's own and no state machine's. Raises botocore's errors."""
    ecs, found = aws("ecs"), list[Change]()
    for first in range(0, len(arns), _MOST_DESCRIBED):
        try:
            answer = ecs.describe_tasks(cluster=cluster, tasks=arns[first : first + _MOST_DESCRIBED])
        except ecs.exceptions.ClusterNotFoundException:
            return []
        found += _changes(job, answer["tasks"])
    return found


def _changes(job: DeployedJob, tasks: Iterable[dict[str, Any]]) -> Iterator[Change]:
    for task in tasks:
        if task.get("group") == f"{GROUP}{job.resource_name}" and (change := change_of(task, job.arn)):
            yield change


def _spans(now: datetime, since: datetime | None) -> Iterator[tuple[datetime, datetime | None]]:
    """The times to look at, the last first."""
    end: datetime | None = None
    for start in (*(now - span for span in _SPANS), _BEGINNING):
        if since is not None and start <= since:
            yield since, end
            return
        yield start, end
        end = start
