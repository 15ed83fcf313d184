"""`longhaul schema`: the JSON Schemas that editors use for stack files and job.yaml."""

import json
from enum import StrEnum
from typing import Annotated

import typer


class Subject(StrEnum):
    STACK = "stack"
    JOB = "job"


def schema(subject: Annotated[Subject, typer.Argument(help="Of a Pulumi.<stack>.yaml, or of a job.yaml.")]) -> None:
    """Print the JSON Schema of a stack file or of a job.yaml."""
    from spec.schema import job_schema, stack_schema

    print(json.dumps(stack_schema() if subject is Subject.STACK else job_schema(), indent=2))
