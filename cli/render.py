"""`longhaul render`: the AWS documents that a job becomes."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from cli import project
from cli.arguments import find_job


class Document(StrEnum):
    STATE_MACHINE = "state-machine"
    TASK_DEFINITION = "task-definition"
    POLICIES = "policies"
    TRIGGER = "trigger"


def render(
    job: Annotated[str, typer.Argument(help="A job of the stack.")],
    stack: Annotated[str, typer.Option(help="The stack whose settings count.")],
    document: Annotated[Document | None, typer.Option(help="Only this one; all four when absent.")] = None,
) -> None:
    """Print the AWS documents a job becomes, as JSON with stand-in ARNs (account 123456789012)."""
    from definitions.render import documents
    from spec.load import load_stack

    loaded = load_stack(project.root(), stack)
    rendered = documents(find_job(loaded, job), loaded)
    print(json.dumps(rendered if document is None else rendered[document], indent=2))
