"""The state machine of a job with steps, or with a count of tasks.

Its steps follow one another in one execution. A step that fails ends the run: first what `onFailure` says is run, then
the lock is given back, then the execution fails with the step's own error.

Input of an execution, beside that of other jobs: `from` (the step to begin with) and `results` (what the steps before
it left in an earlier run, by their names).

Variables: those in attempts.py with the step's name behind theirs (`attempt_fetch`); `result_<step>`, what a step left;
`whatFailed` (`step`, `error`, `cause`, `mayRunOn`); `at`, the step that a redriven run goes back to with the lock
taken again; `searched`, the step that goes on when the task of its last attempt has stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from definitions import names
from definitions.attempts import again
from definitions.calls import rule
from definitions.jsonata import expression, literal
from definitions.machine_frame import definition, skipped_states
from definitions.overlap import release_states, turn_states
from definitions.place import Place
from definitions.run_task import OWN_GUARD, SCHEDULED_TIME, RunTarget
from definitions.steps import step_names
from definitions.steps.many import count_state
from definitions.steps.scope import Next, Scope, result_variable
from definitions.steps.sequence import results_of, sequence
from spec.job import JobSpec
from spec.step_containers import containers, placed_containers, takes_large_inputs
from spec.steps import StepSpec

COUNTED = StepSpec(name="task")
"""What stands for the one step of a job with a count."""


def steps_machine(job: JobSpec, place: Place, target: RunTarget, targets: Mapping[str, RunTarget]) -> dict[str, Any]:
    """The definition of the state machine of a job with steps or a count.

    Args:
        job: the job.
        place: its stack.
        target: where it runs; its task definition is any.
        targets: where each of its containers runs, by the container's name.
    """
    exclusive = job.overlap.is_exclusive
    scope = _scope(job, place, target, targets)
    done = names.RELEASE if exclusive else names.SUCCEEDED
    start, body = _body(job, scope, Next(state=done))
    states = {**turn_states(job, place, target, start=start, when_self=start, when_self_assign=None), **body}
    if scope.after_failure is not None:
        states |= _after_failure(job, scope)
    if exclusive:
        states |= release_states(job, target, failed=step_names.FAILED)
    states[names.SUCCEEDED] = {
        "Comment": "Every step did its work.",
        "Type": "Succeed",
        "Output": expression(_output(job, place, scope)),
    }
    states |= skipped_states(job, place)
    return definition(job, place, states)


def _scope(job: JobSpec, place: Place, target: RunTarget, targets: Mapping[str, RunTarget]) -> Scope:
    by_step = {step.name: container for _, step, container in placed_containers(job)}
    scope = Scope(
        job=job,
        place=place,
        containers=by_step if job.steps else {COUNTED.name: containers(job)[0]},
        targets=targets,
        bucket=target.results_bucket if takes_large_inputs(job) else None,
        guard=OWN_GUARD if job.overlap.is_exclusive else None,
    )
    if not job.on_failure and not job.overlap.is_exclusive:
        return scope
    first = _start_of(job.on_failure[0]) if job.on_failure else _end_of_failure(job)
    return replace(scope, after_failure=first)


def _end_of_failure(job: JobSpec) -> str:
    return step_names.WHAT_FAILED if job.overlap.is_exclusive else step_names.FAILED


def _start_of(step: StepSpec) -> str:
    if step.when is not None:
        return step_names.is_needed(step.name)
    return step_names.run_step(step.name) if step.for_each is None else step_names.run_many(step.name)


def _body(job: JobSpec, scope: Scope, way: Next) -> tuple[str, dict[str, Any]]:
    if job.count is not None:
        start = step_names.run_many(COUNTED.name)
        return start, {start: count_state(COUNTED, job.count, scope, way)}
    start, states = sequence(job.steps, scope, way)
    return step_names.FIRST, {step_names.FIRST: _first(job, scope, start), **states}


def _first(job: JobSpec, scope: Scope, start: str) -> dict[str, Any]:
    """Where a run begins: with its first step, with the one that a rerun names, or with the one it was redriven in."""
    given = "$states.context.Execution.Input"
    rules = _returns(job, scope) if scope.guard is not None else []
    for index, step in enumerate(job.steps[1:], start=1):
        before = results_of(job.steps[:index], scope)
        results = {result_variable(name, 0): expression(_given_result(name)) for name in before}
        rules.append(rule(f"from {step.name}", f"{given}.from = {literal(step.name)}", _start_of(step), results))
    if not rules:
        rules.append(rule("from its only step", "true", start))
    return {
        "Comment": "A rerun may begin with a later step, with the results of those before it.",
        "Type": "Choice",
        "Choices": rules,
        "Default": start,
    }


def _returns(job: JobSpec, scope: Scope) -> list[dict[str, Any]]:
    """The ways back into a step: from the search for the task of its last attempt, and from the lock."""
    plain = [step for step in job.steps if step.for_each is None and not step.inner]
    searched = [
        rule(
            f"no task of {step.name} runs on",
            f"$exists($searched) and $searched = {literal(step.name)}",
            step_names.of_step(step.name).decide,
            {f"run_{step.name}": expression(f"$merge([$run_{step.name}, {{'mayRunOn': false}}])"), "searched": None},
        )
        for step in plain
        if step.is_container and again(scope.containers[step.name], step_names.of_step(step.name))
    ]
    redriven = [
        rule(
            f"redriven in {step.name}",
            f"$exists($at) and $at = {literal(step.name)}",
            step_names.run_step(step.name),
        )
        for step in plain
    ]
    return [*searched, *redriven]


def _given_result(name: str) -> str:
    return f"($given := $states.context.Execution.Input.results.{name}; $exists($given) ? $given : null)"


def _after_failure(job: JobSpec, scope: Scope) -> dict[str, Any]:
    """The steps that run after a failure, each whatever came of those before it, and the end of the execution."""
    states: dict[str, Any] = {}
    end = _end_of_failure(job)
    for step, following in zip_longest(job.on_failure, job.on_failure[1:]):
        after = end if following is None else _start_of(following)
        inner = replace(scope, after_failure=after, keeps_failure=True, is_outermost=False)
        states |= sequence([step], inner, Next(state=after))[1]
    if job.overlap.is_exclusive:
        states[step_names.WHAT_FAILED] = {
            "Comment": "The lock of a task that may run on is left to the next run, which looks for it.",
            "Type": "Choice",
            "Choices": [rule("its task has stopped", "$not($whatFailed.mayRunOn)", names.RELEASE_FAILED)],
            "Default": step_names.FAILED,
        }
    states[step_names.FAILED] = {
        "Comment": "A step did not do its work.",
        "Type": "Fail",
        "Error": expression("$whatFailed.error"),
        "Cause": expression("$whatFailed.cause"),
    }
    return states


def _output(job: JobSpec, place: Place, scope: Scope) -> str:
    """The output of a run: what it was, and the result of its last step, or of all its tasks."""
    last = COUNTED if job.count is not None else job.steps[-1]
    has_result = job.results if job.count is not None else bool(results_of([last], scope)) and not last.inner
    result = f", 'result': ${result_variable(last.name, 0)}" if has_result else ""
    return f"""{{
        'job': {literal(job.name)},
        'stack': {literal(place.stack)},
        'status': 'SUCCEEDED',
        'scheduledTime': {SCHEDULED_TIME}{result}
    }}"""
