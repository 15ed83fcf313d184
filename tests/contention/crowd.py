"""Many runs of one job at once: started, stopped, let go, and told apart by how they ended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from definitions.lock import KEY_ATTRIBUTE
from tests.contention.witness import Witness, is_in
from tests.scenarios.scene import Scene
from tests.waiting import until

_AT_ONCE = 8
_OPERATOR = "Operator"


class Crowd:
    """The runs of the job that has a policy.

    Args:
        scene: the scene that they are in, with a job of the policy's name.
        policy: the policy.
        witness: sees their tasks start.

    Attributes:
        killed: the runs that a person has stopped.
    """

    def __init__(self, scene: Scene, policy: str, witness: Witness) -> None:
        self.scene = scene
        self.witness = witness
        self.killed: set[str] = set()
        self.family = scene.stack.family(scene.job(policy))
        self._policy = policy

    def start(self, run: str, **more: Any) -> None:
        """Start a run; `more` is what else its input says."""
        os.mkfifo(self.scene.gate(run))
        script = f"read line < {self.scene.gate(run)}; exit 0"
        self.scene.start(run, self._policy, {"input": script, **more})

    def start_at_once(self, runs: Sequence[str], *, kills: str = "", at: int = 0) -> None:
        """Start runs, several at a time, and kill one when `at` of them have been started, or are just being."""
        actions: list[Callable[[], None]] = [lambda run=run: self.start(run) for run in runs]
        if kills:
            actions.insert(at, lambda: self.kill(kills))
        with ThreadPoolExecutor(_AT_ONCE) as executor:
            for done in [executor.submit(action) for action in actions]:
                done.result()

    def holder(self) -> str:
        """The run whose task runs, once there is one."""
        # What is found once may be gone at a second look, if a newer run has taken its place.
        (holder,) = until(self.scene.clock, self._holders, lambda: "a task runs")
        return holder

    def kill(self, run: str) -> None:
        """A person stops a run."""
        self.killed.add(run)
        self.scene.aws.client("stepfunctions").stop_execution(
            executionArn=self.scene.runs[run], error=_OPERATOR, cause="of a test"
        )

    def redrive(self, run: str) -> None:
        """A person has a run go on that was stopped."""
        self.scene.until_left(run)
        self.scene.aws.client("stepfunctions").redrive_execution(executionArn=self.scene.runs[run])
        self.killed.discard(run)

    def let_go(self, run: str) -> None:
        """Let a run's task end, if it has come to where it waits."""
        with suppress(OSError):
            os.close(os.open(self.scene.gate(run), os.O_WRONLY | os.O_NONBLOCK))

    def running_task(self) -> dict[str, Any] | None:
        """What ECS has of the task that runs, if one does."""
        return next((task for task in self.witness.tasks if is_in(task, "RUNNING")), None)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        clock = self.scene.clock
        over = clock.now() + seconds

        def is_over() -> bool:
            deadline = clock.next_deadline()
            return clock.advance_to(over if deadline is None else min(deadline, over)) and clock.now() >= over

        self.scene.until(is_over, f"{seconds} s pass")

    def all_end(self, *, but_kill: Set[str] = frozenset()) -> None:
        """Wait until all have ended, each as soon as it may; some are killed when their tasks run."""

        def let_go() -> None:
            for run in self._holders():
                self.kill(run) if run in but_kill else self.let_go(run)

        self.until_ended(self.scene.runs, meanwhile=let_go)

    def until_ended(self, runs: Iterable[str], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until these runs have ended."""
        left = list(runs)

        def over() -> bool:
            meanwhile()
            while left and self.scene.describe(left[-1])["status"] != "RUNNING":
                left.pop()
            return not left

        self.scene.until(over, "all end")

    def line(self) -> list[str]:
        """The runs in the line, the holder first."""
        by_arn = {arn: run for run, arn in self.scene.runs.items()}
        return [by_arn[arn] for arn in self.scene.line(self._policy)]

    def ran(self) -> list[str]:
        """The runs that have started a task, in that order."""
        return [self._by_name()[group] for group in self.witness.groups(family=self.family)]

    def ends(self) -> dict[str, str]:
        """How each ended: SUCCEEDED, SKIPPED, or the status and error of the execution."""
        return {run: _end(self.scene.describe(run)) for run in self.scene.runs}

    def reasons(self) -> dict[str, tuple[str, str]]:
        """The reason that each skipped run tells, and the run that was in its way."""
        by_arn = {arn: run for run, arn in self.scene.runs.items()}
        told = {run: json.loads(self.scene.describe(run).get("output", "{}")) for run in self.scene.runs}
        return {run: (each["reason"], by_arn[each["because"]]) for run, each in told.items() if "reason" in each}

    def end(self) -> None:
        """End what still runs, and leave no lock and no lag behind."""
        aws, stack = self.scene.aws, self.scene.stack
        aws.stale_reads.seconds = 0
        for run in self.scene.runs:
            if self.scene.describe(run)["status"] == "RUNNING":
                self.kill(run)
        for task in self.witness.tasks:
            if not is_in(task, "STOPPED"):
                aws.client("ecs").stop_task(cluster=stack.cluster, task=task["taskArn"])
        key = {KEY_ATTRIBUTE: {"S": f"lock#job#{self.scene.job(self._policy)}"}}
        aws.client("dynamodb").delete_item(TableName=stack.lock_table, Key=key)

    def _holders(self) -> set[str]:
        """The one whose task runs, unless it has been killed and its task is about to stop."""
        by_name = self._by_name()
        return {by_name[group] for group in self.witness.running(self.family)} - self.killed

    def _by_name(self) -> dict[str, str]:
        return {arn.rpartition(":")[2]: run for run, arn in self.scene.runs.items()}


def _end(told: dict[str, Any]) -> str:
    if told["status"] == "SUCCEEDED":
        return json.loads(told["output"])["status"]
    return f"{told['status']} {told['error']}"
