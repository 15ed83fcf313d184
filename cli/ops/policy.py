"""`longhaul policy`: the IAM policy that whoever operates a stack needs."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from cli.ops.options import Where, verb


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text, re.ASCII):
        raise typer.BadParameter(f"expected an account's 12 digits, found {text!r}")
    return text


@verb
def policy(
    where: Where,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For whoever only looks: nothing is started, stopped or switched.")
    ] = False,
    account: Annotated[
        str | None,
        typer.Option(parser=_account, metavar="DIGITS", help="The account's number; the caller's own, when absent."),
    ] = None,
) -> None:
    """Print the IAM policy that this command line needs for one stack, as JSON.

    It names the stack's resources by their names, so the stack need not be deployed yet.
    """
    from definitions.place import Place
    from definitions.policies.operator import operator_policy
    from ops.caller import account_of_caller

    place = Place(
        project=where.project,
        stack=where.stack_name,
        partition=where.aws.partition,
        region=where.aws.region,
        account=account or account_of_caller(where.aws),
    )
    print(json.dumps(operator_policy(place, read_only=read_only), indent=2))
