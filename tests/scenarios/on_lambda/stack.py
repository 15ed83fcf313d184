"""A deployed stack of jobs that run on Lambda."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from tests.scenarios.stack import ROOT, STACK, Fields, Stack

PROJECT = "functions"

# As a job of the other scenarios, and no longer than Lambda lets it.
_OBEYS = {
    "image": "public.ecr.aws/docker/library/python:3.12-slim",
    "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
    "input": "exit 0",
    "runOn": "lambda",
    "timeout": "2m",
}


class FunctionStack(Stack):
    """The stack, deployed, with a job for each of `jobs`: what their job.yaml says beyond the program that they run."""

    def __init__(self, aws: LocalAws, root: Path, jobs: Iterable[Fields]) -> None:
        self.aws = aws
        keys = dict.fromkeys(json.dumps(fields, sort_keys=True) for fields in jobs)
        self._names = {key: f"job-{number}" for number, key in enumerate(keys)}
        shutil.copy(ROOT / "__main__.py", root)
        shutil.copytree(ROOT / "components" / "lambda_image", root / "components" / "lambda_image")
        (root / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        config = {
            "aws:region": aws.region,
            "longhaul:network": {"nat": "none", "availabilityZones": 1},
            "longhaul:jobs": {name: {**_OBEYS, **json.loads(key)} for key, name in self._names.items()},
        }
        # JSON is YAML too.
        (root / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": config}))
        self._deployment: Deployment = deploy(root, STACK, aws)
        self.cluster: str = self._deployment.outputs["cluster"]
        (self.lock_table,) = (
            made.id for made in self._deployment.resources if made.token == "aws:dynamodb/table:Table"
        )

    def family(self, job: str) -> str:
        """What the job's machine, trigger and function are called."""
        return f"{PROJECT}-{STACK}-{job}"

    def role_of_function(self, job: str) -> str:
        """The name of the role of the job's function."""
        told = self.aws.client("lambda").get_function_configuration(FunctionName=self.family(job))
        return told["Role"].rpartition("/")[2]
