"""The state machine of a job: runs its task, tells how it ended, tries again when that makes sense, and says so.

Amazon States Language with JSONata, type Standard: https://states-language.net and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html

Variables: `attempt` (1, 2, ...: what the job's own retries have used), `startRetries` (what the infrastructure has used
of its own), `lostCapacity` (how often it was for want of capacity), `run` (how the last attempt ended, see outcome.py);
those of a job that must not overlap are in overlap.py, those of one that leaves results in results.py.
"""

from typing import Any

from definitions import names
from definitions.calls import rule
from definitions.jsonata import UNCHANGED, default, expression, literal
from definitions.outcome import (
    AFTER_ERROR,
    AFTER_RESULT,
    AFTER_TIMEOUT,
    CAPACITY_REASONS,
    Outcome,
)
from definitions.overlap import exclusive_states, look_for_own_tasks, once_per_time_state, release_states
from definitions.place import Place
from definitions.results import read_states, result_key
from definitions.run_task import RunTarget, after_evaluation_error, run_task_arguments
from definitions.verdict import failure_cause, skipped_output, success_output
from spec.container import RetrySpec, StartRetrySpec
from spec.job import JobSpec

__all__ = ["RunTarget", "state_machine"]

FAILURES = {
    Outcome.EXITED_NON_ZERO: ("Exited non-zero", "The job ran to its end and reported failure."),
    Outcome.OUT_OF_MEMORY: ("Ran out of memory", "The job was killed because it used more than its memory."),
    Outcome.TIMED_OUT: ("Timed out", "The job was stopped because it ran longer than its timeout."),
    Outcome.NEVER_STARTED: ("Never started", "No line of the job's code ran, however often it was started."),
    Outcome.REFUSED: ("Refused", "AWS refused to start it, for a reason that does not pass. Not retried."),
    Outcome.INTERRUPTED: ("Interrupted", "AWS took the machine away while the job ran, once too often."),
    Outcome.STOPPED: ("Stopped", "Somebody stopped the task. Not retried."),
    Outcome.INVALID_RESULT: ("Left no valid result", "The job exited with code 0 and left no result. Not retried."),
    Outcome.UNEXPLAINED: ("Failed without a reason", "The task failed, and the cause cannot be read."),
}
"""The Fail states: the state's name and comment, by the outcome that is its Error. One is for jobs with results."""

_LOST_TURN = "LOST_TURN"
"""In the place of an outcome: the execution was redriven, and has to ask for the lock again before it runs its task."""


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
    exclusive, table = job.overlap.is_exclusive, target.lock_table_name
    assert table is not None or not job.overlap.needs_table, "a stack with such a job has a lock table"
    states: dict[str, Any] = {}
    if table is not None and exclusive:
        states |= exclusive_states(job, place, target, table)
    elif table is not None and job.overlap.once_per_time:
        states |= once_per_time_state(job, table)
    start_at = next(iter(states), names.RUN)
    done = names.RELEASE if exclusive else names.SUCCEEDED
    states[names.RUN] = _run(job, place, target)
    if job.results:
        assert target.results_bucket is not None, "a stack with such a job has a bucket"
        states |= read_states(target.results_bucket, done)
    states[names.DECIDE] = _decide(job, done)
    if job.retries.attempts:
        states[names.WAIT_TO_RETRY] = _wait_to_retry(job)
    if job.start_retries.attempts:
        states[names.WAIT_TO_START] = _wait_to_start(job)
    if table is not None and exclusive:
        states |= release_states(job, table)
        states[names.WHAT_FAILED] = {
            "Comment": "Tells the kinds of failure apart.",
            "Type": "Choice",
            "Choices": _failure_rules(job),
            "Default": FAILURES[Outcome.UNEXPLAINED][0],
        }
    states[names.SUCCEEDED] = {
        "Comment": "The job exited with code 0, by itself.",
        "Type": "Succeed",
        "Output": success_output(job, place, target.log_group_name),
    }
    if job.overlap.needs_table:
        states[names.SKIPPED] = {
            "Comment": "The job was not started, as its overlap policy says; nothing failed.",
            "Type": "Succeed",
            "Output": skipped_output(job, place),
        }
    for outcome, (name, comment) in _failures(job).items():
        states[name] = {
            "Comment": comment,
            "Type": "Fail",
            "Error": outcome.value,
            "Cause": failure_cause(job, place, target.log_group_name, outcome),
        }
    return {
        "Comment": f"{about}: {job.description}" if job.description else about,
        "QueryLanguage": "JSONata",
        "StartAt": start_at,
        "States": states,
    }


