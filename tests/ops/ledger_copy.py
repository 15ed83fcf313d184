"""Another ledger for a stack, with some lines of its own one: as the newest it is the one that is read."""

from __future__ import annotations

import itertools
import json
from typing import Any

from ops.ledger import Ledger
from tests.ops.operated import Operated

_names = (f"/aws/events/acme-night-runs-{number:x}" for number in itertools.count(0xA0))


def lines(operated: Operated) -> list[dict[str, Any]]:
    """The lines of executions. Other tests may have left some of tasks that no state machine started."""
    return [line for line in all_lines(operated) if "executionArn" in json.loads(line["message"])["detail"]]


def all_lines(operated: Operated) -> list[dict[str, Any]]:
    """All lines."""
    pages = operated.local_aws.client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=operated.deployment.outputs["ledger"])
    return [line for page in found for line in page["events"]]


class Copy:
    """A ledger with some of a real one's lines, in the order that is given, all of the time of the last."""

    def __init__(self, operated: Operated, written: list[dict[str, Any]]) -> None:
        self._logs = operated.local_aws.client("logs")
        self.ledger = Ledger(operated.aws, next(_names))
        self._logs.create_log_group(logGroupName=self.ledger.log_group)
        if written:
            place = {"logGroupName": self.ledger.log_group, "logStreamName": "copy"}
            self._logs.create_log_stream(**place)
            first = max(line["timestamp"] for line in written)
            copied = [{"timestamp": first + at, "message": line["message"]} for at, line in enumerate(written)]
            self._logs.put_log_events(**place, logEvents=copied)

    def __enter__(self) -> Ledger:
        return self.ledger

    def __exit__(self, *_: object) -> None:
        self._logs.delete_log_group(logGroupName=self.ledger.log_group)
