"""A stack in an AWS on this machine: started, seeded, deployed, and gone at the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.console import notices
from sandbox.deploy import Deployment, deploy
from sandbox.instances_of_jobs import provide_instances
from sandbox.kubernetes.seed import seed_clusters
from sandbox.local_aws import LocalAws
from sandbox.seed import HISTORY, seed
from spec.stack import StackSpec


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """The AWS, the stack that was asked for and what was deployed."""

    aws: LocalAws
    spec: StackSpec
    deployment: Deployment

    def job_of(self, trigger: str) -> str:
        """The job that a trigger of this name starts; the name itself where that is none of the stack's."""
        job = trigger.removeprefix(self.resource_name(""))
        return job if job in self.deployment.outputs["logGroups"] else trigger

    def state_machine_arn(self, job: str) -> str:
        return self.deployment.outputs["stateMachines"][job]

    def resource_name(self, job: str) -> str:
        """The name that a job's state machine, task family and trigger share."""
        return f"{self.spec.project}-{self.spec.name}-{job}"


@contextmanager
def deployed_stack(
    root: Path, spec: StackSpec, begin: datetime, end: datetime, *, port: int = 0
) -> Iterator[DeployedStack]:
    """Deploy the stack into a new local AWS whose clock then reads `begin`; buckets and snapshots hold what its jobs
    need from then until `end`, and EKS clusters are there. Everything, processes included, is gone when the block ends.

    Raises SandboxError before or while deploying.
    """
    end_in_order()
    # Data gets its age from the clock: it begins before the data does.
    aws = LocalAws(region=spec.region or "eu-west-1", start_time=(begin - HISTORY).timestamp())
    with aws.start(port):
        environments = {job.name: job.environment for job in spec.jobs}
        with notices().status(f"Deploying {spec.name} into an AWS on this machine"):
            seed(aws.client, environments, begin, end, aws.clock.advance_to)
            provide_instances(aws, spec.containers)
            provide_clusters(aws, spec)
            deployment = deploy(root, spec.name, aws)
        yield DeployedStack(aws=aws, spec=spec, deployment=deployment)


def provide_clusters(aws: LocalAws, spec: StackSpec) -> None:
    """Have the EKS clusters that a stack's jobs name, with what people would apply there with kubectl."""
    from definitions.render import documents

    jobs = [job for job in spec.jobs if job.run_on.kind == "kubernetes"]
    objects = {job.name: documents(job, spec)["kubernetes"]["objects"] for job in jobs}
    seed_clusters(aws.kubernetes, jobs, objects)


def end_in_order() -> None:
    """Have SIGTERM end the process as Ctrl-C does: with no job's process left behind."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
