"""What a target is given: the event, and what Input, InputPath, InputTransformer and context attributes make of it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

RESERVED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event",
    "aws.events.event.json",
    "aws.events.event.ingestion-time",
)
_FILLED_IN = json.JSONDecoder()
PLACEHOLDER = re.compile(r"<([^<>]*)>")
_TEXT_OR_PLACEHOLDER = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')
_MISSING = object()


class NoSuchPath(LookupError):  # noqa: N818 - said of an event, not of a program
    """An InputPath that leads to nothing in the event."""


def timestamp(moment: datetime) -> str:
    """`2026-11-24T03:15:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def scheduled_event(
    source: str, arn: str, event_id: str, scheduled_time: datetime, *, account: str, region: str
) -> dict[str, Any]:
    """The event of a scheduled run; its time is the one it was scheduled for.

    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": source,
        "account": account,
        "time": timestamp(scheduled_time),
        "region": region,
        "resources": [arn],
        # Scheduler's is a text.
        "detail": {} if source == "aws.events" else "{}",
    }


def rule_input(
    target: Mapping[str, Any], event: dict[str, Any], *, rule_name: str, rule_arn: str, now: datetime
) -> str:
    """The text a rule's target gets; raises NoSuchPath."""
    if "Input" in target:
        return target["Input"]
    if "InputPath" in target:
        part = look_up(event, target["InputPath"])
        if part is _MISSING:
            raise NoSuchPath(f"InputPath {target['InputPath']} matches nothing in the event")
        return json.dumps(part)
    if "InputTransformer" not in target:
        return json.dumps(event)
    transformer = target["InputTransformer"]
    values: dict[str, Any] = {
        name: look_up(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()
    }
    values |= zip(RESERVED, (rule_arn, rule_name, event, event, timestamp(now)), strict=True)
    return _rendered(transformer["InputTemplate"], values)


def is_template(template: str) -> bool:
    """Whether a template is JSON, or text in quotes; of several lines each has its own."""
    rest = _rendered(template, dict.fromkeys(PLACEHOLDER.findall(template)))
    while rest := rest.strip():
        try:
            _, end = _FILLED_IN.raw_decode(rest)
        except ValueError:
            return False
        rest = rest[end:]
    return True


def schedule_input(text: str, attributes: Mapping[str, str]) -> str:
    """A schedule's Input with its context attributes (`schedule-arn`, ...) filled in."""
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def look_up(event: Any, path: str) -> Any:
    """What a path like `$.detail.items[0]` leads to; a value of its own kind if there is nothing."""
    value = event
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        if name and isinstance(value, dict) and name in value:
            value = value[name]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return _MISSING
    return value


def _rendered(template: str, values: Mapping[str, Any]) -> str:
    """A template with its placeholders filled in.

    Within a text nothing is escaped; a value of its own becomes JSON, and "" where there is none.
    """

    def inside_text(placeholder: re.Match[str]) -> str:
        value = values.get(placeholder[1], _MISSING)
        if isinstance(value, str) or value is _MISSING:
            return value if isinstance(value, str) else ""
        return json.dumps(value).replace('"', "")

    def anywhere(found: re.Match[str]) -> str:
        if found[0].startswith('"'):
            return PLACEHOLDER.sub(inside_text, found[0])
        value = values.get(found[0][1:-1], _MISSING)
        return json.dumps("" if value is _MISSING else value)

    return _TEXT_OR_PLACEHOLDER.sub(anywhere, template)
