"""What the operator's verbs have in common: which stack is meant and where it is, how a listing is printed, the exit.

    @verb
    def status(where: Where, output: OutputOption = Listing.TABLE) -> None: ...

has `--stack`, `--profile`, `--region` and `--endpoint-url` beside its own options.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import project

if TYPE_CHECKING:
    from ops.aws import Aws
    from ops.ledger import Ledger
    from ops.stack import DeployedStack


class Listing(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def complete_job(context: typer.Context, incomplete: str) -> list[str]:
    """The names of jobs for the shell: those in the project's stack files, as no AWS is asked meanwhile."""
    names: set[str] = set()
    # Meanwhile no command runs, nor what comes before one.
    root = context.find_root().params.get("directory") or project.root()
    for file in Path(root).glob("Pulumi.*.yaml"):
        try:
            config = _read(file).get("config")
        except typer.BadParameter:
            continue
        jobs = config.get("longhaul:jobs") if isinstance(config, dict) else None
        names |= set(map(str, jobs)) if isinstance(jobs, dict) else set()
    return sorted(name for name in names if name.startswith(incomplete))


OutputOption = Annotated[Listing, typer.Option("--output", help="How to print it.")]
UtcOption = Annotated[bool, typer.Option("--utc", help="Times in UTC in the place of local time.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
NoLedgerOption = Annotated[
    bool, typer.Option("--no-ledger", help="Ask Step Functions alone, and not the stack's ledger.")
]
JobArgument = Annotated[
    str,
    typer.Argument(metavar="JOB", help="A job, or how the name of only one begins.", autocompletion=complete_job),
]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="An execution's ARN or name, or JOB@latest, JOB@-2, JOB@failed, JOB@NAME.")
]

_COMMON = {
    "stack": Annotated[
        str | None,
        typer.Option("--stack", envvar="LONGHAUL_STACK", help="The stack; the only one, or dev, when absent."),
    ],
    "profile": Annotated[str | None, typer.Option("--profile", help="A profile of AWS's configuration files.")],
    "region": Annotated[
        str | None, typer.Option("--region", help="The stack's own, or the environment's, when absent.")
    ],
    "endpoint_url": Annotated[
        str | None, typer.Option("--endpoint-url", help="In the place of AWS; AWS_ENDPOINT_URL when absent.")
    ],
}


@dataclass(frozen=True)
class Where:
    """Which stack is meant, and how AWS is asked about it."""

    project: str
    stack_name: str
    profile: str | None
    region: str | None
    endpoint_url: str | None

    @cached_property
    def aws(self) -> Aws:
        from ops.aws import Aws

        return Aws(profile=self.profile, region=self.region, endpoint_url=self.endpoint_url)

    @cached_property
    def stack(self) -> DeployedStack:
        """What is deployed of it; raises OpsError."""
        from ops.stack import find_stack

        return find_stack(self.aws, self.project, self.stack_name)


def ledger_of(where: Where, *, no_ledger: bool) -> Ledger | None:
    """The stack's ledger, where it has one and it is wanted."""
    from ops.ledger import find_ledger

    return None if no_ledger else find_ledger(where.aws, where.stack)


def verb(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function with `where: Where` as a command with the common options in the place of that."""
    hints = typing.get_type_hints(function, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "where"
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    common = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in _COMMON.items()]

    @functools.wraps(function)
    def command(**given: Any) -> Any:
        where = _where(**{name: given.pop(name) for name in _COMMON})
        return function(where=where, **given)

    parameters = [parameter.replace(kind=keyword) for parameter in own] + common
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is changed. Ends the command: with 1 on a no, with 2 where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        print(f"longhaul: {question} Nobody is here to ask: say --yes", file=sys.stderr)
        raise typer.Exit(2)
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def _where(*, stack: str | None, profile: str | None, region: str | None, endpoint_url: str | None) -> Where:
    root = project.root()
    name = stack or _only_stack(root)
    return Where(
        project=_read(root / "Pulumi.yaml").get("name") or root.name,
        stack_name=name,
        profile=profile,
        region=region or _region(root, name),
        endpoint_url=endpoint_url,
    )


def _only_stack(root: Path) -> str:
    names = [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in root.glob("Pulumi.*.yaml")]
    return names[0] if len(names) == 1 else "dev"


def _region(root: Path, stack: str) -> str | None:
    """The Region that the stack's file says; None where there is no such file: a stack need not be checked out."""
    file = root / f"Pulumi.{stack}.yaml"
    config = _read(file).get("config") if file.is_file() else None
    found = config.get("aws:region") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text())
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise typer.BadParameter(f"cannot read {file}{line}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"cannot read {file}: {error}") from None
    return content if isinstance(content, dict) else {}
