"""One run from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ops.attempts import ABANDONED, Attempt, Key, with_task
from ops.aws import Aws
from ops.course import Course
from ops.invocation_log import SKEW, stream_of
from ops.job_courses import read_run_and_course
from ops.names import NamedRun
from ops.runs import Run, last_log_lines
from ops.spent import spent
from ops.task_changes import pascal


@dataclass(frozen=True, kw_only=True)
class Log:
    """Where an attempt's output is.

    Attributes:
        group, stream: of CloudWatch Logs.
        request_id: whose lines they are, where a stream has those of other invocations of a function too.
        since: a time before which there are none.
    """

    group: str
    stream: str
    request_id: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A run, its attempts with the log of each, where its time went, and the last it said.

    Attributes:
        run: what Step Functions says of it, or ECS and the ledger.
        course: its attempts, with what ECS still says of their tasks.
        logs: by the attempts' keys; none for an attempt without a task.
        time: how long at each kind of `ops.spent.KINDS`; empty of an execution that Step Functions knows no more.
        last_lines: of the last attempt that has a log, of the step that failed where there is one, oldest first; none
            for a run that succeeded.
    """

    run: Run
    course: Course
    logs: Mapping[Key, Log]
    time: Mapping[str, timedelta]
    last_lines: tuple[str, ...]


def read_shown_run(aws: Aws, named: NamedRun, *, now: datetime, lines: int) -> ShownRun:
    """All that AWS tells of one run.

    Args:
        aws: where it is.
        named: the run.
        now: the time, for a run that goes on.
        lines: how many of its last log lines are read, at most, of a run that did not succeed.

    Raises:
        botocore's errors.
    """
    run, course = read_run_and_course(aws, named)
    course = with_tasks(aws, course)
    logs = logs_of(aws, course.attempts)
    last = _last_written(course, logs) if run.status != "SUCCEEDED" else None
    return ShownRun(
        run=run,
        course=course,
        logs=logs,
        time={} if course.forgotten else spent(course, run.started, run.stopped or max(now, course.last_event)),
        last_lines=_last_lines(aws, run, last, logs, lines) if last else (),
    )


def _last_written(course: Course, logs: Mapping[Key, Log]) -> Attempt | None:
    """The last attempt that has a log: of those that failed, where a step has."""
    written = [attempt for attempt in course.attempts if attempt.key in logs or attempt.kept_lines]
    failed = {step.name for step in course.steps if step.status == "FAILED"}
    of_failure = [each for each in written if each.step in failed and each.outcome not in ("SUCCEEDED", ABANDONED)]
    return (of_failure or written)[-1] if written else None


def _last_lines(aws: Aws, run: Run, attempt: Attempt, logs: Mapping[Key, Log], count: int) -> tuple[str, ...]:
    if attempt.key not in logs:
        return attempt.kept_lines[-count:] if count else ()
    log = logs[attempt.key]
    of_attempt = replace(run, log_group=log.group, log_stream=log.stream, request_id=log.request_id)
    return tuple(last_log_lines(aws, of_attempt, count))


def with_tasks(aws: Aws, course: Course) -> Course:
    """A course with what ECS still says of those tasks whose end the history does not tell."""
    open_tasks = [
        attempt.task_arn for attempt in course.attempts if attempt.task_arn and "StoppedAt" not in attempt.task
    ]
    if not open_tasks:
        return course
    ecs, described = aws("ecs"), {}
    cluster = open_tasks[0].split("/")[-2]
    for first in range(0, len(open_tasks), 100):
        answer = ecs.describe_tasks(cluster=cluster, tasks=open_tasks[first : first + 100])
        described |= {task["taskArn"]: pascal(task) for task in answer["tasks"]}
    attempts = [
        with_task(attempt, described[attempt.task_arn]) if attempt.task_arn in described else attempt
        for attempt in course.attempts
    ]
    return replace(course, attempts=tuple(attempts))


def logs_of(aws: Aws, attempts: tuple[Attempt, ...]) -> dict[Key, Log]:
    """Where each attempt's output is, by its key, as its task definition says: a call for each revision.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html. An invocation of a function
    tells it itself, once it has ended; of one that was cut off the log is asked, a call or two.
    """
    found, places = {}, {}
    groups: dict[str, str | None] = {}
    for attempt in attempts:
        if attempt.request_id is not None and (attempt.function_arn or "LogGroup" in attempt.task):
            if log := _log_of_invocation(aws, attempt, attempt.request_id, groups):
                found[attempt.key] = log
            continue
        if "LogGroup" in attempt.task and "LogStream" in attempt.task:
            found[attempt.key] = Log(group=attempt.task["LogGroup"], stream=attempt.task["LogStream"])
            continue
        revision = attempt.task.get("TaskDefinitionArn")
        if not (revision and attempt.task_id):
            continue
        if revision not in places:
            answer = aws("ecs").describe_task_definition(taskDefinition=revision)
            places[revision] = answer["taskDefinition"]["containerDefinitions"][0]
        container = places[revision]
        options = container["logConfiguration"]["options"]
        found[attempt.key] = Log(
            group=options["awslogs-group"],
            stream=f"{options['awslogs-stream-prefix']}/{container['name']}/{attempt.task_id}",
        )
    return found


def _log_of_invocation(aws: Aws, attempt: Attempt, request_id: str, groups: dict[str, str | None]) -> Log | None:
    """Where an invocation wrote to; `groups`: the log groups of functions that are known by now, None of one that is
    gone."""
    group, stream, function_arn = attempt.task.get("LogGroup"), attempt.task.get("LogStream"), attempt.function_arn
    if group is None and function_arn is not None:
        if function_arn not in groups:
            groups[function_arn] = _log_group(aws, function_arn)
        group = groups[function_arn]
    if group is None:
        return None
    stream = stream or stream_of(aws, group, request_id, attempt.requested, attempt.ended)
    if stream is None:
        return None
    return Log(group=group, stream=stream, request_id=request_id, since=attempt.requested - SKEW)


def _log_group(aws: Aws, function_arn: str) -> str | None:
    """Where a version of a function writes; None where it is there no more."""
    client = aws("lambda")
    try:
        return client.get_function_configuration(FunctionName=function_arn)["LoggingConfig"]["LogGroup"]
    except client.exceptions.ResourceNotFoundException:
        return None
