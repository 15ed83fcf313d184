"""`longhaul new`: a job's folder to start from."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli import project

TEMPLATE = Path(__file__).parent / "templates" / "job"
STACK_LINES = """\
  longhaul:jobs:
    {name}:
      schedule: cron(0 3 * * ? *)
"""


def new(
    job: Annotated[str, typer.Argument(help="The new job's name: it names the folder and what AWS shows.")],
) -> None:
    """Make a job's folder: job.yaml, Dockerfile, code and a test, ready to run."""
    from spec.job import check_job_name
    from spec.load import stack_names
    from spec.stack_file import read_project
    from spec.stack_rules import name_mistake

    project_name = read_project(project.root()).value["name"]
    shortest_stack = min(stack_names(project.root()), key=len, default="dev")
    try:
        check_job_name(job)
        if mistake := name_mistake(project_name, shortest_stack, job, scheduled=True):
            raise ValueError(mistake)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    jobs = project.root() / "jobs"
    folder = jobs / job
    if folder.exists():
        print(f"jobs/{job} is there already: choose another name, or remove it first", file=sys.stderr)
        raise typer.Exit(2)
    jobs.mkdir(exist_ok=True)
    # Made aside and renamed, so that an interruption leaves no half a job behind.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=jobs) as workshop:
        made = Path(workshop) / job
        shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
        made.rename(folder)
    print(f"Made jobs/{job}. To run it, name it in a stack, say in Pulumi.dev.yaml:\n")
    print(STACK_LINES.format(name=job))
    print(f"Then: ./longhaul check dev && ./longhaul sandbox run --stack dev --job {job}")
