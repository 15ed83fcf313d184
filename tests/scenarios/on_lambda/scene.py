"""A scenario of jobs on Lambda as it is played: instead of tasks there are invocations, which nothing can stop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.scenarios.on_lambda.stack import FunctionStack
from tests.scenarios.scene import Scene
from tests.scenarios.stack import Fields

_LINE = re.compile(r"(START|END) RequestId: (\S+)")


class Invocation(NamedTuple):
    """What the log tells of an invocation: when it began and ended, in epoch milliseconds."""

    request: str
    began: int
    ended: int


class FunctionScene(Scene):
    """See Scene; its gates are open when it is over, so that no function runs on to its timeout."""

    stack: FunctionStack

    def __init__(self, stack: FunctionStack, jobs: Mapping[str, Fields], folder: Path) -> None:
        super().__init__(stack, jobs, folder)
        self._since = 0

    def begin(self) -> None:
        """See Scene. No environment of an earlier scenario is left either."""
        super().begin()
        self._since = int(self.clock.now() * 1000)

    def end(self) -> None:
        """See Scene."""
        for run in self.runs:
            self.gate(run).touch()
        self.aws.quotas.clear()
        super().end()

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """None: there is no task of ECS."""
        del run
        return []

    def is_ready(self, run: str) -> bool:
        """Whether the latest invocation of a run has said so."""
        invoked = sum(
            event["type"] == "TaskScheduled" and event["taskScheduledEventDetails"]["resourceType"] == "lambda"
            for event in self.events(run)
        )
        said = self.said(self.job_of(run)).count(f"ready {self.gate(run)}\n")
        return invoked > 0 and said == invoked

    def said(self, job: str) -> list[str]:
        """The lines of the job's log since the scenario began."""
        return [event["message"] for event in self._log(job)]

    def invocations(self, job: str) -> list[Invocation]:
        """Those that have ended since the scenario began, the first first."""
        times: dict[str, dict[str, int]] = {}
        for event in self._log(job):
            if found := _LINE.match(event["message"]):
                times.setdefault(found[2], {})[found[1]] = event["timestamp"]
        ended = [Invocation(request, time["START"], time["END"]) for request, time in times.items() if "END" in time]
        return sorted(ended, key=lambda each: each.began)

    def _log(self, job: str) -> list[dict[str, Any]]:
        pages = self.aws.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.stack.log_group(job), startTime=self._since)
        return [event for page in found for event in page["events"]]
