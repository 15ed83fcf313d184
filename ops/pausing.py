"""Switches a job's trigger off and on again; who did it, when and why is kept with the trigger."""

from __future__ import annotations

from typing import Any

from ops.aws import Aws
from ops.stack import Trigger
from spec.pause_note import TAG, PauseNote, as_tag, from_tag, note_in, noted, without_note

# Of GetSchedule's answer, what UpdateSchedule does not take.
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
_OF_THE_ANSWER = ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")


def pause_note(trigger: Trigger) -> PauseNote | None:
    """Who paused a job; None for a trigger that is on, or that was switched off in another way."""
    if trigger.enabled:
        return None
    if trigger.kind == "schedule":
        return note_in(trigger.description)
    return from_tag(trigger.tags[TAG]) if TAG in trigger.tags else None


def pause(aws: Aws, trigger: Trigger, note: PauseNote) -> None:
    """Switch a trigger off. Raises botocore's errors."""
    if trigger.kind == "schedule":
        schedule = _read_schedule(aws, trigger)
        description = noted(without_note(schedule.get("Description", "")), note)
        _update_schedule(aws, schedule, "DISABLED", description)
        return
    # The note first: a rule that is off has one.
    aws("events").tag_resource(ResourceARN=trigger.arn, Tags=[{"Key": TAG, "Value": as_tag(note)}])
    aws("events").disable_rule(Name=trigger.name)


def resume(aws: Aws, trigger: Trigger) -> None:
    """Switch a trigger on, and take the note away. Raises botocore's errors."""
    if trigger.kind == "schedule":
        schedule = _read_schedule(aws, trigger)
        _update_schedule(aws, schedule, "ENABLED", without_note(schedule.get("Description", "")))
        return
    aws("events").enable_rule(Name=trigger.name)
    aws("events").untag_resource(ResourceARN=trigger.arn, TagKeys=[TAG])


def _read_schedule(aws: Aws, trigger: Trigger) -> dict[str, Any]:
    answer = aws("scheduler").get_schedule(GroupName=trigger.group, Name=trigger.name)
    return {key: value for key, value in answer.items() if key not in _OF_THE_ANSWER}


def _update_schedule(aws: Aws, schedule: dict[str, Any], state: str, description: str) -> None:
    """Whatever UpdateSchedule is not given becomes the default, so it is given everything that is there."""
    kept = {key: value for key, value in schedule.items() if key not in ("State", "Description")}
    # A description may be missing, but not be empty.
    words = {"Description": description} if description else {}
    aws("scheduler").update_schedule(**kept, **words, State=state)
