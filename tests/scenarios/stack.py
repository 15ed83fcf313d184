"""A deployed stack of the jobs that the scenarios need, each with its own machine, roles, lock and schedule."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws

ROOT = Path(__file__).parents[2]
PROJECT = "scenes"
STACK = "dev"

FIXED, SCALED = "scenes-fixed", "scenes-scaled"
"""The capacity providers that jobs on EC2 name, without and with managed scaling. Each has one instance of 2 GiB."""

Fields = Mapping[str, Any]

# A job does what its input says: a shell script. Both evaluations are needed, since the input is JSON text, in quotes.
_OBEYS = {
    "image": "public.ecr.aws/docker/library/alpine:3",
    "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
    "input": "exit 0",
}


class Stack:
    """The stack, deployed, with a job for each of `jobs`: what their job.yaml says beyond the program that they run."""

    def __init__(self, aws: LocalAws, root: Path, jobs: Iterable[Fields]) -> None:
        self.aws = aws
        self._names = {_key(fields): f"job-{number}" for number, fields in enumerate(_distinct(jobs))}
        shutil.copy(ROOT / "__main__.py", root)
        (root / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        config = {
            "aws:region": aws.region,
            "longhaul:network": {"nat": "none", "availabilityZones": 1},
            "longhaul:jobs": {name: {**_OBEYS, **json.loads(key)} for key, name in self._names.items()},
        }
        # JSON is YAML too.
        (root / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": config}))
        provide_instances(aws, {FIXED: "DISABLED", SCALED: "ENABLED"})
        self._deployment: Deployment = deploy(root, STACK, aws)
        self.cluster: str = self._deployment.outputs["cluster"]
        (self.lock_table,) = (
            made.id for made in self._deployment.resources if made.token == "aws:dynamodb/table:Table"
        )

    def destroy(self) -> None:
        self._deployment.destroy()

    def job(self, fields: Fields) -> str:
        """The name of the job with these fields."""
        return self._names[_key(fields)]

    def family(self, job: str) -> str:
        """What the job's machine, trigger and task family are called."""
        return f"{PROJECT}-{STACK}-{job}"

    def machine(self, job: str) -> str:
        """The ARN of the job's state machine."""
        return self._deployment.outputs["stateMachines"][job]

    def log_group(self, job: str) -> str:
        return self._deployment.outputs["logGroups"][job]

    def role(self, job: str) -> str:
        """The name of the role of the job's state machine."""
        told = self.aws.client("stepfunctions").describe_state_machine(stateMachineArn=self.machine(job))
        return told["roleArn"].rpartition("/")[2]


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


def _distinct(jobs: Iterable[Fields]) -> list[Fields]:
    return list({_key(fields): fields for fields in jobs}.values())


def _key(fields: Fields) -> str:
    return json.dumps(fields, sort_keys=True)
