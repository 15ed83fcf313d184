"""Runs that no state machine lists: all of a job without one, and of other jobs what was forgotten, or was a task.

The ledger remembers them, ECS a task for an hour after its end, and Step Functions perhaps what ran before its machine
was deleted. Events may be missing or late, and lists of ECS too: of a task the later of what the two tell counts. A run
that goes on by the ledger and that nobody else knows has ended nobody knows how, and is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.aws import Aws
from ops.errors import NotFoundError
from ops.ledger import BEGINNING, Change, latest, ledger_of, started, written_change
from ops.stack import DeployedJob
from ops.task_changes import change_of_run, is_task, run_name
from ops.task_start import read_start

_MOST_DESCRIBED = 100
_SPANS = tuple(timedelta(days=days) for days in (1, 8, 35, 90))


def job_changes(aws: Aws, job: DeployedJob, *, since: datetime | None = None) -> Iterator[Change]:
    """The last change of each run of a job without a state machine, those of which something was told last first; some
    calls at a time. Among them are the executions of before it moved.

    Args:
        aws: where the job is.
        job: the job.
        since: of runs of which something was told then or later, and perhaps of others.

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
        asked = {arn: _told_now(aws, job, arn) for arn in unlisted}
        yield from sorted(filter(None, (found | asked).values()), key=started, reverse=True)


def unlisted_changes(
    aws: Aws, job: DeployedJob, changes: Iterable[Change], listed: Collection[str]
) -> Iterator[Change]:
    """The last change of each run that a job's state machine does not list, the newest first; a task that goes on by
    the ledger is asked for.

    Args:
        aws: where the job is.
        job: a job with a state machine.
        changes: what the ledger has of it.
        listed: the ARNs of the executions that Step Functions has listed.

    Raises:
        botocore's errors.
    """
    found = latest(changes)
    for change in sorted(found.values(), key=started, reverse=True):
        arn: str = change["executionArn"]
        if arn in listed:
            continue
        told: Change | None = change
        if change["status"] == "RUNNING":
            told = told_by_ecs(aws, [job], arn) if is_task(arn) else None
        if told:
            yield told


def read_task(aws: Aws, job: DeployedJob, task_arn: str) -> Change:
    """What is told of one task that was a run of a job.

    Raises:
        NotFoundError: neither ECS nor the ledger knows it as a run of the job, or how it ended.
        botocore's errors.
    """
    name = run_name(task_arn)
    if told := told_by_ecs(aws, [job], task_arn):
        return told
    change = written_change(aws, [job], task_arn)
    if change is None:
        raise NotFoundError(f"{job.name} has no run {name}, or nothing of it was kept")
    if change["status"] == "RUNNING":
        raise NotFoundError(f"ECS knows the task {name} of {job.name} no more, and nobody has kept how it ended")
    return change


def find_task(aws: Aws, jobs: Collection[DeployedJob], task_arn: str) -> Change | None:
    """What ECS, or else the ledger, says of a task, of whichever of a stack's jobs it is a run; None where neither
    knows it. Raises botocore's errors."""
    return told_by_ecs(aws, jobs, task_arn) or written_change(aws, jobs, task_arn)


def told_by_ecs(aws: Aws, jobs: Collection[DeployedJob], task_arn: str) -> Change | None:
    """What ECS says of one task, if it is a run of one of some jobs; None where it does not know it.

    Raises botocore's errors.
    """
    return next(iter(_described(aws, jobs, task_arn.split("/")[-2], [task_arn])), None)


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
    return _described(aws, [job], cluster, list(arns))


def _described(aws: Aws, jobs: Collection[DeployedJob], cluster: str, arns: list[str]) -> list[Change]:
    """What ECS says of tasks, as far as they are runs of some jobs and no state machine's."""
    ecs, of_tasks = aws("ecs"), {job.resource_name: job for job in jobs}
    found: list[Change] = []
    for first in range(0, len(arns), _MOST_DESCRIBED):
        try:
            answer = ecs.describe_tasks(cluster=cluster, tasks=arns[first : first + _MOST_DESCRIBED])
        except ecs.exceptions.ClusterNotFoundException:
            return []
        found += filter(None, (change_of_run(task, of_tasks) for task in answer["tasks"]))
    return found


def _told_now(aws: Aws, job: DeployedJob, arn: str) -> Change | None:
    """What ECS says of a task, or Step Functions of an execution of before the job moved; None of one not known."""
    if is_task(arn):
        return told_by_ecs(aws, [job], arn)
    states = aws("stepfunctions")
    try:
        answer: dict[str, Any] = states.describe_execution(executionArn=arn)
    except states.exceptions.ExecutionDoesNotExist:
        return None
    times = {key: int(answer[key].timestamp() * 1000) for key in ("startDate", "stopDate") if answer.get(key)}
    return {**answer, "stateMachineArn": job.arn, **times}


def _spans(now: datetime, since: datetime | None) -> Iterator[tuple[datetime, datetime | None]]:
    """The times to look at, the last first."""
    end: datetime | None = None
    for start in (*(now - span for span in _SPANS), BEGINNING):
        if since is not None and start <= since:
            yield since, end
            return
        yield start, end
        end = start
