"""The state machine of a job: runs its task, tells how it ended, tries again when that makes sense, and says so.

Amazon States Language with JSONata, type Standard: https://states-language.net and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html

Its variables are in attempts.py, those of a job that must not overlap in overlap.py, and those of one that leaves
results in results.py.
"""

from typing import Any

from definitions import names
from definitions.attempts import THE_JOBS, again, ended, run_state, wait_states, while_it_may_run_on
from definitions.calls import rule
from definitions.jsonata import expression, literal
from definitions.left_over import left_over
from definitions.machine_frame import definition, skipped_states
from definitions.outcome import Outcome, may_be
from definitions.overlap import release_states, turn_states
from definitions.place import Place
from definitions.results import read_states
from definitions.run_on import run_call
from definitions.run_task import RunTarget, after_evaluation_error, result_key, task_of_job
from definitions.timed_out import search_states
from definitions.verdict import failure_cause, success_output
from spec.job import JobSpec

__all__ = ["RunTarget", "state_machine"]

FAILURES = {
    Outcome.EXITED_NON_ZERO: ("Exited non-zero", "The job ran to its end and reported failure."),
    Outcome.OUT_OF_MEMORY: ("Ran out of memory", "The job was killed because it used more than its memory."),
    Outcome.TIMED_OUT: ("Timed out", "The job was stopped because it ran longer than its timeout."),
    Outcome.NEVER_STARTED: ("Never started", "No line of the job's code ran, however often it was started."),
    Outcome.NOT_PLACED: ("Not placed", "No instance had room for the task for as long as ECS looked for one."),
    Outcome.REFUSED: ("Refused", "AWS refused to start it, for a reason that does not pass. Not retried."),
    Outcome.INTERRUPTED: ("Interrupted", "AWS took the machine away while the job ran, once too often."),
    Outcome.STOPPED: ("Stopped", "Somebody stopped the task. Not retried."),
    Outcome.INVALID_RESULT: ("Left no valid result", "The job exited with code 0 and left no result. Not retried."),
    Outcome.UNEXPLAINED: ("Failed without a reason", "The task failed, and the cause cannot be read."),
}
"""The Fail states: the state's name and comment, by the outcome that is its Error. One is for jobs with results, and
one for jobs on EC2 instances."""

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
    exclusive = job.overlap.is_exclusive
    done = names.RELEASE if exclusive else names.SUCCEEDED
    states = {**turn_states(job, place, target), **_run(job, place, target)}
    if job.results:
        assert target.results_bucket is not None, "a stack with such a job has a bucket"
        states |= read_states(target.results_bucket, done, THE_JOBS)
    states[names.DECIDE] = _decide(job, done)
    states |= wait_states(job, THE_JOBS)
    if exclusive:
        states |= release_states(job, target)
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
    states |= skipped_states(job, place)
    for outcome, (name, comment) in _failures(job).items():
        states[name] = {
            "Comment": comment,
            "Type": "Fail",
            "Error": outcome.value,
            "Cause": failure_cause(job, place, target.log_group_name, outcome),
        }
    return definition(job, place, states)


def _run(job: JobSpec, place: Place, target: RunTarget) -> dict[str, Any]:
    task = task_of_job(job, place, target)
    call = run_call(task)
    state = run_state(THE_JOBS, call, after_evaluation_error=after_evaluation_error(task, _LOST_TURN))
    if job.results:
        state["Assign"]["resultKey"] = expression(result_key(task))
        state["Next"] = names.READ_RESULT
    return {names.RUN: state, **search_states(THE_JOBS, call.search)}


def _decide(job: JobSpec, done: str) -> dict[str, Any]:
    exclusive = job.overlap.is_exclusive
    waits = again(job, THE_JOBS)
    # Of a job with results, no success comes here.
    rules = [] if job.results else [rule("exit code 0", ended(Outcome.SUCCEEDED), done)]
    if exclusive:
        rules.append(rule("redriven: to the lock again", f"$run.outcome = {literal(_LOST_TURN)}", names.LOOK))
        if waits:
            left = left_over(job)
            rules.append(rule("its task may run on", while_it_may_run_on(waits), left.first, left.own))
    rules += [rule(comment, condition, name) for name, (comment, condition) in waits.items()]
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
    possible = {outcome: state for outcome, state in FAILURES.items() if may_be(outcome, job)}
    if not job.results:
        del possible[Outcome.INVALID_RESULT]
    return possible


def _failure_rules(job: JobSpec) -> list[dict[str, Any]]:
    return [
        rule(name.lower(), ended(outcome), name)
        for outcome, (name, _) in _failures(job).items()
        if outcome is not Outcome.UNEXPLAINED
    ]
