"""A stack of jobs that run in an EKS cluster, and a scenario of it as it is played."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from definitions.render import documents
from sandbox.clock import Clock
from sandbox.deploy import Deployment, deploy
from sandbox.kubernetes.cluster import Cluster
from sandbox.kubernetes.job_run import JobRun
from sandbox.kubernetes.seed import seed_clusters
from sandbox.local_aws import LocalAws
from spec.load import load_stack

ROOT = Path(__file__).parents[3]
PROJECT, STACK = "pods", "dev"
CLUSTER, NAMESPACE = "pods-analytics", "batch"
RIGHTS = f"{PROJECT}-{STACK}-jobs"
"""What the Role of the stack and its binding are called."""
PATIENCE_SECONDS = 60

Fields = Mapping[str, Any]

# A job does what its input says: a shell script.
_OBEYS = {
    "image": "public.ecr.aws/docker/library/alpine:3",
    "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
    "input": "exit 0",
    "overlap": "allow",
    "stopTimeout": "2s",
    "runOn": {"kind": "kubernetes", "cluster": CLUSTER, "namespace": NAMESPACE},
}


class Stack:
    """The cluster and the stack, deployed, with a job for each of `jobs`: what is said beyond the program they run."""

    def __init__(self, aws: LocalAws, root: Path, jobs: Iterable[Fields]) -> None:
        self.aws = aws
        self._names = {key: f"job-{number}" for number, key in enumerate(dict.fromkeys(map(_key, jobs)))}
        shutil.copy(ROOT / "__main__.py", root)
        (root / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        config = {
            "aws:region": aws.region,
            "longhaul:network": {"nat": "none", "availabilityZones": 1},
            "longhaul:jobs": {name: {**_OBEYS, **json.loads(key)} for key, name in self._names.items()},
        }
        # JSON is YAML too.
        (root / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": config}))
        spec = load_stack(root, STACK)
        objects = {job.name: documents(job, spec)["kubernetes"]["objects"] for job in spec.jobs}
        seed_clusters(aws.kubernetes, spec.jobs, objects)
        found = aws.kubernetes.find(CLUSTER)
        assert found is not None
        self.cluster: Cluster = found
        self._deployment: Deployment = deploy(root, STACK, aws)

    def destroy(self) -> None:
        self._deployment.destroy()

    def job(self, fields: Fields) -> str:
        """The name of the job with these fields."""
        return self._names[_key(fields)]

    def machine(self, job: str) -> str:
        """The ARN of the job's state machine."""
        return self._deployment.outputs["stateMachines"][job]

    def role(self, job: str) -> str:
        """The ARN of the role of the job's state machine."""
        states = self.aws.client("stepfunctions")
        return states.describe_state_machine(stateMachineArn=self.machine(job))["roleArn"]


class Scene:
    """A scenario that is being played: one run of one job.

    Attributes:
        stack: the stack that the job is in.
        job: its name.
        gate: what its script waits for, if it waits.
        back: gives back what was taken away.
    """

    def __init__(self, stack: Stack, fields: Fields, folder: Path) -> None:
        self.stack = stack
        self.aws = stack.aws
        self.job = stack.job(fields)
        self.gate = folder / "gate"
        self.back = ExitStack()
        self.arn = ""
        self._states = self.aws.client("stepfunctions")

    @property
    def clock(self) -> Clock:
        return self.aws.clock

    @property
    def family(self) -> str:
        """What the job's machine is called, and what faults call its pods."""
        return f"{PROJECT}-{STACK}-{self.job}"

    def start(self, script: str) -> None:
        """Start an execution, as a person does."""
        given = {"input": script.replace("GATE", str(self.gate))}
        answer = self._states.start_execution(stateMachineArn=self.stack.machine(self.job), input=json.dumps(given))
        self.arn = answer["executionArn"]

    def end(self) -> None:
        """Undo what has to be undone, and end what still runs."""
        with self.back:
            self.clock.speed = 1
            self.aws.faults.clear()
            if self.arn and self.describe()["status"] == "RUNNING":
                self._states.stop_execution(executionArn=self.arn)
            for name in self.names():
                if (job := self.stack.cluster.job_run(NAMESPACE, name)) is not None:
                    job.delete()
                    assert job.over.wait(PATIENCE_SECONDS)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something that comes by itself, with time jumping whenever nothing works."""
        over = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < over, f"in vain: {what}; {self.states()}"
            if self.clock.wait_idle(0.02) and not condition() and (deadline := self.clock.next_deadline()) is not None:
                self.clock.advance_to(deadline)

    def until_left(self) -> None:
        """Wait until nothing is done any more for an execution that has ended."""
        for thread in threading.enumerate():
            if thread.name == f"execution-{self.arn.rpartition(':')[2]}":
                thread.join(PATIENCE_SECONDS)

    def describe(self) -> dict[str, Any]:
        """What Step Functions tells of the run."""
        return self._states.describe_execution(executionArn=self.arn)

    def events(self) -> list[dict[str, Any]]:
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        return [event for page in pages for event in page["events"]]

    def states(self) -> list[str]:
        """The names of the states that the run has entered."""
        return [
            each["stateEnteredEventDetails"]["name"] for each in self.events() if "stateEnteredEventDetails" in each
        ]

    def names(self) -> list[str]:
        """The names of the Jobs that the run asked for, the first first."""
        return [
            json.loads(event["taskScheduledEventDetails"]["parameters"])["Job"]["metadata"]["name"]
            for event in self.events()
            if event["type"] == "TaskScheduled" and event["taskScheduledEventDetails"]["resource"] == "runJob.sync"
        ]

    def latest(self) -> JobRun | None:
        """The Job that the run asked for last; None if it is not there."""
        names = self.names()
        return self.stack.cluster.job_run(NAMESPACE, names[-1]) if names else None

    def is_ready(self) -> bool:
        """Whether the Pod that runs now has said so."""
        job = self.latest()
        return job is not None and any(b"ready" in pod.log() for pod in job.pods() if pod.phase == "Running")


def _key(fields: Fields) -> str:
    return json.dumps(fields, sort_keys=True)
