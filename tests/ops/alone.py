"""A stack with jobs that have no state machine: a rule or a schedule starts their tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from typing import Any

from ops.job_runs import read_job_run
from ops.runs import Run
from ops.starting import new_name, start_run
from ops.task_runs import job_changes
from sandbox.local_aws import LocalAws
from tests.firing import only
from tests.ops.operated import OBEYS, Operated, deployed

_ALONE = {
    "image": "example.com/obeys:1",
    "entrypoint": ["python", "-c", OBEYS],
    "overlap": "allow",
    "runOn": "task",
}
JOBS = {
    "ruled": _ALONE | {"schedule": "cron(7 * * * ? *)", "input": {"lines": 2}},
    "scheduled": _ALONE | {"schedule": "cron(37 * * * ? *)", "timezone": "Europe/Paris", "input": {"exit": 3}},
    "by-hand": _ALONE | {"schedule": "rate(1 day)", "enabled": False},
    "on-spot": _ALONE | {"schedule": "cron(0 0 1 1 ? *)", "capacity": {"spot": True}},
    "absent": {
        "image": "example.com/absent:1",
        "overlap": "allow",
        "runOn": "task",
        "schedule": "cron(0 0 1 1 ? *)",
    },
    "machine": {key: value for key, value in _ALONE.items() if key != "runOn"},
}
MINUTES = {"ruled": 7, "scheduled": 37}


class Alone(Operated):
    """The deployed stack `alone` of the project `acme`."""

    name = "alone"

    def fire(self, job: str) -> str:
        """Let the next time of a job's trigger come, and its task end; the time, as the trigger writes it."""
        from sandbox.triggers import Triggers

        due = self.now.replace(minute=MINUTES[job], second=0, microsecond=0)
        due += timedelta(hours=1) if due <= self.now else timedelta(0)
        while not self.local_aws.clock.advance_to(due.timestamp()):
            self.local_aws.clock.wait_idle()
        with only(f"{self.project}-{self.name}-"):
            list(Triggers(self.local_aws, due - timedelta(seconds=1), due).fire(due))
        self.local_aws.clock.wait_idle()
        return f"{due:%Y-%m-%dT%H:%M:%SZ}"

    def wait(self, task_arn: str) -> None:
        """Wait for the end of a task, and until it is told."""
        assert self.local_aws.tasks.stopped(task_arn).wait(120)
        self.local_aws.clock.wait_idle()

    def forget(self) -> None:
        """Let so much time pass that ECS tells of no task any more that has ended."""
        while not self.local_aws.clock.advance_to(self.local_aws.clock.now() + 7200):
            self.local_aws.clock.wait_idle()

    def changes(self, job: str) -> list[Any]:
        return list(job_changes(self.aws, self.job(job)))


@cache
def alone_stack(local_aws: LocalAws) -> Alone:
    """The stack, deployed when it is first asked for."""
    return deployed(local_aws, Alone, JOBS)


def started(alone: Alone, job: str, given: Any = None, **more: Any) -> str:
    execution_input = {"trigger": "manual", **({} if given is None else {"input": given}), **more}
    return start_run(alone.aws, alone.job(job), new_name("manual"), execution_input)


def ran(alone: Alone, job: str, given: Any = None, **more: Any) -> str:
    """Start a task and wait for its end; its ARN."""
    task_arn = started(alone, job, given, **more)
    alone.wait(task_arn)
    return task_arn


def told(alone: Alone, job: str, task_arn: str) -> Run:
    return read_job_run(alone.aws, alone.job(job), task_arn)


@contextmanager
def going_on(alone: Alone, *jobs: str) -> Iterator[list[str]]:
    """Tasks of jobs that work; afterwards they do not."""
    arns = [started(alone, job, {"seconds": 600}) for job in jobs]
    for task_arn in arns:
        alone.until_running(task_arn)
    try:
        yield arns
    finally:
        for task_arn in arns:
            alone.local_aws.client("ecs").stop_task(cluster=task_arn.split("/")[-2], task=task_arn)
        for task_arn in arns:
            alone.wait(task_arn)


def end_event(alone: Alone, task_arn: str) -> dict[str, Any]:
    """The event that told of the end of a task."""
    group = alone.deployment.outputs["ledger"]
    pages = alone.local_aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    for event in (json.loads(line["message"]) for page in pages for line in page["events"]):
        # Other tests have written odd lines.
        detail = event.get("detail") if isinstance(event, dict) else None
        if isinstance(detail, dict) and (detail.get("taskArn"), detail.get("lastStatus")) == (task_arn, "STOPPED"):
            return event
    raise AssertionError(f"nothing tells of the end of {task_arn}")


def write_line(alone: Alone, log_group: str, text: str) -> None:
    logs, place = alone.local_aws.client("logs"), {"logGroupName": log_group, "logStreamName": "odd"}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(**place)
    at = int(alone.local_aws.clock.now() * 1000)
    logs.put_log_events(**place, logEvents=[{"timestamp": at, "message": text}])
