"""Do the functions of jobs on Lambda come near the time that they have? No function has more than 15 minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ops.attempts import Attempt
from ops.course import read_course
from ops.doctor.finding import Finding, utc_text
from ops.doctor.patient import Patient
from ops.executions import newest_executions
from ops.function_states import function_of, function_states, timeout_seconds
from ops.stack import DeployedJob
from spec.durations import duration_text

NEAR = 0.8
"""What part of its timeout is near to it."""
LOOKED_AT = 5
"""Runs of a job that are looked at, the last: a call for each."""
_LONGEST_SECONDS = 900
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html"""


def check(patient: Patient) -> list[Finding]:
    """Jobs of whose last runs one took 80 % or more of its function's timeout, or all of it."""
    return patient.each_machine_job("the runs", lambda job: _of_job(patient, job))


def _of_job(patient: Patient, job: DeployedJob) -> Iterator[Finding]:
    if job.run_on != "lambda":
        return
    timeouts = {
        function_of(state["Arguments"]["FunctionName"]): timeout_seconds(state["TimeoutSeconds"])
        for state in function_states(patient.machine(job).definition)
    }
    ended = [each for each in newest_executions(patient.aws, job, LOOKED_AT) if each.stopped is not None]
    attempts = [attempt for each in ended for attempt in read_course(patient.aws, each.arn).attempts]
    near = [(_part(attempt, timeouts), attempt) for attempt in attempts]
    part, longest = max(near, key=lambda one: one[0], default=(0.0, None))
    if longest is None or part < NEAR:
        return
    timeout = timeouts[function_of(longest.function_arn or "")]
    whose = f"step {longest.step} of {job.name}" if longest.step else job.name
    took = "all" if part >= 1 else duration_text(round(_length(longest).total_seconds()))
    yield Finding(
        check="near-timeout",
        job=job.name,
        problem=f"At {utc_text(longest.requested)} {whose} took {took} of the {duration_text(timeout)} that it has.",
        advice="Raise its `timeout`, to 15m at most, or its `memory`, with which a function gets more CPU."
        if timeout < _LONGEST_SECONDS
        else "No function has more: give it more `memory`, with which it gets more CPU, or leave Lambda with "
        "`runOn: fargate`.",
        arn=longest.function_arn,
    )


def _part(attempt: Attempt, timeouts: dict[str, int]) -> float:
    """What part of the timeout that its function has now an attempt took; 0 of one of another function."""
    timeout = timeouts.get(function_of(attempt.function_arn or ""))
    return 0.0 if timeout is None else _length(attempt).total_seconds() / timeout


def _length(attempt: Attempt) -> timedelta:
    """How long an attempt ran; one that was cut off, the timeout that its function had then."""
    if attempt.outcome == "Job.TimedOut" and (waited := attempt.task.get("WaitedSeconds")) is not None:
        return timedelta(seconds=timeout_seconds(waited))
    started, stopped = attempt.time("StartedAt"), attempt.time("StoppedAt")
    return stopped - started if started and stopped else timedelta(0)
