"""What the tasks of runs wrote, line by line, as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from ops.attempts import read_course
from ops.aws import Aws
from ops.errors import NotFoundError
from ops.executions import executions, newest_first
from ops.names import NamedRun
from ops.show import Log, logs_of
from ops.stack import DeployedJob

_PAUSE_SECONDS = 2
_OPEN = 3
"""Of how many last attempts more lines may come: a task that timed out writes on while the next one runs."""


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line, the run and the attempt that wrote it, and when."""

    run: str
    attempt: int
    time: datetime
    message: str


class _Stream:
    """A log stream that is read on from where it was left."""

    def __init__(self, aws: Aws, log: Log, since: datetime | None) -> None:
        self._logs = aws("logs")
        self._request = {"logGroupName": log.group, "logStreamName": log.stream, "startFromHead": True}
        if since is not None:
            self._request["startTime"] = _milliseconds(since)

    def more(self) -> Iterator[tuple[datetime, str]]:
        """The lines that came since it was last asked for them; none of a stream that is not there."""
        while True:
            try:
                answer = self._logs.get_log_events(**self._request)
            except self._logs.exceptions.ResourceNotFoundException:
                return
            for event in answer["events"]:
                yield datetime.fromtimestamp(event["timestamp"] / 1000, UTC), event["message"]
            # No more is told by the same token, which then is the one to go on with.
            if answer["nextForwardToken"] == self._request.get("nextToken"):
                return
            self._request["nextToken"] = answer["nextForwardToken"]


def read_lines(
    aws: Aws,
    named: NamedRun,
    *,
    attempt: int | None = None,
    since: datetime | None = None,
    follow: bool = False,
    wait: Callable[[], None] = lambda: time.sleep(_PAUSE_SECONDS),
) -> Iterator[LogLine]:
    """The lines of a run's attempts, in their order.

    Args:
        aws: where the run is.
        named: the run.
        attempt: only of this one, counted from 1.
        since: only lines written then or later.
        follow: go on until the run has ended.
        wait: what passes the time between two looks.

    Raises:
        NotFoundError: the run has ended and has no such attempt.
        botocore's errors.
    """
    streams: dict[int, _Stream] = {}
    states, last_look = aws("stepfunctions"), not follow
    while True:
        # First, so that no attempt comes after the course was read.
        answer = states.describe_execution(executionArn=named.execution_arn, includedData="METADATA_ONLY")
        ended = answer["status"] != "RUNNING"
        course = read_course(aws, named.execution_arn)
        chosen = tuple(each for each in course.attempts if attempt in (None, each.number))
        if attempt is not None and not chosen and (ended or not follow):
            raise NotFoundError(f"{named.name} has no attempt {attempt}: it has {len(course.attempts)}")
        new = tuple(each for each in chosen if each.number not in streams)
        streams |= {number: _Stream(aws, log, since) for number, log in logs_of(aws, new).items()}
        for number in sorted(streams):
            if number > len(course.attempts) - _OPEN or any(each.number == number for each in new):
                for at, message in streams[number].more():
                    yield LogLine(run=named.name, attempt=number, time=at, message=message)
        if last_look:
            return
        # What a task wrote at its end may come a moment later.
        last_look = ended
        wait()


def runs_since(aws: Aws, job: DeployedJob, since: datetime) -> list[NamedRun]:
    """The runs of a job that started since, or went on then, the oldest first. Raises botocore's errors."""
    # One that had ended is listed by its end, or by its start, which is earlier: none that follows went on.
    going_on = newest_first(takewhile(lambda each: each.stopped is None or each.stopped >= since, executions(aws, job)))
    return [NamedRun(job=job, execution_arn=execution.arn) for execution in reversed(going_on)]


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
