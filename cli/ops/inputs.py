"""What a person hands to a run: its input, its command, variables of its environment."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Annotated, Any

import typer

from cli.arguments import json_or_file

InputOption = Annotated[
    str | None, typer.Option("--input", metavar="JSON|@FILE|-", help="JSON for the job; - reads standard input.")
]
CommandOption = Annotated[
    str | None, typer.Option(help="In the place of the job's own command; split into words as a shell does.")
]
EnvironmentOption = Annotated[
    list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="One more environment variable; repeatable.")
]


def read_input(text: str) -> Any:
    """The JSON of `--input`. Raises typer.BadParameter, also for numbers that the job would get with fewer digits."""
    from spec.forms import json_value
    from spec.words import UnexpectedValueError

    try:
        return json_value().read(json_or_file(sys.stdin.read() if text == "-" else text))
    except UnexpectedValueError as error:
        raise typer.BadParameter(f"--input: {error}") from None


def split_command(text: str) -> list[str]:
    """The words of `--command`. Raises typer.BadParameter."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise typer.BadParameter(f"--command: {error}") from None


def read_environment(texts: list[str]) -> dict[str, str]:
    """The variables of `--env`, the last of a name. Raises typer.BadParameter, which never shows a value."""
    from spec.aws_forms import variable_name, variable_value
    from spec.words import UnexpectedValueError

    variables = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            if not equals:
                raise typer.BadParameter("--env: expected NAME=VALUE, found a text without =")
            variables[variable_name().read(name)] = variable_value().read(value)
        except UnexpectedValueError as error:
            raise typer.BadParameter(f"--env: {error}") from None
    return variables


def shown_input(execution_input: dict[str, Any]) -> str:
    """An execution's input as JSON, without the values of its environment, which may be secrets."""
    shown = dict(execution_input)
    if isinstance(shown.get("environment"), dict):
        shown["environment"] = dict.fromkeys(shown["environment"], "...")
    return json.dumps(shown, indent=2, ensure_ascii=False)
