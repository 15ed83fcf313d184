"""A deployed stack of the jobs that the scenarios need, each with its own machine, roles, lock and schedule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from tests.project import new_project

STACK = "dev"

FIXED, SCALED = "scenes-fixed", "scenes-scaled"
"""The capacity providers that jobs on EC2 name, without and with managed scaling. Each has one instance of 2 GiB."""

Fields = Mapping[str, Any]


class Stack:
    """The stack, deployed, with a job for each of `jobs`: what their job.yaml says beyond the program that they run.

    Attributes:
        project: its project.
        obeys: what every job says. It does what its input says: a shell script. Both evaluations are needed, since the
            input is JSON text, in quotes.
    """

    project: ClassVar[str] = "scenes"
    obeys: ClassVar[Fields] = {
        "image": "public.ecr.aws/docker/library/alpine:3",
        "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
        "input": "exit 0",
    }

    def __init__(self, aws: LocalAws, root: Path, jobs: Iterable[Fields]) -> None:
        self.aws = aws
        self._names = {key: f"job-{number}" for number, key in enumerate(dict.fromkeys(map(_key, jobs)))}
        config = {
            "aws:region": aws.region,
            "longhaul:network": {"nat": "none", "availabilityZones": 1},
            "longhaul:jobs": {name: {**self.obeys, **json.loads(key)} for key, name in self._names.items()},
        }
        new_project(root, self.project, config, stack=STACK)
        self.prepare(root)
        self._deployment: Deployment = deploy(root, STACK, aws)
        self.cluster: str = self._deployment.outputs["cluster"]
        tables = [made.id for made in self._deployment.resources if made.token == "aws:dynamodb/table:Table"]
        self.lock_table = tables[0] if tables else None

    def prepare(self, root: Path) -> None:
        """Have what the project in this folder finds there."""
        del root
        provide_instances(self.aws, {FIXED: "DISABLED", SCALED: "ENABLED"})

    def destroy(self) -> None:
        self._deployment.destroy()

    def job(self, fields: Fields) -> str:
        """The name of the job with these fields."""
        return self._names[_key(fields)]

    def family(self, job: str) -> str:
        """What the job's machine, trigger, and task family or function are called."""
        return f"{self.project}-{STACK}-{job}"

    def machine(self, job: str) -> str:
        """The ARN of the job's state machine."""
        return self._deployment.outputs["stateMachines"][job]

    def log_group(self, job: str) -> str:
        return self._deployment.outputs["logGroups"][job]

    def role(self, job: str) -> str:
        """The name of the role of the job's state machine."""
        return self.role_arn(job).rpartition("/")[2]

    def role_arn(self, job: str) -> str:
        return self.aws.client("stepfunctions").describe_state_machine(stateMachineArn=self.machine(job))["roleArn"]


def provide_instances(aws: LocalAws, scaling_of: Mapping[str, str]) -> None:
    """Have capacity providers, if they are not there from another stack: by their names, whether they scale.

    One that scales is of one cluster at a time.
    """
    ecs = aws.client("ecs")
    group = f"arn:aws:autoscaling:{aws.region}:{aws.account}:autoScalingGroup:1:autoScalingGroupName/scenes"
    for name, scaling in scaling_of.items():
        if ecs.describe_capacity_providers(capacityProviders=[name])["capacityProviders"]:
            continue
        managed = {"autoScalingGroupArn": group, "managedScaling": {"status": scaling}}
        ecs.create_capacity_provider(name=name, autoScalingGroupProvider=managed)
        aws.container_instances.register(name, 1, cpu_units=1024, memory_mib=2048)


def _key(fields: Fields) -> str:
    return json.dumps(fields, sort_keys=True)
