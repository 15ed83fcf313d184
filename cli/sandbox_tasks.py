"""Runs of jobs without a state machine in `longhaul sandbox run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cli.sandbox_stack import DeployedStack
from ops.aws import Aws
from ops.ledger import told_run
from ops.runs import Run
from ops.stack import find_stack
from ops.starting import start_run
from ops.task_changes import change_of, run_name


def run_of_task(deployed: DeployedStack, job: str, task: Mapping[str, Any]) -> Run:
    """A run as DescribeTasks tells of its task, with where it logged."""
    run = told_run(job, change_of(task, ""))
    log_group = deployed.deployment.outputs["logGroups"][job]
    return replace(run, log_group=log_group, log_stream=f"run/job/{run_name(run.execution_arn)}")


def run_task_to_end(deployed: DeployedStack, job: str, job_input: Any) -> Run:
    """Start a job's task as a person would, and wait for it; `job_input` of None leaves the job its own."""
    aws = Aws(region=deployed.aws.region, endpoint_url=deployed.aws.endpoint)
    stack = find_stack(aws, deployed.spec.project, deployed.spec.name)
    (found,) = [one for one in stack.jobs if one.name == job]
    given = {} if job_input is None else {"input": job_input}
    task_arn = start_run(aws, found, "sandbox", {"trigger": "manual", **given})
    deployed.aws.tasks.stopped(task_arn).wait()
    (task,) = deployed.aws.client("ecs").describe_tasks(cluster=task_arn.split("/")[1], tasks=[task_arn])["tasks"]
    return run_of_task(deployed, job, task)