def _run(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    counters = {
        "attempt": expression(default("attempt", 1)),
        "startRetries": expression(default("startRetries", 0)),
    }

    def caught(comment: str, error: str, run: Any) -> dict[str, Any]:
        return {
            "Comment": comment,
            "ErrorEquals": [error],
            "Assign": {**counters, "run": run},
            "Output": UNCHANGED,
            "Next": names.DECIDE,
        }

    lost_turn = _LOST_TURN if job.overlap.is_exclusive else None
    return {
        "Comment": "Runs the task and waits until it has stopped.",
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Arguments": run_task_arguments(job, place, target),
        "TimeoutSeconds": job.timeout_seconds,
        "Catch": [
            caught("timed out", "States.Timeout", AFTER_TIMEOUT),
            caught(
                "could not be asked for",
                "States.QueryEvaluationError",
                after_evaluation_error(job, place, target, lost_turn),
            ),
            caught("failed", "States.ALL", AFTER_ERROR),
        ],
        "Assign": {
            **counters,
            "run": AFTER_RESULT,
            **({"resultKey": expression(result_key(job))} if job.results else {}),
        },
        "Output": UNCHANGED,
        "Next": names.READ_RESULT if job.results else names.DECIDE,
    }


def _decide(job: JobSpec, done: str) -> dict[str, Any]:
    exclusive = job.overlap.is_exclusive
    again = {
        names.WAIT_TO_START: ("the infrastructure's fault", _may_be_started_again(job.start_retries)),
        names.WAIT_TO_RETRY: ("ran and failed, attempts left", _may_be_retried(job.retries)),
    }
    again = {name: (comment, condition) for name, (comment, condition) in again.items() if condition is not None}
    # Of a job with results, no success comes here.
    rules = [] if job.results else [rule("exit code 0", _ended(Outcome.SUCCEEDED), done)]
    if exclusive:
        rules.append(rule("redriven: to the lock again", f"$run.outcome = {literal(_LOST_TURN)}", names.LOOK))
        if again:
            any_again = " or ".join(f"({condition})" for _, condition in again.values())
            rules.append(
                rule("its task may run on", f"$run.mayRunOn and ({any_again})", names.SETTLE, look_for_own_tasks())
            )
    rules += [rule(comment, condition, name) for name, (comment, condition) in again.items()]
    if exclusive:
        # Of a task that may run on, the lock is left to the next run, which looks for what is left over.
        rules.append(rule("failed, and its task has stopped", "$not($run.mayRunOn)", names.RELEASE_FAILED))
    else:
        rules += _failure_rules(job)
    return {
        "Comment": "Tells a success, what deserves another attempt, and the kinds of failure apart.",
        "Type": "Choice",
        "Choices": rules,
        "Default": names.WHAT_FAILED if exclusive else FAILURES[Outcome.UNEXPLAINED][0],
    }


def _failures(job: JobSpec) -> dict[Outcome, tuple[str, str]]:
    return {outcome: state for outcome, state in FAILURES.items() if job.results or outcome != Outcome.INVALID_RESULT}


def _failure_rules(job: JobSpec) -> list[dict[str, Any]]:
    return [
        rule(name.lower(), _ended(outcome), name)
        for outcome, (name, _) in _failures(job).items()
        if outcome is not Outcome.UNEXPLAINED
    ]


def _ended(outcome: Outcome) -> str:
    return f"$run.outcome = {literal(outcome.value)}"


def _may_be_started_again(retries: StartRetrySpec) -> str | None:
    """What the infrastructure did to the run, while its own budget lasts; None without a budget."""
    if not retries.attempts:
        return None
    faults = [Outcome.NEVER_STARTED.value, Outcome.INTERRUPTED.value]
    return f"$startRetries < {retries.attempts} and $run.outcome in {literal(faults)}"


def _may_be_retried(retries: RetrySpec) -> str | None:
    """Only what ran, for it is the job's owner who says that it may run twice; None when nothing is retried."""
    if not retries.attempts:
        return None
    retried = [Outcome.EXITED_NON_ZERO.value, Outcome.OUT_OF_MEMORY.value, Outcome.UNEXPLAINED.value]
    if retries.on_timeout:
        retried.append(Outcome.TIMED_OUT.value)
    conditions = [f"$attempt <= {retries.attempts}", f"$run.outcome in {literal(retried)}"]
    if retries.final_exit_codes:
        conditions.append(f"$not($run.exitCode in {literal(list(retries.final_exit_codes))})")
    return " and ".join(conditions)


def _wait_to_retry(job: JobSpec) -> dict[str, Any]:
    return {
        "Comment": "Waits longer before each further attempt.",
        "Type": "Wait",
        "Seconds": expression(f"{literal(_waits(job.retries))}[$attempt - 1]"),
        "Assign": {"attempt": expression("$attempt + 1")},
        "Next": names.RUN,
    }


def _wait_to_start(job: JobSpec) -> dict[str, Any]:
    assign = {"startRetries": expression("$startRetries + 1")}
    if job.capacity.on_demand_after is not None:
        lost = f"$run.outcome = '{Outcome.INTERRUPTED}' or $contains($run.reason, /{CAPACITY_REASONS}/i)"
        assign["lostCapacity"] = expression(f"({default('lostCapacity', 0)}) + ({lost} ? 1 : 0)")
    return {
        "Comment": "Waits a random part of a time that grows, so that many runs do not come back at once.",
        "Type": "Wait",
        "Seconds": expression(f"$ceil($random() * {literal(_waits(job.start_retries))}[$startRetries])"),
        "Assign": assign,
        "Next": names.RUN,
    }


def _waits(retries: RetrySpec | StartRetrySpec) -> list[int]:
    """Seconds before each retry: whole ones, which is all that a Wait state takes."""
    # The exponent is bounded, so that no count of attempts overflows a float.
    growth = (retries.backoff_rate ** min(retry, 64) for retry in range(retries.attempts))
    return [round(min(retries.interval_seconds * factor, retries.max_interval_seconds)) for factor in growth]
