"""A deployed stack of jobs that run on Lambda."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tests.scenarios.stack import Fields, Stack


class FunctionStack(Stack):
    """See Stack; no job of it takes longer than Lambda lets it."""

    project: ClassVar[str] = "functions"
    obeys: ClassVar[Fields] = {
        **Stack.obeys,
        "image": "public.ecr.aws/docker/library/python:3.12-slim",
        "runOn": "lambda",
        "timeout": "2m",
    }

    def prepare(self, root: Path) -> None:
        """Nothing: functions need no instances."""

    def role_of_function(self, job: str) -> str:
        """The name of the role of the job's function."""
        told = self.aws.client("lambda").get_function_configuration(FunctionName=self.family(job))
        return told["Role"].rpartition("/")[2]
