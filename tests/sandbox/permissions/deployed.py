"""The deployed jobs: what their roles grant can be taken away, and what they do can be done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sandbox.deploy import Deployment
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from tests.firing import only
from tests.sandbox.permissions.policies import Document, Part, parts, without
from tests.sandbox.permissions.project import NAME
from tests.waiting import PATIENCE_SECONDS, Found, until, until_left

# Virtual seconds a second: what AWS does not do is tried for minutes.
_HURRY = 200

# A trigger starts one execution for each scheduled time, and no second one after the stack has been deployed again.
_days = count()
# By the times of the day, in UTC, at which the schedules of the project fire; Kathmandu is 5:45 ahead.
DUE = {"plain": timedelta(hours=3, minutes=17), "zoned": timedelta(hours=3, minutes=32)}


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    status: str
    error: str
    cause: str
    events: list[dict[str, Any]]

    @property
    def details(self) -> dict[str, Any]:
        """What the machine tells of the run: the output, or the details in the cause of a failure."""
        return json.loads(self.cause.rpartition("\n")[2])

    def event(self, event_type: str) -> dict[str, Any]:
        """The details of the last event of a type."""
        (*_, last) = [event for event in self.events if event["type"] == event_type]
        return next(value for name, value in last.items() if name.endswith("EventDetails"))


@dataclass
class Jobs:
    """The deployed jobs. A holder is the name of a role without the stack's: `plain-states`, `exec`, `trigger`."""

    aws: LocalAws
    deployment: Deployment
    _roles: dict[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> dict[str, str]:
        """Names of all roles by their holder."""
        if not self._roles:
            self._roles = {
                made.name.removeprefix(f"{NAME}-"): made.id
                for made in self.deployment.resources
                if made.token == "aws:iam/role:Role"
            }
        return self._roles

    def role_arn(self, holder: str) -> str:
        """The ARN of a role."""
        return f"arn:aws:iam::{self.aws.account}:role/{self.roles[holder]}"

    def held(self, holder: str) -> tuple[str, Document]:
        """The name and the document of the one policy that a role holds; a policy of nothing if it holds none."""
        iam, role = self.aws.client("iam"), {"RoleName": self.roles[holder]}
        assert iam.list_attached_role_policies(**role)["AttachedPolicies"] == []
        names = iam.list_role_policies(**role)["PolicyNames"]
        if not names:
            return "", {"Statement": []}
        (name,) = names
        return name, iam.get_role_policy(**role, PolicyName=name)["PolicyDocument"]

    def parts(self, holder: str) -> list[Part]:
        """All that the role's policy grants something by."""
        return list(parts(self.held(holder)[1]))

    def without(self, holder: str, part: Part) -> AbstractContextManager[None]:
        """Take the part away, and put it back afterwards."""
        return self.holding(holder, without(self.held(holder)[1], part))

    @contextmanager
    def holding(self, holder: str, document: Document) -> Iterator[None]:
        """Have the role hold another policy, and its own again afterwards."""
        name, own = self.held(holder)
        iam, policy = self.aws.client("iam"), {"RoleName": self.roles[holder], "PolicyName": name}
        if document["Statement"]:
            iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        else:
            # A policy has at least one statement.
            iam.delete_role_policy(**policy)
        try:
            yield
        finally:
            iam.put_role_policy(**policy, PolicyDocument=json.dumps(own))

    def without_action(self, holder: str, action: str) -> AbstractContextManager[None]:
        """Take an action away from the role."""
        return self.without(holder, next(part for part in self.parts(holder) if part.action == action))

    @contextmanager
    def trusting(self, holder: str, trust: Document) -> Iterator[None]:
        """Give the role another trust policy, and its own back afterwards."""
        iam, name = self.aws.client("iam"), self.roles[holder]
        own = self.trust(holder)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(own))

    def trust(self, holder: str) -> Document:
        """The role's trust policy."""
        return self.aws.client("iam").get_role(RoleName=self.roles[holder])["Role"]["AssumeRolePolicyDocument"]

    def acting(self, holder: str, service: str, principal: str, source_arn: str) -> Any:
        """A client of `service` that acts with the role as the AWS service `principal` does for `source_arn`."""
        return self.aws.identity.client(service, self.role_arn(holder), principal, source_arn=source_arn)

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and Region."""
        return f"arn:aws:{service}:{self.aws.region}:{self.aws.account}:{resource}"

    def machine(self, job: str) -> str:
        """The ARN of a job's state machine."""
        return self.deployment.outputs["stateMachines"][job]

    def update(self, job: str) -> None:
        """Deploy the job's state machine once more, as it is."""
        client = self.aws.client("stepfunctions")
        told = client.describe_state_machine(stateMachineArn=self.machine(job))
        client.update_state_machine(stateMachineArn=self.machine(job), definition=told["definition"])

    def start(self, job: str, value: Any = "idle", **context: str) -> str:
        """Start a job as a person does; `value` is the job's input. The ARN of the execution."""
        client, text = self.aws.client("stepfunctions"), json.dumps({"input": value, **context})
        return client.start_execution(stateMachineArn=self.machine(job), input=text)["executionArn"]

    def start_as_scheduled(self, job: str) -> str:
        """Start a job as its trigger does, for a time that no one has had before. The ARN of the execution."""
        moment = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=next(_days))
        return self.start(job, trigger="schedule", scheduledTime=moment.isoformat())

    def run(self, job: str, value: Any = "idle") -> Execution:
        """`start`, and wait for the end."""
        return self.end(self.start(job, value))

    def end(self, execution_arn: str) -> Execution:
        """Wait for an execution's end."""
        client = self.aws.client("stepfunctions")
        self.until(lambda: client.describe_execution(executionArn=execution_arn)["status"] != "RUNNING")
        told = client.describe_execution(executionArn=execution_arn)
        for run in client.list_map_runs(executionArn=execution_arn)["mapRuns"]:
            # What became of an item tells more than the map run that it was too much for.
            failed = client.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
            if failed:
                return self.end(failed[0]["executionArn"])
        cause = told.get("cause", told.get("output", ""))
        return Execution(told["status"], told.get("error", ""), cause, self.events(execution_arn))

    def events(self, execution_arn: str) -> list[dict[str, Any]]:
        """All events of an execution: a page has 100, and a run that comes after a dead one may have more."""
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]

    def lines(self, job: str, execution: Execution) -> list[str]:
        """What a run that has ended wrote to its log."""
        stream = json.loads(execution.event("TaskSubmitted")["output"])["Tasks"][0]["TaskArn"].rpartition("/")[2]
        events = self.aws.client("logs").get_log_events(
            logGroupName=self.deployment.outputs["logGroups"][job],
            logStreamName=f"run/job/{stream}",
            startFromHead=True,
        )["events"]
        return [event["message"] for event in events]

    def running_task(self, job: str) -> tuple[str, str]:
        """Start a job that waits; the ARNs of its execution and of its task, once that runs."""
        execution_arn, ecs = self.start(job, "wait"), self.aws.client("ecs")
        cluster, group = self.deployment.outputs["cluster"], execution_arn.rpartition(":")[2]

        def running() -> list[str]:
            listed = ecs.list_tasks(cluster=cluster)["taskArns"]
            tasks = ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"] if listed else []
            return [task["taskArn"] for task in tasks if (task["group"], task["lastStatus"]) == (group, "RUNNING")]

        return execution_arn, self.until(running)[0]

    def running(self, job: str) -> tuple[str, str] | None:
        """A run of the job, and its task; None as long as none runs."""
        ecs, cluster = self.aws.client("ecs"), self.deployment.outputs["cluster"]
        listed = ecs.list_tasks(cluster=cluster)["taskArns"]
        for task in ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"] if listed else []:
            family = task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
            if task["lastStatus"] == "RUNNING" and family.partition("_")[0] == f"{NAME}-{job}":
                execution = f"{self.machine(job).replace(':stateMachine:', ':execution:')}:{task['group']}"
                return execution, task["taskArn"]
        return None

    def until(self, look: Callable[[], Found | None]) -> Found:
        """What `look` gives once it is true; meanwhile the clock jumps over whatever is waited for."""
        return until(self.aws.clock, look, lambda: "it never came to be")

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Let waits pass in no time while a task runs, over which the clock does not jump."""
        self.aws.clock.speed = _HURRY
        try:
            yield
        finally:
            self.aws.clock.speed = 1

    def leave_lock(self, job: str) -> None:
        """Have the job's lock be held by an execution that is long gone."""
        (table,) = [made.id for made in self.deployment.resources if made.token == "aws:dynamodb/table:Table"]
        gone = f"{self.machine(job).replace(':stateMachine:', ':execution:')}:gone 0 2026-01-01T00:00:00.000Z"
        item = {"key": {"S": f"lock#job#{job}"}, "line": {"L": [{"S": gone}]}}
        self.aws.client("dynamodb").put_item(TableName=table, Item=item)

    def abort(self, execution_arn: str) -> None:
        """Stop an execution, and return when it has done all that it does then."""
        self.aws.client("stepfunctions").stop_execution(executionArn=execution_arn)
        until_left(execution_arn.rpartition(":")[2], "map-run-")

    def task(self, task_arn: str) -> dict[str, Any]:
        """A task as it is now."""
        cluster = self.deployment.outputs["cluster"]
        return self.aws.client("ecs").describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"][0]

    def redrive(self, execution_arn: str) -> Execution | None:
        """Redrive an execution; its end, or None where its map run goes on."""
        client, redriven = self.aws.client("stepfunctions"), {"MapRunRedriven", "ExecutionFailed"}
        client.redrive_execution(executionArn=execution_arn)

        def seen() -> set[str]:
            return redriven & {event["type"] for event in self.events(execution_arn)}

        return None if "MapRunRedriven" in self.until(seen) else self.end(execution_arn)

    def stop_task(self, task_arn: str) -> None:
        """Stop a task as an administrator, and wait for its end."""
        self.aws.client("ecs").stop_task(cluster=self.deployment.outputs["cluster"], task=task_arn)
        assert self.aws.tasks.stopped(task_arn).wait(PATIENCE_SECONDS)

    def fire(self, job: str) -> Any:
        """Have the job's trigger start it, as on a day that no one has had before; the delivery."""
        from sandbox.triggers import Triggers

        # The sandbox's clock is shared with other tests, and only goes forward.
        today = datetime.fromtimestamp(self.aws.clock.now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day = max(datetime(2030, 1, 1, tzinfo=UTC), today) + timedelta(days=1 + next(_days))
        due = day + DUE[job]
        with only(f"{NAME}-{job}"):
            (delivery,) = Triggers(self.aws, due - timedelta(minutes=1), due).fire(due)
        if delivery.started_arn:
            run_to_end(self.aws, delivery.started_arn)
        return delivery
