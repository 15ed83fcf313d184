"""Does a task run that nobody waits for?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ops.doctor.finding import Finding, utc_text
from ops.doctor.patient import Patient
from ops.machine_tasks import family_of, machine_of
from ops.stack import DeployedJob

_BY_STEP_FUNCTIONS = "AWS Step Functions"
"""`startedBy` of a task that an execution runs; others somebody has started by hand."""
_MOST_DESCRIBED = 100
GRACE = timedelta(minutes=5)
"""For how long a task may outlive its run: a container has 120 s at most after SIGTERM, and lists lie behind."""


def check(patient: Patient) -> list[Finding]:
    """Tasks of the stack's families whose execution has ended or is gone."""
    clusters: dict[str, None] = {}

    def note(job: DeployedJob) -> Iterable[Finding]:
        for arguments in patient.machine(job).tasks:
            clusters[arguments["Cluster"]] = None
        return ()

    found = patient.each_machine_job("the tasks", note)
    return found + patient.each("the tasks", clusters, lambda cluster: _in(patient, cluster), lambda _cluster: None)


def _in(patient: Patient, cluster: str) -> Iterator[Finding]:
    ecs, prefix = patient.aws("ecs"), f"{patient.stack.resource_name}-"
    pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="RUNNING")
    arns = [arn for page in pages for arn in page["taskArns"]]
    for first in range(0, len(arns), _MOST_DESCRIBED):
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns[first : first + _MOST_DESCRIBED])["tasks"]:
            family = family_of(task["taskDefinitionArn"])
            # By now it may be about to stop.
            if (
                family.startswith(prefix)
                and task.get("startedBy") == _BY_STEP_FUNCTIONS
                and task["desiredStatus"] == "RUNNING"
            ):
                yield from _left(patient, task, machine_of(family, prefix))


def _left(patient: Patient, task: dict[str, Any], machine: str) -> Iterator[Finding]:
    name, states = task["group"], patient.aws("stepfunctions")
    _, partition, _, region, account, _ = task["taskArn"].split(":", 5)
    execution_arn = f"arn:{partition}:states:{region}:{account}:execution:{machine}:{name}"
    try:
        run = states.describe_execution(executionArn=execution_arn, includedData="METADATA_ONLY")
    except (states.exceptions.ExecutionDoesNotExist, states.exceptions.InvalidArn):
        run = None
    since: datetime = (run.get("stopDate") or patient.now) if run else task["createdAt"]
    if patient.now - since < GRACE:
        return
    job = next((job.name for job in patient.stack.jobs if job.resource_name == machine), None)
    task_id = task["taskArn"].rpartition("/")[2]
    by_hand = f"aws ecs stop-task --cluster {task['clusterArn']} --task {task_id}"
    if run is None:
        why, what = f"its run {name} is not there any more", f"Stop it: `{by_hand}`."
    else:
        why = f"its run {name} ended as {run['status']} at {utc_text(since)}"
        what = f"`./longhaul stop {job}@{name}` stops it." if job else f"Stop it: `{by_hand}`."
    yield Finding(
        check="task-left",
        job=job,
        problem=f"The task {task_id} of {job or machine} runs on and costs, although {why}.",
        advice=what,
        arn=task["taskArn"],
    )
