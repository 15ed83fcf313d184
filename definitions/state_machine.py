"""The state machine of a job: runs its task, tells how it ended, tries again when that makes sense, and says so.

Amazon States Language with JSONata, type Standard: https://states-language.net and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html

Variables: `attempt` (1, 2, ...), `run` (how the last attempt ended, see outcome.py), `failedStarts` (how often the task
did not start for a reason that passes and that only the Cause tells).
"""

from typing import Any

from definitions.jsonata import default, expression, literal
from definitions.outcome import AFTER_ERROR, AFTER_RESULT, AFTER_TIMEOUT, Outcome
from definitions.place import Place
from definitions.run_task import RunTarget, run_task_arguments
from definitions.verdict import failure_cause, success_output
from spec.job import JobSpec

__all__ = ["RunTarget", "state_machine"]

RUN = "Run the job"
DECIDE = "How did it end?"
SUCCEEDED = "Succeeded"
WAIT_TO_RETRY = "Wait before the next attempt"
WAIT_TO_START = "Wait before starting again"

FAILURES = {
    Outcome.EXITED_NON_ZERO: ("Exited non-zero", "The job ran to its end and reported failure."),
    Outcome.OUT_OF_MEMORY: ("Ran out of memory", "The job was killed because it used more than its memory."),
    Outcome.TIMED_OUT: ("Timed out", "The job was stopped because it ran longer than its timeout. Not retried."),
    Outcome.NEVER_STARTED: ("Never started", "No line of the job's code ran."),
    Outcome.INTERRUPTED: ("Interrupted", "AWS took the machine away while the job ran."),
    Outcome.STOPPED: ("Stopped", "Somebody stopped the task. Not retried."),
    Outcome.UNEXPLAINED: ("Failed without a reason", "The task failed, and the cause cannot be read."),
}
"""The Fail states: the state's name and comment, by the outcome that is its Error."""

START_ERRORS = ("AmazonECS.Unknown", "ECS.AmazonECSException", "ECS.ServerException", "ECS.ThrottlingException")
"""Errors of RunTask that pass: RunTask's `failures`, no capacity, ECS's own trouble, throttling."""

START_INTERVAL_SECONDS = 5
START_MAXIMUM_DELAY_SECONDS = 300
START_ATTEMPTS = 10
"""Ten retries with delays doubling from 5 s to 300 s: patience for 25 minutes at most, 12 on average with jitter."""

_PASSING_REASONS = (
    "rate exceeded|too ?many ?requests|throttl",
    "capacity is unavailable|limit on the number of (?:tasks|vcpus)",
    "time(?:d )? ?out|deadline exceeded|connection (?:refused|reset)|tls handshake|i[.]o timeout|temporar|try again",
)
"""Why a task did not start, where waiting helps: throttling, no room, the network.

Some such errors share their name with errors that stay, such as ECS.InvalidParameterException; and a task that was
accepted and then could not start tells only by its reason. What matches none of these is not tried again.
"""


