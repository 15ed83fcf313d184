"""Jobs whose triggers are switched off and on, in a deployed stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ops.pausing import pause, pause_note, resume
from ops.stack import Trigger
from spec.pause_note import PauseNote, as_tag, from_tag, note_in, noted, without_note
from tests.ops.operated import Operated

NOTE = PauseNote(when="2026-11-29T14:00:00Z", who="user/jane", reason="disk full, see [ticket] 7")


def trigger(operated: Operated, job: str) -> Trigger:
    found = operated.job(job).trigger
    assert found is not None
    return found


def schedule(operated: Operated, job: str) -> dict[str, Any]:
    """Everything that EventBridge Scheduler says of it, but for when it changed."""
    found = trigger(operated, job)
    answer = operated.local_aws.client("scheduler").get_schedule(GroupName=found.group, Name=found.name)
    return {key: answer[key] for key in answer if key not in ("LastModificationDate", "ResponseMetadata")}


@pytest.fixture
def both_on(operated: Operated) -> Iterator[Operated]:
    yield operated
    for job in ("obeys", "obeys-alone"):
        if not (paused := trigger(operated, job)).enabled:
            resume(operated.aws, paused)


def test_a_rule_is_off_and_says_why(both_on: Operated) -> None:
    events = both_on.local_aws.client("events")
    before = trigger(both_on, "obeys")
    assert (before.kind, before.enabled, pause_note(before)) == ("rule", True, None)
    rule, targets = events.describe_rule(Name=before.name), events.list_targets_by_rule(Rule=before.name)["Targets"]

    pause(both_on.aws, before, NOTE)
    paused = trigger(both_on, "obeys")
    # A tag's value has no commas and brackets.
    assert pause_note(paused) == PauseNote(when=NOTE.when, who=NOTE.who, reason="disk full see ticket 7")
    assert events.describe_rule(Name=before.name)["State"] == "DISABLED"

    resume(both_on.aws, paused)
    assert trigger(both_on, "obeys") == before
    after = events.describe_rule(Name=before.name)
    assert {key: after[key] for key in after if key != "ResponseMetadata"} == {
        key: rule[key] for key in rule if key != "ResponseMetadata"
    }
    assert events.list_targets_by_rule(Rule=before.name)["Targets"] == targets


def test_a_schedule_keeps_all_else(both_on: Operated) -> None:
    before, everything = trigger(both_on, "obeys-alone"), schedule(both_on, "obeys-alone")
    assert (before.kind, before.enabled, pause_note(before)) == ("schedule", True, None)
    assert before.timezone == "Europe/Paris"

    pause(both_on.aws, before, NOTE)
    paused = trigger(both_on, "obeys-alone")
    assert pause_note(paused) == PauseNote(when=NOTE.when, who=NOTE.who, reason="disk full, see ticket 7")
    assert schedule(both_on, "obeys-alone") == everything | {
        "State": "DISABLED",
        "Description": f"{before.description} [paused {NOTE.when} by user/jane: disk full, see ticket 7]",
    }
    # Again, as two people do it at the same time: the description has one note.
    pause(both_on.aws, paused, PauseNote(when="later", who="user/joe"))
    assert pause_note(trigger(both_on, "obeys-alone")) == PauseNote(when="later", who="user/joe")

    resume(both_on.aws, paused)
    assert schedule(both_on, "obeys-alone") == everything


def test_what_was_switched_off_in_another_way_is_not_paused(operated: Operated) -> None:
    idle = trigger(operated, "idle")
    assert (idle.enabled, pause_note(idle)) == (False, None)


@pytest.mark.parametrize("length", [0, 1, 300, 440, 480, 511, 512])
def test_a_description_is_never_lost(length: int) -> None:
    # https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html: at most 512 characters.
    description = "x" * length
    paused = noted(description, NOTE)
    assert len(paused) <= 512
    assert without_note(paused) == description
    if length <= 440:
        note = note_in(paused)
        assert note is not None
        assert (note.when, note.who) == (NOTE.when, NOTE.who)


@pytest.mark.parametrize("reason", ["", "x" * 1000, "é: by hand", "a\nb"])
def test_a_tag_has_what_aws_lets_it_have(reason: str) -> None:
    value = as_tag(PauseNote(when=NOTE.when, who="assumed-role/ops/jane,doe@example.com", reason=reason))
    assert len(value) <= 256
    assert all(character.isalnum() or character in " _.:/=+-@" for character in value)
    note = from_tag(value)
    assert (note.when, note.who) == (NOTE.when, "assumed-role/ops/jane-doe@example.com")
    assert note.reason == " ".join(reason.split())[: len(note.reason)]
    assert bool(note.reason) == bool(reason)


def test_what_a_person_wrote_is_read_as_it_is() -> None:
    assert from_tag("until monday") == PauseNote(when="until monday")
    assert from_tag("") == PauseNote(when="")
    assert note_in("Starts x [paused]") is None
    assert without_note("Starts [a] x") == "Starts [a] x"
