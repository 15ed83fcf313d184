"""What the tasks of runs wrote, line by line, as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.attempts import Attempt, Key
from ops.aws import Aws
from ops.course import Course, remembered_children
from ops.errors import NotFoundError
from ops.execution import Execution, newest_first
from ops.executions import executions, unlisted_executions
from ops.invocation_log import InvocationLines, milliseconds
from ops.job_courses import read_run_and_course
from ops.ledger import execution_of
from ops.names import NamedRun
from ops.show import Log, logs_of
from ops.stack import DeployedJob
from ops.task_runs import job_changes
from spec.words import nearest

_PAUSE_SECONDS = 2
_OPEN = 3
"""Of how many last attempts of a job, or of a step's item, more lines may come: a task that timed out writes on while
the next one runs."""
_LATE_LOOKS = 3
"""How often an item of a step is looked at again that has succeeded: its last lines may come a moment later."""


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line, the run and the attempt that wrote it, and when; of a job with steps, the step's name and its item."""

    run: str
    step: str | None = None
    index: int | None = None
    attempt: int
    time: datetime
    message: str


class _Stream:
    """A log stream that is read on from where it was left."""

    def __init__(self, aws: Aws, log: Log, since: datetime | None) -> None:
        self._logs = aws("logs")
        self._request = {"logGroupName": log.group, "logStreamName": log.stream, "startFromHead": True}
        # Of an invocation the first line is needed, to tell which lines are its own.
        self._since, earliest = since, log.since or since
        self._own = InvocationLines(log.request_id) if log.request_id is not None else None
        if earliest is not None:
            self._request["startTime"] = milliseconds(earliest)

    def more(self) -> Iterator[tuple[datetime, str]]:
        """The lines that came since it was last asked for them; none of a stream that is not there."""
        while True:
            try:
                answer = self._logs.get_log_events(**self._request)
            except self._logs.exceptions.ResourceNotFoundException:
                return
            for event in answer["events"]:
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                if self._own is None:
                    yield at, event["message"]
                elif self._own.takes(event["message"]) and (self._since is None or at >= self._since):
                    yield at, event["message"].rstrip("\n")
            # No more is told by the same token, which then is the one to go on with.
            if answer["nextForwardToken"] == self._request.get("nextToken"):
                return
            self._request["nextToken"] = answer["nextForwardToken"]


def read_lines(
    aws: Aws,
    named: NamedRun,
    *,
    step: str | None = None,
    index: int | None = None,
    attempt: int | None = None,
    since: datetime | None = None,
    follow: bool = False,
    wait: Callable[[], None] = lambda: time.sleep(_PAUSE_SECONDS),
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LogLine]:
    """The lines of a run's attempts, one attempt after the other, in the order of their steps and items.

    Args:
        aws: where the run is.
        named: the run.
        step: only of this step.
        index: only of this item, counted from 0.
        attempt: only of this attempt, counted from 1.
        since: only lines written then or later.
        follow: go on until the run has ended.
        wait: what passes the time between two looks.
        say: is told what is missing of a run that Step Functions knows no more.

    Raises:
        NotFoundError: the run has ended and has no such attempt, step or item.
        botocore's errors.
    """
    streams: dict[Key, _Stream] = {}
    told: set[Key] = set()
    late: dict[tuple[Any, ...], int] = {}
    last_look, children, told_of = not follow, remembered_children(index), False
    while True:
        run, course = read_run_and_course(aws, named, children)
        ended = run.status != "RUNNING"
        if course.forgotten and not told_of:
            say(_of_forgotten(named, course))
            told_of = True
        chosen = [
            each
            for each in _in_order(course)
            if step in (None, each.step) and index in (None, each.index) and attempt in (None, each.number)
        ]
        if not chosen and (ended or not follow):
            _check(named, course, step=step, index=index, attempt=attempt)
        new = tuple(each for each in chosen if each.key not in streams)
        streams |= {key: _Stream(aws, log, since) for key, log in logs_of(aws, new).items()}
        for each in _open(chosen, {each.key for each in new}, late):
            lines = streams[each.key].more() if each.key in streams else _kept_lines(each, told, since)
            for at, message in lines:
                yield LogLine(
                    run=named.name, step=each.step, index=each.index, attempt=each.number, time=at, message=message
                )
        if last_look:
            return
        # What a task wrote at its end may come a moment later.
        last_look = ended
        wait()


