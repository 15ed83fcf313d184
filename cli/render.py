"""`longhaul render`: the AWS documents that a job becomes."""

import json
from enum import StrEnum
from typing import Annotated

import typer
import yaml

from cli import project
from cli.arguments import find_job


class Document(StrEnum):
    STATE_MACHINE = "state-machine"
    TASK_DEFINITION = "task-definition"
    FUNCTION = "function"
    POLICIES = "policies"
    TRIGGER = "trigger"
    KUBERNETES = "kubernetes"


def render(
    job: Annotated[str, typer.Argument(help="A job of the stack.")],
    stack: Annotated[str, typer.Option(help="The stack whose settings count.")],
    document: Annotated[Document | None, typer.Option(help="Only this one; all when absent.")] = None,
) -> None:
    """Print the AWS documents a job becomes, as JSON with stand-in ARNs (account 123456789012).

    With --document kubernetes, of a job that runs there: what must be in its cluster, as YAML for kubectl apply -f -.
    """
    from definitions.render import documents
    from spec.load import load_stack
    from spec.words import listed

    loaded = load_stack(project.root(), stack)
    found = find_job(loaded, job)
    rendered = documents(found, loaded)
    if document is not None and document not in rendered:
        has = listed(rendered, "or")
        raise typer.BadParameter(f"expected {has} of {job}, which has runOn: {found.run_on.kind}, found {document}")
    if document is Document.KUBERNETES:
        print(yaml.safe_dump_all(rendered[document]["objects"], sort_keys=False, explicit_start=True), end="")
    else:
        print(json.dumps(rendered if document is None else rendered[document], indent=2))
