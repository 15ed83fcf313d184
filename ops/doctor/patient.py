"""The stack that is looked at, and what AWS says of its resources: each asked for once, whoever looks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from ops.aws import Aws, refusals
from ops.doctor.finding import Finding, Unchecked, unchecked
from ops.errors import OpsError
from ops.ledger import Ledger
from ops.machine_tasks import task_arguments
from ops.stack import DeployedJob, DeployedStack, Trigger
from ops.task_start import TaskStart, read_start

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A job's state machine as it is deployed.

    Attributes:
        arn: its ARN.
        role_arn: the role that its executions have.
        definition: as JSON.
        created: when it was made.
        tasks: the arguments with which it runs tasks, those of each state.
    """

    arn: str
    role_arn: str
    definition: dict[str, Any]
    created: datetime
    tasks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a trigger starts, and the role with which it does; None where it has none."""

    arn: str
    role_arn: str | None


class Patient:
    """A stack under examination. Threads may share it.

    Attributes:
        aws: where it is.
        stack: its jobs and triggers.
        ledger: its ledger, where it has one that may be read.
        triggers_known: whether its triggers could be read; where not, no job has one here.
        now: the time.
        unchecked: what could not be looked at.
    """

    def __init__(
        self,
        aws: Aws,
        stack: DeployedStack,
        pool: ThreadPoolExecutor,
        *,
        now: datetime,
        ledger: Ledger | None,
        triggers_known: bool,
    ) -> None:
        self.aws, self.stack, self.now = aws, stack, now
        self.ledger, self.triggers_known = ledger, triggers_known
        self.unchecked: list[Unchecked] = []
        self._pool = pool
        self._answers: dict[tuple[str, str], Future[Any]] = {}
        self._lock = threading.Lock()

    def each(
        self,
        what: str,
        items: Iterable[_Item],
        look: Callable[[_Item], Iterable[Finding]],
        job: Callable[[_Item], str | None],
    ) -> list[Finding]:
        """What `look` finds of each item, some at a time; what AWS does not let one look at is noted.

        Args:
            what: is looked at, for a person.
            items: the items.
            look: gives the findings of one; may raise botocore's errors.
            job: the name of an item's job.
        """

        def of(item: _Item) -> list[Finding]:
            return self.noting(what, job(item), lambda: list(look(item)))

        return [finding for found in self._pool.map(of, items) for finding in found]

    def noting(self, what: str, job: str | None, look: Callable[[], list[Finding]]) -> list[Finding]:
        """What `look` finds; none where AWS refuses, which is noted."""
        try:
            with refusals():
                return look()
        except OpsError as error:
            self.unchecked.append(unchecked(what, job, error))
            return []

    def each_job(self, what: str, look: Callable[[DeployedJob], Iterable[Finding]]) -> list[Finding]:
        """As `each`, of the stack's jobs."""
        return self.each(what, self.stack.jobs, look, lambda job: job.name)

    def each_machine_job(self, what: str, look: Callable[[DeployedJob], Iterable[Finding]]) -> list[Finding]:
        """As `each`, of those with a state machine."""
        return self.each(what, self.stack.machine_jobs, look, lambda job: job.name)

    def each_task_job(self, what: str, look: Callable[[DeployedJob], Iterable[Finding]]) -> list[Finding]:
        """As `each`, of those without."""
        return self.each(what, self.stack.task_jobs, look, lambda job: job.name)

    def machine(self, job: DeployedJob) -> Machine:
        """The job's state machine. Raises NotFoundError for a job without one; botocore's errors."""
        return self._once("machine", job.machine_arn, self._read_machine)

    def task_start(self, job: DeployedJob) -> TaskStart:
        """How a task of a job without a state machine is started. Raises as `read_start` does."""
        return self._once("task start", job.arn, lambda _arn: read_start(self.aws, job))

    def task_definition(self, arn: str) -> dict[str, Any]:
        """DescribeTaskDefinition's answer. Raises botocore's errors."""
        return self._once("task definition", arn, self._read_task_definition)

    def targets(self, trigger: Trigger) -> tuple[Target, ...]:
        """What a trigger starts. Raises botocore's errors."""
        return self._once("targets", trigger.arn, lambda _arn: self._read_targets(trigger))

    def rules(self) -> list[dict[str, Any]]:
        """The rules whose names begin as the stack's do: ListRules' answer. Raises botocore's errors."""
        return self._once("rules", f"{self.stack.resource_name}-", self._read_rules)

    def _once(self, kind: str, key: str, read: Callable[[str], Any]) -> Any:
        with self._lock:
            found = self._answers.get((kind, key))
            mine = found is None
            answer: Future[Any] = Future() if found is None else found
            self._answers[kind, key] = answer
        if mine:
            try:
                answer.set_result(read(key))
            except Exception as error:
                answer.set_exception(error)
        return answer.result()

    def _read_machine(self, arn: str) -> Machine:
        answer = self.aws("stepfunctions").describe_state_machine(stateMachineArn=arn)
        definition = json.loads(answer["definition"])
        return Machine(
            arn=arn,
            role_arn=answer["roleArn"],
            definition=definition,
            created=answer["creationDate"],
            tasks=tuple(task_arguments(definition)),
        )

    def _read_task_definition(self, arn: str) -> dict[str, Any]:
        return self.aws("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]

    def _read_rules(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.aws("events").get_paginator("list_rules")
        return [
            rule
            for page in pages.paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 100})
            for rule in page["Rules"]
        ]

    def _read_targets(self, trigger: Trigger) -> tuple[Target, ...]:
        if trigger.kind == "schedule":
            answer = self.aws("scheduler").get_schedule(GroupName=trigger.group, Name=trigger.name)
            targets = [answer["Target"]]
        else:
            targets = self.aws("events").list_targets_by_rule(Rule=trigger.name)["Targets"]
        return tuple(Target(arn=target["Arn"], role_arn=target.get("RoleArn")) for target in targets)
