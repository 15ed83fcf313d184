"""Does a run wait for a task that there is not?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ops.doctor.finding import Finding, utc_text
from ops.doctor.patient import Patient
from ops.execution import Execution
from ops.executions import newest_executions
from ops.ledger import Change, execution_of
from ops.stack import DeployedJob
from ops.task_changes import is_task

_RUN_TASK = "runTask.sync"
PATIENCE = timedelta(minutes=10)
"""For how long Step Functions may take to ask for a task, or to see that one has ended: it hears of it by an event, and
asks ECS now and then beside."""


def check(patient: Patient, written: dict[str, list[Change]]) -> list[Finding]:
    """Runs whose state is the task's for some minutes although it has no task. A run that waits for the lock or for
    capacity is in another state, and one whose image is pulled has a task."""
    return patient.each_machine_job("the runs", lambda job: _of_job(patient, job, written.get(job.arn, [])))


def _of_job(patient: Patient, job: DeployedJob, written: list[Change]) -> Iterator[Finding]:
    if written:
        running = [each for each in map(execution_of, written) if each.goes_on and not is_task(each.arn)]
    else:
        running = newest_executions(patient.aws, job, 100, "RUNNING")
    for execution in running:
        if patient.now - execution.started >= PATIENCE:
            yield from _of_run(patient, job, execution)


def _of_run(patient: Patient, job: DeployedJob, execution: Execution) -> Iterator[Finding]:
    states = patient.aws("stepfunctions")
    try:
        # While a task is asked for or at work, that is the last thing that happened.
        last = states.get_execution_history(executionArn=execution.arn, reverseOrder=True, maxResults=1)["events"][0]
    except states.exceptions.ExecutionDoesNotExist:
        return
    details: dict[str, Any] = next((last[key] for key in last if key.endswith("EventDetails")), {})
    if details.get("resource") != _RUN_TASK:
        return
    if last["type"] == "TaskSubmitted":
        task = json.loads(details["output"])["Tasks"][0]
        why, since = _end_of(patient, task["ClusterArn"], task["TaskArn"], last["timestamp"])
    elif last["type"] in ("TaskScheduled", "TaskStarted"):
        why, since = "ECS has not answered the request for its task", last["timestamp"]
    else:
        return
    if why is None or patient.now - since < PATIENCE:
        return
    run = f"{job.name}@{execution.name}"
    yield Finding(
        check="run-without-task",
        job=job.name,
        problem=f"The run {execution.name} of {job.name} waits for its task, but {why} ({utc_text(since)}).",
        advice=f"`./longhaul stop {run}`, and then `./longhaul rerun {run}`.",
        arn=execution.arn,
    )


def _end_of(patient: Patient, cluster: str, task_arn: str, asked: datetime) -> tuple[str | None, datetime]:
    """Why a task is none any more, and since when; None for one that has not stopped."""
    tasks = patient.aws("ecs").describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
    task_id = task_arn.rpartition("/")[2]
    if not tasks:
        return f"ECS does not know {task_id} any more", asked
    if tasks[0]["lastStatus"] != "STOPPED":
        return None, asked
    return f"{task_id} has stopped", tasks[0].get("stoppedAt", asked)
