"""`longhaul pause` and `longhaul resume`: a job's trigger off and on, without a deployment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import utc_text
from cli.ops.options import DryRunOption, JobArgument, Where, YesOption, confirm, verb

if TYPE_CHECKING:
    from ops.stack import DeployedJob, Trigger
    from spec.pause_note import PauseNote


@verb
def pause(
    where: Where,
    job: JobArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever finds the job paused.")] = "",
    dry_run: DryRunOption = False,
) -> None:
    """Switch a job's trigger off until it is resumed. Runs that go on are not stopped."""
    from ops import pausing
    from ops.caller import caller
    from spec.pause_note import PauseNote

    found, trigger = _trigger(where, job)
    name = found.name
    if not trigger.enabled:
        print(f"{name} is off already{_by(pausing.pause_note(trigger))}.")
        return
    if dry_run:
        print(f"Would switch off the {trigger.kind} {trigger.name}.")
        return
    note = PauseNote(when=utc_text(datetime.now(UTC)), who=caller(where.aws), reason=reason)
    pausing.pause(where.aws, trigger, note)
    print(f"{name} is paused: its {trigger.kind} {trigger.name} is switched off.")
    print(f"It stays off until `longhaul resume {name}`, or until a `pulumi up` that refreshes or changes the trigger.")
    if found.has_starting_rules:
        print(
            f"Other jobs' ends or objects start it all the same: by the rules {found.resource_name}.*, which stay on."
        )


@verb
def resume(where: Where, job: JobArgument, yes: YesOption = False, dry_run: DryRunOption = False) -> None:
    """Switch a paused job's trigger on again. Times that have gone by are not made up for.

    Asks about one that was switched off in another way, as by `enabled: false` in the stack's file.
    """
    from ops import pausing

    found, trigger = _trigger(where, job)
    name = found.name
    if trigger.enabled:
        print(f"{name} is on already.")
        return
    note = pausing.pause_note(trigger)
    if dry_run:
        print(f"Would switch on the {trigger.kind} {trigger.name}{_by(note)}.")
        return
    if note is None:
        why = f"{name} was not switched off by `longhaul pause`: its stack's file may say `enabled: false`."
        confirm(f"{why} Switch it on?", yes=yes)
    pausing.resume(where.aws, trigger)
    print(f"{name} is resumed: its {trigger.kind} {trigger.name} is switched on{_by(note)}.")


def _trigger(where: Where, text: str) -> tuple[DeployedJob, Trigger]:
    """A job, and what starts it at its times. Raises OpsError."""
    from ops.errors import NotFoundError
    from ops.names import find_job

    job = find_job(where.stack, text)
    if job.trigger is None:
        raise NotFoundError(f"{job.name} has no schedule: there is nothing to switch off")
    return job, job.trigger


def _by(note: PauseNote | None) -> str:
    if note is None:
        return ""
    who = f" by {note.who}" if note.who else ""
    return f" (paused {note.when}{who}{': ' + note.reason if note.reason else ''})"
