"""The ECS tasks of a run: those whose group is its name, in the families of its job and its steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ops.aws import Aws
from ops.machine_tasks import family_of, task_arguments
from ops.places import details_of

_RUN_TASK = "runTask.sync"
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_MOST_DESCRIBED = 100
_ENDS = ("ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionTimedOut")


@dataclass(frozen=True, kw_only=True)
class RunTask:
    """A task of a run.

    Attributes:
        arn: its ARN.
        cluster: its cluster, by name or ARN.
        status: what it is, such as PROVISIONING, RUNNING, STOPPING, STOPPED.
        should_run: whether nobody has asked ECS to stop it yet.
        exit_code: the job's, once it has one.
    """

    arn: str
    cluster: str
    status: str
    should_run: bool
    exit_code: int | None

    @property
    def is_live(self) -> bool:
        return self.status != "STOPPED"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an execution's history says of the tasks that it asked for last, one in each branch and for each item.

    Attributes:
        over: whether the history has the execution's end: it is eventually consistent.
        submitted: the ARNs of tasks that ECS took and that Step Functions has not seen end.
        unanswered: whether it is not known of some if ECS took them.
    """

    over: bool
    submitted: frozenset[str]
    unanswered: bool


@dataclass(frozen=True, kw_only=True)
class TaskPlace:
    """Where the tasks of a run are, by the definition that the run goes by.

    Attributes:
        cluster: the ARN of their cluster; None of a run whose steps are other jobs, which has no tasks.
        families: of their task definitions.
        several: whether there may be more than one at the same time.
    """

    cluster: str | None
    families: tuple[str, ...]
    several: bool


def task_place(aws: Aws, execution_arn: str) -> TaskPlace:
    """Where a run's tasks are. Raises botocore's errors."""
    text = aws("stepfunctions").describe_state_machine_for_execution(executionArn=execution_arn)["definition"]
    definition = json.loads(text)
    arguments = list(task_arguments(definition))
    families = dict.fromkeys(family_of(each["TaskDefinition"]) for each in arguments)
    return TaskPlace(
        cluster=arguments[0]["Cluster"] if arguments else None,
        families=tuple(families),
        several=any(state["Type"] in ("Parallel", "Map") for state in definition["States"].values()),
    )


def last_asked(aws: Aws, execution_arn: str, *, several: bool) -> Asked:
    """Read the history from its end to the tasks that were asked for last.

    Of a map run that was stopped nobody tells which tasks its executions were asking for.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html

    Args:
        aws: where the run is.
        execution_arn: the run.
        several: whether it may have had more than one at the same time: then the whole history is read.

    Raises:
        botocore's errors.
    """
    pages = (
        aws("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution_arn, reverseOrder=True, PaginationConfig={"PageSize": 1000})
    )
    over, unanswered, submitted, followed = False, False, set[str](), set[int]()
    for place, event in enumerate(event for page in pages for event in page["events"]):
        kind, details = event["type"], details_of(event)
        if place == 0:
            over = kind in _ENDS
        if details.get("resource") == _RUN_TASK:
            followed.add(event["previousEventId"])
            if event["id"] not in followed:
                if kind == "TaskSubmitted":
                    submitted.add(json.loads(details["output"])["Tasks"][0]["TaskArn"])
                unanswered |= kind in ("TaskScheduled", "TaskStarted")
            if not several:
                break
        elif kind == "MapRunStarted":
            told = aws("stepfunctions").describe_map_run(mapRunArn=details["mapRunArn"])
            counts = told["executionCounts"]
            over &= told["status"] != "RUNNING" and not counts["running"]
            unanswered |= told["status"] == "ABORTED" or bool(counts["aborted"])
    return Asked(over=over, submitted=frozenset(submitted), unanswered=unanswered)


def tasks_of(aws: Aws, execution_arn: str, place: TaskPlace, known: Iterable[str] = ()) -> list[RunTask]:
    """The tasks of a run that ECS lists, and of those that are known beside. Raises botocore's errors.

    Lists are eventually consistent: a task of the last minute may be missing.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html

    Args:
        aws: where they are.
        execution_arn: the run; those of the executions of its map runs have its name for their group too.
        place: where they are looked for.
        known: ARNs of tasks of the run, which may be missing in the lists.
    """
    if place.cluster is None:
        return []
    # In this order, or one that begins to stop in between would be in neither.
    listed = [arn for status in ("RUNNING", "STOPPED") for arn in _listed(aws, place, status)]
    group = execution_arn.rpartition(":")[2]
    return described_tasks(aws, place.cluster, sorted({*listed, *known}), group=group)


def described_tasks(aws: Aws, cluster: str, arns: Sequence[str], *, group: str | None = None) -> list[RunTask]:
    """Those of some tasks that ECS still tells of, and only of a group where one is given. Raises botocore's errors."""
    return [
        _task(task, cluster)
        for first in range(0, len(arns), _MOST_DESCRIBED)
        for task in aws("ecs").describe_tasks(cluster=cluster, tasks=arns[first : first + _MOST_DESCRIBED])["tasks"]
        if group in (None, task.get("group"))
    ]


def _listed(aws: Aws, place: TaskPlace, status: str) -> Iterator[str]:
    for family in place.families:
        pages = (
            aws("ecs").get_paginator("list_tasks").paginate(cluster=place.cluster, family=family, desiredStatus=status)
        )
        for page in pages:
            yield from page["taskArns"]


def _task(task: dict[str, Any], cluster: str) -> RunTask:
    codes = [container["exitCode"] for container in task.get("containers", ()) if "exitCode" in container]
    return RunTask(
        arn=task["taskArn"],
        cluster=cluster,
        status=task["lastStatus"],
        should_run=task["desiredStatus"] != "STOPPED",
        exit_code=codes[0] if codes else None,
    )
