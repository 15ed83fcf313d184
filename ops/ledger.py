"""The stack's ledger: a log group with every change of status of its runs, each line an event of EventBridge.

Of a job without a state machine the lines are its tasks' changes of state: see ops/task_changes.py. Of a job that has
moved to a state machine or away from it there are both, and here both become runs of the one job. The ledger answers
for all jobs at once, and for longer than Step Functions remembers. Events are best effort: some may be missing, come
twice or in another order. So Step Functions has the last word wherever the two could disagree.
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws
from ops.execution import Execution
from ops.runs import Run, run_of
from ops.stack import DeployedJob, DeployedStack
from ops.task_changes import DETAIL_TYPE, GROUP, change_of_run, run_name

Change = Mapping[str, Any]
"""The `detail` of an event: DescribeExecution's members, with times in milliseconds since 1970. The `stateMachineArn`
is the `arn` of its job, whatever ran the job then."""

BEGINNING = datetime.fromtimestamp(0, UTC)

_TIMES = ("startDate", "stopDate")
_KINDS = {
    **dict.fromkeys(("executionArn", "stateMachineArn", "status"), str),
    **dict.fromkeys(("input", "output", "error", "cause"), str | None),
    **dict.fromkeys(("inputDetails", "outputDetails"), dict | None),
    "startDate": int | float,
    "stopDate": int | float | None,
    "redriveCount": int | None,
}
# The year 10000, in milliseconds.
_NO_TIME = 253_402_300_800_000


@dataclass
class Ledger:
    """The log group of a stack's ledger; `calls` counts how often it was asked."""

    aws: Aws
    log_group: str
    calls: int = field(default=0)

    def changes(
        self,
        jobs: Collection[DeployedJob],
        start: datetime,
        end: datetime | None = None,
        *,
        name: str | None = None,
    ) -> list[Change]:
        """The changes of status of these jobs' runs that were written from `start` on, and before `end`.

        A call for each megabyte or 10,000 lines. Raises botocore's errors.
        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html

        Args:
            jobs: the jobs.
            start: a line has the time of its event, in whole seconds.
            end: as `start`.
            name: only of runs that are called so.
        """
        request: dict[str, Any] = {
            "logGroupName": self.log_group,
            "startTime": _milliseconds(start.replace(microsecond=0)),
        }
        if end is not None:
            request["endTime"] = _milliseconds(end) - 1
        if name is not None:
            request["filterPattern"] = f'{{ ($.detail.name = "{name}") || ($.detail.taskArn = "*/{name}") }}'
        elif len(jobs) == 1:
            request["filterPattern"] = _pattern(*jobs)
        of_machines = {job.ledger_machine_arn: job for job in jobs}
        of_tasks = {job.resource_name: job for job in jobs}
        return [change for line in self._lines(request) if (change := _change(line, of_machines, of_tasks))]

    def _lines(self, request: dict[str, Any]) -> Iterator[str]:
        logs = self.aws("logs")
        while True:
            answer = logs.filter_log_events(**request)
            self.calls += 1
            yield from (event["message"] for event in answer["events"])
            if not answer.get("nextToken"):
                return
            request = {**request, "nextToken": answer["nextToken"]}


def find_ledger(aws: Aws, stack: DeployedStack) -> Ledger | None:
    """The ledger of a stack, the latest where an earlier one was kept; None where it has none.

    Raises botocore's errors.
    """
    return _find(aws, stack.resource_name)


def ledger_of(aws: Aws, job: DeployedJob) -> Ledger | None:
    """The ledger of a job's stack, as `find_ledger` finds it."""
    return _find(aws, job.stack_resource_name)


def _find(aws: Aws, stack_resource_name: str) -> Ledger | None:
    prefix = f"/aws/events/{stack_resource_name}-runs-"
    pages = aws("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    # The stack `dev-runs` has one that begins so too.
    groups = [
        group
        for page in pages
        for group in page["logGroups"]
        if re.fullmatch(r"[0-9a-f]+", group["logGroupName"].removeprefix(prefix))
    ]
    newest = max(groups, key=lambda group: group["creationTime"], default=None)
    return Ledger(aws, newest["logGroupName"]) if newest else None


def written_change(aws: Aws, jobs: Collection[DeployedJob], arn: str) -> Change | None:
    """The last change of one run, of whichever of a stack's jobs it is; None where the ledger does not know it.

    Raises botocore's errors.
    """
    name = run_name(arn)
    # What a pattern cannot say is no name that this program gives.
    ledger = ledger_of(aws, next(iter(jobs))) if re.fullmatch(r'[^"*\\]+', name) else None
    return latest(ledger.changes(jobs, BEGINNING, name=name)).get(arn) if ledger else None


def latest(changes: Iterable[Change]) -> dict[str, Change]:
    """The last change of each execution, by its ARN, in whatever order and however often they came.

    An end follows the start of the same redrive, and a redrive what was before it.
    """
    last: dict[str, Change] = {}
    for change in changes:
        arn = change["executionArn"]
        if arn not in last or _place(change) > _place(last[arn]):
            last[arn] = change
    return last


def execution_of(change: Change) -> Execution:
    """An execution as its last change tells it."""
    run = told_run("", change)
    return Execution(
        arn=run.execution_arn,
        status=run.status,
        started=run.started,
        stopped=run.stopped,
        trigger=run.trigger if change.get("input") else None,
    )


def told_run(job: str, change: Change) -> Run:
    """A run as its last change tells it."""
    stopped = change.get("stopDate")
    times = {"startDate": _time(change["startDate"]), "stopDate": None if stopped is None else _time(stopped)}
    return run_of(job, {**change, **times})


def started(change: Change) -> datetime:
    """When the run of a change started."""
    return _time(change["startDate"])


def is_whole(change: Change) -> bool:
    """Whether a change has all of the run's input and output, which are left out where they are large."""
    return all((change.get(f"{key}Details") or {}).get("included", True) for key in ("input", "output"))


def _place(change: Change) -> tuple[int, bool, int]:
    return change.get("redriveCount") or 0, change["status"] != "RUNNING", change.get("version") or 0


def _pattern(job: DeployedJob) -> str:
    """What the lines of one job have, as FilterLogEvents takes it."""
    machine, group = job.ledger_machine_arn, f"{GROUP}{job.resource_name}"
    return f'{{ ($.detail.stateMachineArn = "{machine}") || ($.detail.group = "{group}") }}'


def _change(line: str, of_machines: Mapping[str, DeployedJob], of_tasks: Mapping[str, DeployedJob]) -> Change:
    """The detail of an event that tells of a run of some jobs; empty for any other line: who may write into the log
    group may write anything.

    Args:
        line: the line.
        of_machines: the jobs by the ARNs of their state machines.
        of_tasks: the jobs by the names of their resources.
    """
    try:
        event = json.loads(line)
        detail = event["detail"]
        if event.get("detail-type") == DETAIL_TYPE:
            detail = change_of_run(detail, of_tasks)
        elif "version" in detail or "task" in detail:
            # What only a task has.
            return {}
        else:
            detail = {**detail, "stateMachineArn": of_machines[detail["stateMachineArn"]].arn}
        sound = all(isinstance(detail.get(key), kind) for key, kind in _KINDS.items())
        return detail if sound and all(0 <= (detail.get(key) or 0) < _NO_TIME for key in _TIMES) else {}
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError):
        return {}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
