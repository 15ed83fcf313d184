"""One scenario as it is played: its executions, their tasks, and the lock that they stand in line for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from definitions.lock import KEY_ATTRIBUTE
from sandbox.clock import Clock
from tests.scenarios.stack import FIXED, SCALED, Fields, Stack
from tests.waiting import until, until_left

REDRIVEN = "(redriven)"
"""In the place of a state: here the execution was redriven."""

INSTANCE = "an instance"
_CAPACITY = {"FARGATE": "on demand", "FARGATE_SPOT": "spot", FIXED: INSTANCE, SCALED: INSTANCE}

# A stopped task is shown for an hour: what earlier scenarios have left is out of the lists then.
_FORGOTTEN_SECONDS = 3700


class Scene:
    """A scenario that is being played.

    Args:
        stack: the stack that its jobs are in.
        jobs: the fields of its jobs, by what the scenario calls them.
        folder: an empty one.

    Attributes:
        aws: the sandbox.
        runs: the ARNs of its executions, by what the scenario calls them.
        rights: gives back what was taken away of them.
    """

    def __init__(self, stack: Stack, jobs: Mapping[str, Fields], folder: Path) -> None:
        self.stack = stack
        self.aws = stack.aws
        self.runs: dict[str, str] = {}
        self.rights = ExitStack()
        self._jobs = {called: stack.job(fields) for called, fields in jobs.items()}
        self._fields = jobs
        self._folder = folder
        self._states = self.aws.client("stepfunctions")
        self._ecs = self.aws.client("ecs")

    @property
    def clock(self) -> Clock:
        return self.aws.clock

    def begin(self) -> None:
        """Come to a time at which nothing of an earlier scenario is left."""
        self.until(lambda: self.clock.advance_to(self.clock.now() + _FORGOTTEN_SECONDS), "nothing works")
        assert all(self.line(called) == [] for called in self._jobs)

    def end(self) -> None:
        """Undo what has to be undone, end what still runs, and leave no lock behind."""
        with self.rights:
            self.clock.speed = 1
            self.aws.stale_reads.seconds = 0
            self.aws.faults.clear()
            for called, arn in self.runs.items():
                if self.describe(called)["status"] == "RUNNING":
                    self._states.stop_execution(executionArn=arn)
                self.end_work(called)
            if self.stack.lock_table is not None:
                for called in self._jobs:
                    key = self._lock_key(called)
                    self.aws.client("dynamodb").delete_item(TableName=self.stack.lock_table, Key=key)

    def end_work(self, run: str) -> None:
        """End what a run has started and left."""
        for task in self.tasks(run):
            if task["lastStatus"] != "STOPPED":
                self._ecs.stop_task(cluster=self.stack.cluster, task=task["taskArn"])

    def job(self, called: str) -> str:
        """The name of a job."""
        return self._jobs[called]

    def job_of(self, run: str) -> str:
        """The name of the job that a run is of."""
        return self.runs[run].split(":")[6].removeprefix(self.stack.family(""))

    def start(self, run: str, called: str, execution_input: Mapping[str, Any]) -> None:
        """Start an execution, as a person does."""
        answer = self._states.start_execution(
            stateMachineArn=self.stack.machine(self.job(called)), input=json.dumps(execution_input)
        )
        self.runs[run] = answer["executionArn"]

    def until_left(self, run: str) -> None:
        """Wait until nothing is done any more for an execution that has ended."""
        until_left(self.runs[run].rpartition(":")[2])

    def take_away(self, iam: Any, policy: dict[str, str], *, less: Any, own: Any) -> None:
        """Have a role's policy say less, until `rights` is closed."""
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(less))
        self.rights.callback(iam.put_role_policy, **policy, PolicyDocument=json.dumps(own))

    def gate(self, run: str) -> Path:
        """What a run's script waits for, if it waits."""
        return self._folder / run.replace(" ", "-")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that comes by itself, with time jumping whenever nothing works."""

        def in_vain() -> str:
            states = {run: self.states(run) for run in self.runs}
            return f"{what}; {states}"

        until(self.clock, condition, in_vain)

    def describe(self, run: str) -> dict[str, Any]:
        """What Step Functions tells of a run."""
        return self._states.describe_execution(executionArn=self.runs[run])

    def events(self, run: str) -> list[dict[str, Any]]:
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=self.runs[run])
        return [event for page in pages for event in page["events"]]

    def states(self, run: str) -> list[str]:
        """The names of the states that a run has entered, and where it was redriven."""
        return [
            REDRIVEN if event["type"] == "ExecutionRedriven" else event["stateEnteredEventDetails"]["name"]
            for event in self.events(run)
            if event["type"] == "ExecutionRedriven" or "stateEnteredEventDetails" in event
        ]

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """The tasks of the job that a run has started, the first first."""
        arns = [
            json.loads(event["taskSubmittedEventDetails"]["output"])["Tasks"][0]["TaskArn"]
            for event in self.events(run)
            if event["type"] == "TaskSubmitted"
        ]
        if not arns:
            return []
        answer = self._ecs.describe_tasks(cluster=self.stack.cluster, tasks=arns)
        assert answer["failures"] == []
        return sorted(answer["tasks"], key=lambda task: task["createdAt"])

    def ran_on(self, run: str) -> list[str]:
        """What each of a run's tasks ran on."""
        return [_CAPACITY[task["capacityProviderName"]] for task in self.tasks(run)]

    def is_ready(self, run: str) -> bool:
        """Whether the latest task of a run has said so."""
        tasks = self.tasks(run)
        if not tasks or tasks[-1]["lastStatus"] != "RUNNING":
            return False
        events = self.aws.client("logs").get_log_events(
            logGroupName=self.stack.log_group(self.job_of(run)),
            logStreamName=f"run/job/{tasks[-1]['taskArn'].rpartition('/')[2]}",
        )["events"]
        return any(event["message"] == "ready" for event in events)

    def line(self, called: str) -> list[str]:
        """The line of a job's lock: the ARN of each entry's execution, the holder first."""
        if self.stack.lock_table is None:
            return []
        item = (
            self.aws.client("dynamodb")
            .get_item(TableName=self.stack.lock_table, Key=self._lock_key(called), ConsistentRead=True)
            .get("Item", {})
        )
        return [entry["S"].split()[0] for entry in item.get("line", {"L": []})["L"]]

    def _lock_key(self, called: str) -> dict[str, Any]:
        overlap = self._fields[called].get("overlap")
        group = overlap.get("group") if isinstance(overlap, dict) else None
        return {KEY_ATTRIBUTE: {"S": f"lock#group#{group}" if group else f"lock#job#{self.job(called)}"}}
