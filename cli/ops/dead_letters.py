"""`longhaul dead-letters`: what could not be delivered, shown, delivered again or thrown away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import notices
from cli.ops.options import (
    DryRunOption,
    Listing,
    NoLedgerOption,
    OutputOption,
    UtcOption,
    Where,
    YesOption,
    confirm,
    ledger_of,
    verb,
)
from cli.ops.tables import Column, print_listing
from cli.ops.times import moment_text, utc_or_none

if TYPE_CHECKING:
    from ops.dead_letters import Letter
    from ops.letters_in_hand import LettersInHand

app = typer.Typer(
    help="Show, retry or discard what could not be delivered.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_NOTHING = "No dead letter can be seen."

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="A letter, or how the id of only one begins.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All letters that can be seen.")]


@app.command("list", short_help="Show what lies in the queue.")
@verb
def list_letters(where: Where, output: OutputOption = Listing.TABLE, utc: UtcOption = False) -> None:
    """Show what lies in the stack's dead-letter queue, the oldest first. It stays there."""
    from ops.dead_letters import in_hand_count
    from ops.letters_in_hand import HIDDEN_SECONDS, letters_in_hand

    queue_url = _queue(where)
    elsewhere = in_hand_count(where.aws, queue_url)
    with letters_in_hand(where.aws, where.stack, queue_url) as hand:
        letters = hand.letters
    print_listing(letters, columns(letters, utc=utc), output, nothing=_NOTHING)
    if elsewhere:
        until = f"until that ends, or {HIDDEN_SECONDS // 60} minutes after it was killed"
        notices().print(f"Somebody has {elsewhere} more in hand, {until}.", markup=False)


@app.command(short_help="Deliver letters again.")
@verb
def retry(
    where: Where,
    ids: IdsArgument = None,
    every: AllOption = False,
    no_ledger: NoLedgerOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Deliver letters again, the oldest first: start the runs, publish the alerts, write the ledger's lines.

    A start is left out where its time has run meanwhile. A letter that is settled so is deleted from the queue; one
    that cannot be delivered stays there.
    """
    from ops.redelivery import Redelivery

    ledger = ledger_of(where, no_ledger=no_ledger)
    redelivery = Redelivery(where.aws, where.stack, ledger=ledger, dry_run=dry_run)
    with _taken("Deliver", where, ids, every=every, yes=yes or dry_run) as (hand, letters):
        settled = 0
        for letter in letters:
            hand.keep()
            outcome = redelivery.deliver(letter)
            settled += outcome.settled
            if outcome.settled and not dry_run:
                hand.delete(letter)
            stays = "" if outcome.settled else "stays: "
            print(f"{letter.id}  {what(letter)}: {stays}{outcome.said}")
        if settled < len(letters):
            notices().print(f"{len(letters) - settled} of {len(letters)} letters stay in the queue.", markup=False)
            raise typer.Exit(1)


@app.command(short_help="Throw letters away.")
@verb
def discard(
    where: Where,
    ids: IdsArgument = None,
    every: AllOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Throw letters away: delete them from the queue, and deliver nothing."""
    with _taken("Throw away", where, ids, every=every, yes=yes or dry_run) as (hand, letters):
        for letter in letters:
            hand.keep()
            if not dry_run:
                hand.delete(letter)
            print(f"{letter.id}  {what(letter)}: {'would be discarded' if dry_run else 'discarded'}")


def columns(letters: Sequence[Letter], *, utc: bool) -> list[Column[Letter]]:
    """What is told of each letter."""
    from rich.markup import escape

    from ops.dead_letter_advice import advice, in_words
    from ops.dead_letters import short_ids

    shown = short_ids(letters)
    return [
        Column("id", lambda letter: letter.id, "letter", lambda letter: shown[letter.id]),
        Column(
            "sent", lambda letter: utc_or_none(letter.sent), "sent", lambda letter: moment_text(letter.sent, utc=utc)
        ),
        Column("kind", lambda letter: letter.kind, "what", lambda letter: escape(what(letter))),
        Column("job", lambda letter: letter.job),
        Column("scheduledTime", lambda letter: letter.scheduled_time),
        Column("executionArn", lambda letter: letter.execution_arn),
        Column("status", lambda letter: letter.status),
        Column("inWords", in_words, "why", lambda letter: escape(in_words(letter))),
        Column("attempts", lambda letter: letter.attempts, "attempts", right=True),
        Column("advice", advice, "what to do", lambda letter: escape(advice(letter))),
        Column("errorCode", lambda letter: letter.error_code or None),
        Column("errorMessage", lambda letter: letter.error_message or None),
        Column("gaveUp", lambda letter: letter.gave_up or None),
        Column("triggerArn", lambda letter: letter.rule_arn or letter.schedule_arn or None),
        Column("targetArn", lambda letter: letter.target_arn or None),
    ]


def what(letter: Letter) -> str:
    """What a letter is, in a few words."""
    from ops.task_changes import run_name

    run = run_name(letter.execution_arn or "?")
    time = letter.scheduled_time
    told = f"{run} of {letter.job or '?'} {letter.status or '?'}"
    return {
        "start": f"start of {letter.job or '?'} {f'for {time}' if time else 'by an event'}",
        "alert": f"alert: {told}",
        "ledger": f"line of the ledger: {told}",
        "unknown": "nothing of this stack",
    }[letter.kind]


def _queue(where: Where) -> str:
    """The URL of the stack's dead-letter queue. Raises NotFoundError."""
    from ops.dead_letters import queue_of
    from ops.errors import NotFoundError

    queue_url = queue_of(where.aws, where.stack)
    if queue_url is None:
        raise NotFoundError(f"the stack {where.stack_name} has no dead-letter queue in {where.stack.region}")
    return queue_url


@contextmanager
def _taken(
    doing: str, where: Where, ids: list[str] | None, *, every: bool, yes: bool
) -> Iterator[tuple[LettersInHand, list[Letter]]]:
    """The letters that are meant, in hand; asks first, and has none in hand while a person thinks about it.

    Ends the command with 1 where some of those that were asked about are not to be had any more.
    """
    from ops.dead_letters import find_letters
    from ops.letters_in_hand import letters_in_hand

    if bool(ids) == every:
        raise typer.BadParameter("say which letters: their ids, or --all")
    queue_url = _queue(where)
    asked: set[str] | None = None
    if not yes:
        with letters_in_hand(where.aws, where.stack, queue_url) as hand:
            found = find_letters(hand.letters, ids) if ids else list(hand.letters)
        if found:
            for letter in found:
                notices().print(f"{letter.id}  {what(letter)}", markup=False)
            confirm(f"{doing} {len(found)} dead letter{'s' if len(found) > 1 else ''}?", yes=False)
        asked = {letter.id for letter in found}
    with letters_in_hand(where.aws, where.stack, queue_url) as hand:
        if asked is not None:
            letters = [letter for letter in hand.letters if letter.id in asked]
        else:
            letters = find_letters(hand.letters, ids) if ids else list(hand.letters)
        if not letters and not asked:
            print(_NOTHING)
        yield hand, letters
    if asked is not None and len(letters) < len(asked):
        gone = len(asked) - len(letters)
        notices().print(f"Of {gone} that were there, somebody else has taken hold meanwhile.", markup=False)
        raise typer.Exit(1)
