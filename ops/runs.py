"""A run is one execution of a job's state machine: how it went, what went in and came out, and what it logged.

Of a job without a state machine it is one task of ECS, and its ARN stands where an execution's does.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.invocation_log import SKEW, InvocationLines, milliseconds, stream_of
from ops.task_changes import is_task, run_name

Clients = Callable[[str], Any]
"""Gives the boto3 client of a service by its name."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution. What a run that was aborted or timed out could not report of itself is None."""

    job: str
    execution_arn: str
    status: str
    """Step Functions' own, RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; or SKIPPED, which is a success to it."""
    trigger: str
    """`schedule`, `job`, `step`, `object`, `manual`, `rerun`, `backfill`, or what a program that starts it says."""
    started_by: str | None
    """The ARN of the execution whose end or step started it, the object as `s3://bucket/key`, what a program says."""
    rerun_of: str | None
    """The ARN of the execution that it does again."""
    scheduled_time: str | None
    """As the trigger wrote it, `2026-11-24T03:15:00Z`; None for a run started by hand."""
    started: datetime
    stopped: datetime | None
    input: Any
    output: Any
    error: str | None
    cause: str | None
    """The sentence that explains a failure, without the details that follow it, or why the run was skipped."""
    step: str | None
    """Which step failed, of a job with steps; None also where that is not told here."""
    exit_code: int | None
    """Of a job with steps, that of the step that failed."""
    attempts: int | None
    """How often the job ran, its own retries included; of a job with steps, the step that failed."""
    start_retries: int | None
    """How often its task was started again for the infrastructure's sake."""
    log_group: str | None
    log_stream: str | None
    request_id: str | None
    """Of the last invocation of its function, on Lambda, which has other invocations' lines in the same stream."""
    kept_log: str | None
    """The last lines of a job in a cluster, whose log is not in CloudWatch."""
    redrives: int
    """How often Step Functions has continued it after an end."""
    because: str | None
    """The ARN of the execution that a skipped run made way for."""
    has_input: bool
    """Whether `input` is what it was started with, which may be too large for the ledger."""

    @property
    def name(self) -> str:
        return run_name(self.execution_arn)

    @property
    def ran_as(self) -> str:
        """`execution`, of a state machine, or `task`, without one."""
        return "task" if is_task(self.execution_arn) else "execution"

    @property
    def due(self) -> datetime | None:
        """The scheduled time, in UTC; None where there is none, or what a person has put there is no time."""
        try:
            return datetime.fromisoformat(self.scheduled_time).astimezone(UTC) if self.scheduled_time else None
        except (OverflowError, ValueError):
            return None

    @property
    def has_result(self) -> bool:
        """Whether it left a result, which may be null."""
        return isinstance(self.output, dict) and "result" in self.output

    @property
    def result(self) -> Any:
        """What its container left in S3, of a job with `results`."""
        return self.output["result"] if self.has_result else None

    @property
    def duration(self) -> timedelta | None:
        return self.stopped - self.started if self.stopped else None


def read_run(clients: Clients, job: str, execution_arn: str) -> Run:
    """Ask Step Functions for one execution.

    Raises botocore's ClientError, as ExecutionDoesNotExist.
    """
    return run_of(job, clients("stepfunctions").describe_execution(executionArn=execution_arn))


