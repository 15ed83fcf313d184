"""The ECS tasks of a run: those whose group is its name, in the family of its job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.aws import Aws
from ops.stack import DeployedJob

_RUN_TASK = "runTask.sync"
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_MOST_DESCRIBED = 100
_ENDS = ("ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionTimedOut")


@dataclass(frozen=True, kw_only=True)
class RunTask:
    """A task of a run.

    Attributes:
        arn: its ARN.
        cluster: the ARN of its cluster.
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
    """What an execution's history says of the task that it asked for last.

    Attributes:
        over: whether the history has the execution's end: it is eventually consistent.
        submitted: the task's ARN, where ECS took it and Step Functions has not seen it end.
        unanswered: whether it is not known if ECS took it.
    """

    over: bool
    submitted: str | None
    unanswered: bool


def cluster_of(aws: Aws, execution_arn: str) -> str:
    """The ARN of the cluster that a run's tasks are in, by the definition that the run goes by."""
    text = aws("stepfunctions").describe_state_machine_for_execution(executionArn=execution_arn)["definition"]
    states = json.loads(text)["States"].values()
    return next(state["Arguments"]["Cluster"] for state in states if state.get("Resource", "").endswith(_RUN_TASK))


def last_asked(aws: Aws, execution_arn: str) -> Asked:
    """Read the history from its end to the last task that was asked for.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
    """
    pages = (
        aws("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution_arn, reverseOrder=True, PaginationConfig={"PageSize": 1000})
    )
    over = False
    for place, event in enumerate(event for page in pages for event in page["events"]):
        kind = event["type"]
        if place == 0:
            over = kind in _ENDS
        details: dict[str, Any] = next((event[key] for key in event if key.endswith("EventDetails")), {})
        if details.get("resource") == _RUN_TASK:
            return Asked(
                over=over,
                submitted=json.loads(details["output"])["Tasks"][0]["TaskArn"] if kind == "TaskSubmitted" else None,
                unanswered=kind in ("TaskScheduled", "TaskStarted"),
            )
    return Asked(over=over, submitted=None, unanswered=False)


def tasks_of(aws: Aws, job: DeployedJob, execution_arn: str, cluster: str, known: set[str]) -> list[RunTask]:
    """The tasks of a run that ECS lists, and of those that are known beside. Raises botocore's errors.

    Lists are eventually consistent: a task of the last minute may be missing.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html

    Args:
        aws: where they are.
        job: the run's job.
        execution_arn: the run.
        cluster: the ARN of its cluster.
        known: ARNs of tasks of the run, which may be missing in the lists.
    """
    # In this order, or one that begins to stop in between would be in neither.
    listed = [arn for status in ("RUNNING", "STOPPED") for arn in _listed(aws, job, cluster, status)]
    arns = sorted({*listed, *known})
    group = execution_arn.rpartition(":")[2]
    return [
        _task(task, cluster)
        for first in range(0, len(arns), _MOST_DESCRIBED)
        for task in aws("ecs").describe_tasks(cluster=cluster, tasks=arns[first : first + _MOST_DESCRIBED])["tasks"]
        if task.get("group") == group
    ]


def _listed(aws: Aws, job: DeployedJob, cluster: str, status: str) -> Iterator[str]:
    pages = (
        aws("ecs").get_paginator("list_tasks").paginate(cluster=cluster, family=job.resource_name, desiredStatus=status)
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
