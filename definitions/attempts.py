"""The states that run one container until it has succeeded or there is no sense in trying again.

Variables: `attempt` (1, 2, ...: what the job's own retries have used), `startRetries` (what the infrastructure has used
of its own), `lostCapacity` (how often it was for want of capacity), `run` (how the last attempt ended, see outcome.py).
"""

from dataclasses import dataclass
from typing import Any

from definitions import names
from definitions.jsonata import UNCHANGED, default, expression, literal
from definitions.outcome import CAPACITY_REASONS, Outcome, may_be
from definitions.run_call import RunCall
from spec.container import RetrySpec, StartRetrySpec
from spec.job import JobSpec


@dataclass(frozen=True, kw_only=True)
class AttemptNames:
    """The names of the states."""

    run: str = names.RUN
    read_result: str = names.READ_RESULT
    read_whole: str = names.READ_WHOLE
    let_it_stop: str = names.LET_IT_STOP
    list_stopped: str = names.LIST_STOPPED
    describe_stopped: str = names.DESCRIBE_STOPPED
    is_it_found: str = names.IS_IT_FOUND
    decide: str = names.DECIDE
    wait_to_retry: str = names.WAIT_TO_RETRY
    wait_to_start: str = names.WAIT_TO_START


THE_JOBS = AttemptNames()
"""Those of a job without steps."""


def run_state(called: AttemptNames, call: RunCall, *, after_evaluation_error: str) -> dict[str, Any]:
    """The task state that runs a container, and goes on to tell how it ended.

    Args:
        called: the names of the states.
        call: what runs it.
        after_evaluation_error: the record of an attempt for which the request could not be made.
    """
    counters = {
        "attempt": expression(default("attempt", 1)),
        "startRetries": expression(default("startRetries", 0)),
    }

    def caught(comment: str, error: str, run: Any, following: str = called.decide) -> dict[str, Any]:
        return {
            "Comment": comment,
            "ErrorEquals": [error],
            "Assign": {**counters, "run": run},
            "Output": UNCHANGED,
            "Next": following,
        }

    after_timeout = called.decide if call.search is None else called.let_it_stop
    return {
        "Comment": "Runs the job and waits until it has ended.",
        "Type": "Task",
        "Resource": call.resource,
        "Arguments": call.arguments,
        "TimeoutSeconds": call.timeout_seconds,
        "Catch": [
            caught("timed out", "States.Timeout", call.after_timeout, after_timeout),
            caught("could not be asked for", "States.QueryEvaluationError", after_evaluation_error),
            caught("failed", "States.ALL", call.after_error),
        ],
        "Assign": {**counters, "run": call.after_result},
        "Output": UNCHANGED,
        "Next": called.decide,
    }


def again(container: JobSpec, called: AttemptNames) -> dict[str, tuple[str, str]]:
    """What deserves another attempt: the state that waits for it, to a label and a condition."""
    found = {
        called.wait_to_start: ("the infrastructure's fault", _may_be_started_again(container)),
        called.wait_to_retry: ("ran and failed, attempts left", _may_be_retried(container.retries)),
    }
    return {name: (comment, condition) for name, (comment, condition) in found.items() if condition is not None}


def while_it_may_run_on(waits: dict[str, tuple[str, str]]) -> str:
    """Whether another attempt has to wait until the last one's task has stopped, as JSONata; `waits`: see `again`."""
    any_again = " or ".join(f"({condition})" for _, condition in waits.values())
    return f"$run.mayRunOn and ({any_again})"


def wait_states(container: JobSpec, called: AttemptNames) -> dict[str, Any]:
    """The states that wait for another attempt."""
    states = {}
    if container.retries.attempts:
        states[called.wait_to_retry] = _wait_to_retry(container, called)
    if container.start_retries.attempts:
        states[called.wait_to_start] = _wait_to_start(container, called)
    return states


def ended(outcome: Outcome) -> str:
    """Whether the last attempt ended so, as JSONata."""
    return f"$run.outcome = {literal(outcome.value)}"


def _may_be_started_again(container: JobSpec) -> str | None:
    """What the infrastructure did to the run, while its own budget lasts; None without a budget."""
    if not container.start_retries.attempts:
        return None
    faults = (Outcome.NEVER_STARTED, Outcome.INTERRUPTED, Outcome.NOT_PLACED)
    found = [outcome.value for outcome in faults if may_be(outcome, container)]
    return f"$startRetries < {container.start_retries.attempts} and $run.outcome in {literal(found)}"


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


def _wait_to_retry(container: JobSpec, called: AttemptNames) -> dict[str, Any]:
    return {
        "Comment": "Waits longer before each further attempt.",
        "Type": "Wait",
        "Seconds": expression(f"{literal(_waits(container.retries))}[$attempt - 1]"),
        "Assign": {"attempt": expression("$attempt + 1")},
        "Next": called.run,
    }


def _wait_to_start(container: JobSpec, called: AttemptNames) -> dict[str, Any]:
    assign = {"startRetries": expression("$startRetries + 1")}
    if container.capacity.on_demand_after is not None and container.run_on.kind == "fargate":
        lost = f"$run.outcome = '{Outcome.INTERRUPTED}' or $contains($run.reason, /{CAPACITY_REASONS}/i)"
        assign["lostCapacity"] = expression(f"({default('lostCapacity', 0)}) + ({lost} ? 1 : 0)")
    return {
        "Comment": "Waits a random part of a time that grows, so that many runs do not come back at once.",
        "Type": "Wait",
        "Seconds": expression(f"$ceil($random() * {literal(_waits(container.start_retries))}[$startRetries])"),
        "Assign": assign,
        "Next": called.run,
    }


def _waits(retries: RetrySpec | StartRetrySpec) -> list[int]:
    """Seconds before each retry: whole ones, which is all that a Wait state takes."""
    # The exponent is bounded, so that no count of attempts overflows a float.
    growth = (retries.backoff_rate ** min(retry, 64) for retry in range(retries.attempts))
    return [round(min(retries.interval_seconds * factor, retries.max_interval_seconds)) for factor in growth]