def run_of(job: str, answer: Mapping[str, Any]) -> Run:
    """What DescribeExecution's answer says of a run.

    Input and output may be missing, as where they are too large for an event.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    execution_input = _read(answer.get("input"))
    given = execution_input if isinstance(execution_input, dict) else {}
    output = _read(answer.get("output"))
    cause, _ = _explained(answer.get("cause"))
    details = end_facts(answer)
    skipped = answer["status"] == "SUCCEEDED" and details.get("status") == "SKIPPED"
    return Run(
        job=job,
        execution_arn=answer["executionArn"],
        status="SKIPPED" if skipped else answer["status"],
        trigger=_text(given.get("trigger")) or "manual",
        started_by=_starter(given),
        rerun_of=_text(given.get("rerunOf")),
        scheduled_time=_text(given.get("scheduledTime")),
        started=answer["startDate"],
        stopped=answer.get("stopDate"),
        input=execution_input,
        output=output,
        error=answer.get("error"),
        cause=_text(details.get("reason")) if skipped else cause,
        step=_text(details.get("step")) or _step_in(cause),
        exit_code=_number(details.get("exitCode")),
        attempts=_number(details.get("attempts")),
        start_retries=_number(details.get("startRetries")),
        log_group=_text(details.get("logGroup")),
        log_stream=_text(details.get("logStream")),
        request_id=_text(details.get("requestId")),
        kept_log=_text(details.get("log")),
        redrives=answer.get("redriveCount") or 0,
        because=_text(details.get("because")) if skipped else None,
        has_input=(answer.get("inputDetails") or {}).get("included", True),
    )


def end_facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says at its end, in its output or, of a failure, in its cause: see definitions/verdict.py."""
    output = _read(answer.get("output"))
    return output if isinstance(output, dict) else _explained(answer.get("cause"))[1]


def log_lines(clients: Clients, run: Run) -> Iterator[str]:
    """What the last attempt of `run` logged, oldest line first. Nothing when it logged nothing, or never started."""
    stream = _stream(clients, run)
    if stream is None:
        yield from (run.kept_log or "").splitlines()
        return
    own = InvocationLines(run.request_id) if run.request_id else None
    logs = clients("logs")
    page = {"logGroupName": run.log_group, "logStreamName": stream, "startFromHead": True}
    if own is not None:
        page["startTime"] = milliseconds(run.started - SKEW)
    token = None
    while True:
        try:
            answer = logs.get_log_events(**page, **({"nextToken": token} if token else {}))
        except logs.exceptions.ResourceNotFoundException:
            return
        for event in answer["events"]:
            if own is None:
                yield event["message"]
            elif own.takes(event["message"]):
                yield event["message"].rstrip("\n")
        if answer["nextForwardToken"] == token:  # CloudWatch Logs says "no more" by giving the same token again
            return
        token = answer["nextForwardToken"]


def last_log_lines(clients: Clients, run: Run, count: int) -> list[str]:
    """The last lines that the last attempt of `run` logged, at most `count`, oldest first."""
    if run.request_id or run.kept_log:
        return list(deque(log_lines(clients, run), maxlen=count))
    if not (run.log_group and run.log_stream):
        return []
    logs = clients("logs")
    try:
        answer = logs.get_log_events(logGroupName=run.log_group, logStreamName=run.log_stream, limit=count)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in answer["events"]]


def _stream(clients: Clients, run: Run) -> str | None:
    """The log stream of the last attempt; None where there is none."""
    if not run.log_group or run.log_stream or not run.request_id:
        return run.log_stream if run.log_group else None
    return stream_of(clients, run.log_group, run.request_id, run.started, run.stopped)


def _read(text: str | None) -> Any:
    """The value of JSON; None where there is none, or what cannot be read."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return None


def _starter(given: Mapping[str, Any]) -> str | None:
    # EventBridge escapes nothing inside of a text, so that an object's key comes as a value of its own only.
    told = given.get("input") if given.get("trigger") == "object" else None
    if isinstance(told, dict) and isinstance(told.get("object"), dict):
        bucket, key = _text(told.get("bucket")), _text(told["object"].get("key"))
        return f"s3://{bucket}/{key}" if bucket and key else None
    return _text(given.get("startedBy"))


def _step_in(cause: str | None) -> str | None:
    """The step that a sentence begins with, of a failure that has no details."""
    found = re.match(r"step ([a-z][a-z0-9_]*) of ", cause or "")
    return found[1] if found else None


def _text(value: Any) -> str | None:
    """What a person may have put there, where it is text."""
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _explained(cause: str | None) -> tuple[str | None, dict[str, Any]]:
    """The sentence of a failure's cause, and the JSON details that a job's own failures carry on the next line."""
    if cause is None:
        return None, {}
    sentence, _, text = cause.partition("\n")
    details = _read(text)
    return (sentence, details) if isinstance(details, dict) else (cause, {})
