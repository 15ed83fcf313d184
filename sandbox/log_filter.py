"""FilterLogEvents as AWS pages it.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs

_MOST_LINES, _MOST_BYTES = 10_000, 1 << 20
# `{ $.detail.status = "FAILED" }`, `{ ($.a = "x") || ($.b = "*y") }`; other patterns of JSON are left to MiniStack.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
_EQUALS = r'\$((?:\.\w+)+)\s*=\s*"([^"]*)"'
_PATTERN = re.compile(rf"\{{\s*(?:{_EQUALS}|\(\s*{_EQUALS}\s*\)(?:\s*\|\|\s*\(\s*{_EQUALS}\s*\))+)\s*\}}")

_filter = cloudwatch_logs._filter_log_events


def install() -> None:
    """As shipped, what is beyond 10,000 lines is never told, and a pattern of JSON matches every line."""
    cloudwatch_logs._filter_log_events = filter_log_events


def filter_log_events(data: dict[str, Any]) -> Any:
    """A page of at most 10,000 lines and 1 MiB. Its token says from which time on to read, and what to leave out."""
    read = re.fullmatch(r"([0-9]+)/([0-9]+)", data.get("nextToken") or f"{data.get('startTime') or 0}/0")
    if read is None:
        return error_response_json("InvalidParameterException", "The specified nextToken is invalid.", 400)
    start, told = int(read[1]), int(read[2])
    shipped = _filter({**data, "startTime": start, "limit": _MOST_LINES})
    if shipped[0] != 200:
        return shipped
    found = json.loads(shipped[2])["events"]
    asked = found[told : told + min(data.get("limit", _MOST_LINES), _MOST_LINES)]
    page, size = [], 0
    for line in asked:
        size += len(line["message"].encode())
        if page and size > _MOST_BYTES:
            break
        page.append(line)
    answer: dict[str, Any] = {"events": _matching(page, data.get("filterPattern", "")), "searchedLogStreams": []}
    seen = found[: told + len(page)]
    if page and (len(seen) < len(found) or len(found) == _MOST_LINES):
        last = page[-1]["timestamp"]
        answer["nextToken"] = f"{last}/{sum(line['timestamp'] == last for line in seen)}"
    return json_response(answer)


def _matching(lines: list[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    if not _PATTERN.fullmatch(pattern.strip()):
        return lines
    wanted = [(path.split(".")[1:], text) for path, text in re.findall(_EQUALS, pattern)]
    return [line for line in lines if any(_is_like(_value(line["message"], path), text) for path, text in wanted)]


def _is_like(value: Any, text: str) -> bool:
    """Whether a value is that text, in which an asterisk stands for any."""
    return isinstance(value, str) and re.fullmatch(".*".join(map(re.escape, text.split("*"))), value) is not None


def _value(message: str, path: list[str]) -> Any:
    try:
        value = json.loads(message)
        for key in path:
            value = value[key]
    except (ValueError, KeyError, TypeError):
        return None
    return value