def _of_forgotten(named: NamedRun, course: Course) -> str:
    known = "the lines of its last attempt are all that is left" if course.attempts else "nothing tells where it logged"
    return f"Step Functions knows {named.name} no more: {known}."


def _kept_lines(attempt: Attempt, told: set[Key], since: datetime | None) -> Iterator[tuple[datetime, str]]:
    """The lines that are kept with the execution, once: when the attempt has ended, which is all that is known of when.

    Args:
        attempt: one without a log stream.
        told: the attempts whose lines were told; this one's is added.
        since: see `read_lines`.
    """
    if attempt.ended is None or not attempt.kept_lines or attempt.key in told:
        return
    told.add(attempt.key)
    if since is None or attempt.ended >= since:
        yield from ((attempt.ended, line) for line in attempt.kept_lines)


def _in_order(course: Course) -> list[Attempt]:
    """By the steps, as they began, the items and the attempts."""
    places = {step.name: place for place, step in enumerate(course.steps)}

    def place(attempt: Attempt) -> tuple[int, int, str, int]:
        index = -1 if attempt.index is None else attempt.index
        return places.get(attempt.step or "", -1), index, attempt.child or "", attempt.number

    return sorted(course.attempts, key=place)


def _open(attempts: list[Attempt], new: set[Key], late: dict[tuple[Any, ...], int]) -> list[Attempt]:
    """Those of which more lines may come.

    Args:
        attempts: those that are wanted, in their order.
        new: those that were not looked at yet.
        late: how often the attempts at an item were looked at since it was known to have succeeded; this look is added.
    """
    last = {_lane(attempt): attempt for attempt in attempts}
    for lane, latest in last.items():
        if latest.step is not None and latest.outcome == "SUCCEEDED":
            late[lane] = late.get(lane, 0) + 1
    return [
        each
        for each in attempts
        if each.key in new
        or (each.number > last[_lane(each)].number - _OPEN and late.get(_lane(each), 0) <= _LATE_LOOKS)
    ]


def _lane(attempt: Attempt) -> tuple[Any, ...]:
    """What its earlier and later attempts share."""
    return attempt.key[:-1]


def _check(named: NamedRun, course: Course, *, step: str | None, index: int | None, attempt: int | None) -> None:
    """Raise NotFoundError for what is asked for and is not there; nothing where nothing is asked for."""
    if course.forgotten and (step, index, attempt) != (None, None, None):
        raise NotFoundError(f"{named.name} has no such attempt that anything is left of")
    steps = list(dict.fromkeys(each.step for each in _in_order(course) if each.step is not None))
    of_step = [each for each in course.attempts if step in (None, each.step)]
    if step is not None and not of_step:
        has = f"it has tasks of {', '.join(steps)}" if steps else "none of its tasks is a step's"
        close = nearest(step, steps)
        raise NotFoundError(
            f"{named.name} has no task of a step {step!r}; {f'did you mean {close}?' if close else has}"
        )
    of_index = [each for each in of_step if index in (None, each.index)]
    if index is not None and not of_index:
        raise NotFoundError(f"{named.name} has no task of an item {index}, or it is not among those that are looked at")
    if attempt is not None:
        count = max((each.number for each in of_index), default=0)
        raise NotFoundError(f"{named.name} has no attempt {attempt}: it has {count}")


def runs_since(aws: Aws, job: DeployedJob, since: datetime) -> list[NamedRun]:
    """The runs of a job that started since, or went on then, the oldest first. Raises botocore's errors."""
    if job.state_machine_arn is None:
        # The last to start may be the first to end.
        told = map(execution_of, job_changes(aws, job, since=since))
        return _named(job, (each for each in told if each.stopped is None or each.stopped >= since))
    going_on, before = [], False
    for execution in executions(aws, job):
        # One that had ended is listed by its end, or by its start, which is earlier: none that follows went on.
        before = execution.stopped is not None and execution.stopped < since
        if before:
            break
        going_on.append(execution)
    if not before:
        others = unlisted_executions(aws, job, {execution.arn for execution in going_on}, since)
        going_on += [each for each in others if each.stopped is None or each.stopped >= since]
    return _named(job, going_on)


def _named(job: DeployedJob, found: Iterable[Execution]) -> list[NamedRun]:
    """Runs in the order in which they started."""
    return [NamedRun(job=job, execution_arn=execution.arn) for execution in reversed(newest_first(found))]
