"""Who paused a job, when and why: words that are kept with its trigger, a rule's tag or the end of a description."""

from __future__ import annotations

import re
from dataclasses import dataclass

TAG = "longhaul:paused"
"""Of a rule that was paused. A schedule has no tags."""
_LONGEST_TAG, _LONGEST_DESCRIPTION = 256, 512
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+\-@]+")
_NOT_IN_DESCRIPTIONS = re.compile(r"[\[\]\s]+")
_NOTE = re.compile(r"(?P<when>\S+?)(?: by (?P<who>[^\s:]+))?(?:: (?P<reason>.*))?")
_AT_THE_END = re.compile(r"(?P<before>.*?) ?\[paused (?P<note>[^\[\]]*)\]", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class PauseNote:
    """When in UTC, as ISO 8601 text; who, as `user/jane`, and why: empty where not known."""

    when: str
    who: str = ""
    reason: str = ""


def as_tag(note: PauseNote) -> str:
    """The value of the tag, without the characters that AWS takes in none."""
    return _fitted(note, _NOT_IN_TAGS, _LONGEST_TAG)


def from_tag(text: str) -> PauseNote:
    """What the tag says; whatever else a person wrote there is the time."""
    found = _NOTE.fullmatch(text)
    if found is None:
        return PauseNote(when=text)
    return PauseNote(when=found["when"], who=found["who"] or "", reason=found["reason"] or "")


def noted(description: str, note: PauseNote) -> str:
    """A schedule's description with the note at its end; where there is little room, with less of the note, or none."""
    before = f"{description} [paused " if description else "[paused "
    room = _LONGEST_DESCRIPTION - len(before) - len("]")
    text = _fitted(note, _NOT_IN_DESCRIPTIONS, room)
    return f"{before}{text}]" if text else description


def note_in(description: str) -> PauseNote | None:
    """The note at the end of a description."""
    found = _AT_THE_END.fullmatch(description)
    return from_tag(found["note"]) if found else None


def without_note(description: str) -> str:
    """The description as it was before."""
    found = _AT_THE_END.fullmatch(description)
    return found["before"] if found else description


def _fitted(note: PauseNote, foreign: re.Pattern[str], room: int) -> str:
    """The note in so many characters: the reason is cut, then who it was left out, then the time."""
    when, who = (foreign.sub("-", part) for part in (note.when, note.who))
    reason = " ".join(foreign.sub(" ", note.reason).split())
    known = f"{when} by {who}" if who else when
    if reason and len(known) + len(": x") <= room:
        return f"{known}: {reason}"[:room].rstrip()
    return next((text for text in (known, when) if len(text) <= room), "")
