"""What differs in AWS from what was deployed, as `pulumi refresh --preview-only --json` found it.

Its steps, `refresh` for a resource that is as it was, `update` for one that differs, `delete` for one that is gone:
https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/display#PreviewDigest
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from review.blocks import Block, Bullets, Code, Paragraph, Words
from spec.pause_note import TAG, without_note

_TRIGGERS = ("aws:cloudwatch/eventRule:EventRule", "aws:scheduler/schedule:Schedule")
_NOTED = ("tags", "tagsAll", "description")
_UNCHANGED = ("refresh", "same")
_STACK = "pulumi:pulumi:Stack"


class UnreadableDriftError(ValueError):
    """JSON that is not what the Pulumi command writes."""


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as it was deployed: gone, or with other values in `properties`."""

    kind: str
    name: str
    gone: bool
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """`drifted`: what someone or something changed. `paused`: rules and schedules that only have been disabled, and say
    why."""

    drifted: tuple[Drifted, ...]
    paused: tuple[str, ...]


def read_drift(digest: Any) -> Drift:
    """The drift in the JSON that the Pulumi command printed, read. Raises UnreadableDriftError."""
    steps = digest.get("steps", []) if isinstance(digest, Mapping) and "duration" in digest else None
    if not isinstance(steps, list):
        raise UnreadableDriftError("expected the JSON of pulumi refresh --preview-only --json, found something else")
    try:
        changed = [step for step in steps if step["op"] not in _UNCHANGED and _kind(step["urn"]) != _STACK]
        paused = [step for step in changed if _is_paused(step)]
        return Drift(
            drifted=tuple(sorted((_drifted(step) for step in changed if step not in paused), key=_order)),
            paused=tuple(sorted(_name(step["urn"]) for step in paused)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableDriftError(f"expected steps with op and urn, found one without: {error}") from None


def drift_outline(drift: Drift) -> Iterator[Block]:
    """The drift in words."""
    if drift.drifted:
        yield Paragraph(["In AWS this is not as it was deployed:"])
        yield Bullets([_said(one) for one in drift.drifted])
        yield Paragraph([Code("pulumi up --refresh"), " brings it back; to keep it, write it into the stack's file."])
    else:
        yield Paragraph(["Everything in AWS is as it was deployed."])
    if drift.paused:
        yield Paragraph(["Paused, which is no drift:"])
        yield Bullets([[Code(name)] for name in drift.paused])


def _kind(urn: str) -> str:
    """The type at the end of `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _properties(step: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(step.get("detailedDiff") or step.get("diffReasons") or ()))


def _is_paused(step: Mapping[str, Any]) -> bool:
    """Whether a trigger was deployed to fire, and is as it was deployed but for being disabled and saying why."""
    # A property may be named down to the place in it: `tags.longhaul:paused`, `tags["longhaul:paused"]`.
    differing = {re.split(r"[.\[]", name, maxsplit=1)[0] for name in _properties(step)}
    return (
        step["op"] == "update"
        and _kind(step["urn"]) in _TRIGGERS
        and {"state"} <= differing <= {"state", "isEnabled", *_NOTED}
        and _output(step, "oldState", "state") == "ENABLED"
        and _output(step, "newState", "state") == "DISABLED"
        and all(_without_note(step, "oldState", name) == _without_note(step, "newState", name) for name in _NOTED)
    )


def _without_note(step: Mapping[str, Any], side: str, name: str) -> Any:
    """The value of a property in which who pauses a job may leave words, without those."""
    value = _output(step, side, name)
    if isinstance(value, str):
        return without_note(value)
    return {key: tag for key, tag in (value or {}).items() if key != TAG}


def _output(step: Mapping[str, Any], side: str, name: str) -> Any:
    return step[side]["outputs"].get(name)


def _drifted(step: Mapping[str, Any]) -> Drifted:
    gone = step["op"] == "delete"
    return Drifted(_kind(step["urn"]), _name(step["urn"]), gone, () if gone else _properties(step))


def _order(one: Drifted) -> tuple[str, str]:
    return (one.kind, one.name)


def _said(one: Drifted) -> Words:
    properties = [word for name in one.properties for word in (", ", Code(name))][1:]
    what = ["is gone"] if one.gone else ["differs in ", *properties] if properties else ["differs"]
    return [Code(one.name), f" ({one.kind}) ", *what]