def state_machine(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    """The definition of a job's state machine.

    Input of an execution: `{"scheduledTime": "2026-11-24T03:15:00Z", "input": any JSON}`; either may be missing, then
    the run is due at the execution's start, and the input is the job's own. A success passes three states.

    Args:
        job: the job.
        place: its stack.
        target: where it runs.

    Returns:
        the definition for CreateStateMachine, type STANDARD.
    """
    about = f"{job.name} in stack {place.stack}"
    states: dict[str, Any] = {RUN: _run(job, place, target), DECIDE: _decide(job)}
    if job.retries.attempts:
        states[WAIT_TO_RETRY] = _wait_to_retry(job)
    states[WAIT_TO_START] = _wait_to_start()
    states[SUCCEEDED] = {
        "Comment": "The job exited with code 0, by itself.",
        "Type": "Succeed",
        "Output": success_output(job, place, target.log_group_name),
    }
    for outcome, (name, comment) in FAILURES.items():
        states[name] = {
            "Comment": comment,
            "Type": "Fail",
            "Error": outcome.value,
            "Cause": failure_cause(job, place, target.log_group_name, outcome),
        }
    return {
        "Comment": f"{about}: {job.description}" if job.description else about,
        "QueryLanguage": "JSONata",
        "StartAt": RUN,
        "States": states,
    }


def _run(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    counters = {
        "attempt": expression(default("attempt", 1)),
        "failedStarts": expression(default("failedStarts", 0)),
    }
    unchanged = expression("$states.input")
    return {
        "Comment": "Runs the task and waits until it has stopped. Starts that ECS refuses for a while are tried again.",
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Arguments": run_task_arguments(job, place, target),
        "TimeoutSeconds": job.timeout_seconds,
        "Retry": [
            {
                "Comment": "ECS could not start it: wait and try again",
                "ErrorEquals": list(START_ERRORS),
                "IntervalSeconds": START_INTERVAL_SECONDS,
                "BackoffRate": 2.0,
                "MaxDelaySeconds": START_MAXIMUM_DELAY_SECONDS,
                "MaxAttempts": START_ATTEMPTS,
                "JitterStrategy": "FULL",
            }
        ],
        "Catch": [
            {
                "Comment": "timed out",
                "ErrorEquals": ["States.Timeout"],
                "Assign": {**counters, "run": AFTER_TIMEOUT},
                "Output": unchanged,
                "Next": FAILURES[Outcome.TIMED_OUT][0],
            },
            {
                "Comment": "failed",
                "ErrorEquals": ["States.ALL"],
                "Assign": {**counters, "run": AFTER_ERROR},
                "Output": unchanged,
                "Next": DECIDE,
            },
        ],
        "Assign": {**counters, "run": AFTER_RESULT},
        "Output": unchanged,
        "Next": DECIDE,
    }


def _decide(job: JobSpec) -> dict[str, Any]:
    rules = [_rule("exit code 0", _ended(Outcome.SUCCEEDED), SUCCEEDED)]
    rules.append(_rule("did not start, for a reason that passes", _may_start_later(), WAIT_TO_START))
    if job.retries.attempts:
        rules.append(_rule("ran and failed, attempts left", _may_be_retried(job), WAIT_TO_RETRY))
    rules += [
        _rule(name.lower(), _ended(outcome), name)
        for outcome, (name, _) in FAILURES.items()
        if outcome not in (Outcome.TIMED_OUT, Outcome.UNEXPLAINED)
    ]
    return {
        "Comment": "Tells a success, what deserves another attempt, and the kinds of failure apart.",
        "Type": "Choice",
        "Choices": rules,
        "Default": FAILURES[Outcome.UNEXPLAINED][0],
    }


def _rule(comment: str, condition: str, next_state: str) -> dict[str, Any]:
    return {"Comment": comment, "Condition": expression(condition), "Next": next_state}


def _ended(outcome: Outcome) -> str:
    return f"$run.outcome = {literal(outcome.value)}"


def _may_start_later() -> str:
    """A start that failed for a reason that passes, unless the task state's own Retry has had its turn with it."""
    conditions = [
        _ended(Outcome.NEVER_STARTED),
        f"$contains($run.reason, /{'|'.join(_PASSING_REASONS)}/i)",
        f"$not($run.startError in {literal(list(START_ERRORS))})",
        f"$failedStarts < {START_ATTEMPTS}",
    ]
    return " and ".join(conditions)


def _may_be_retried(job: JobSpec) -> str:
    """Only what ran, for it is the job's owner who says that it may run twice; not a stop, nor a final exit code."""
    retried = [
        Outcome.EXITED_NON_ZERO.value,
        Outcome.OUT_OF_MEMORY.value,
        Outcome.INTERRUPTED.value,
        Outcome.UNEXPLAINED.value,
    ]
    conditions = [f"$attempt <= {job.retries.attempts}", f"$run.outcome in {literal(retried)}"]
    if job.retries.final_exit_codes:
        conditions.append(f"$not($run.exitCode in {literal(list(job.retries.final_exit_codes))})")
    return " and ".join(conditions)


def _wait_to_retry(job: JobSpec) -> dict[str, Any]:
    retries = job.retries
    waits = [_wait_seconds(job, retry) for retry in range(retries.attempts)]
    return {
        "Comment": "Waits longer before each further attempt.",
        "Type": "Wait",
        "Seconds": expression(f"{literal(waits)}[$attempt - 1]"),
        "Assign": {"attempt": expression("$attempt + 1")},
        "Next": RUN,
    }


def _wait_seconds(job: JobSpec, retry: int) -> int:
    """Seconds before a retry (0, 1, ...): whole ones, which is all that a Wait state takes."""
    retries = job.retries
    # The exponent is bounded, so that no count of attempts overflows a float.
    growth = retries.backoff_rate ** min(retry, 64)
    return round(min(retries.interval_seconds * growth, retries.max_interval_seconds))


def _wait_to_start() -> dict[str, Any]:
    delay = f"$min([{START_MAXIMUM_DELAY_SECONDS}, {START_INTERVAL_SECONDS} * $power(2, $failedStarts)])"
    return {
        "Comment": "Waits as long as the retries of the task itself do, with the same jitter.",
        "Type": "Wait",
        "Seconds": expression(f"$ceil($random() * {delay})"),
        "Assign": {"failedStarts": expression("$failedStarts + 1")},
        "Next": RUN,
    }
