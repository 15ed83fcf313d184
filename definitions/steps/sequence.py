"""The states of steps one after the other, and of steps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from definitions.calls import rule
from definitions.jsonata import expression
from definitions.steps import step_names
from definitions.steps.container_step import container_states
from definitions.steps.job_step import job_states
from definitions.steps.many import map_state
from definitions.steps.scope import End, Exit, Next, Scope, catch_failure, leave, output_of, result_variable
from definitions.steps.written import jsonata
from spec.step_containers import has_result
from spec.steps import StepSpec


def sequence(steps: Sequence[StepSpec], scope: Scope, way: Exit) -> tuple[str, dict[str, Any]]:
    """The first state of a list of steps, and all their states, in their order."""
    own = {name: result_variable(name, scope.depth) for name in results_of(steps, scope)}
    scope = replace(scope, results={**scope.results, **own})
    states: dict[str, Any] = {}
    following: Exit = way
    for step in reversed(steps):
        start, of_step = _step_states(step, scope, following)
        states = {**of_step, **states}
        following = Next(state=start)
    assert isinstance(following, Next), "a list of steps has one"
    return following.state, states


def _step_states(step: StepSpec, scope: Scope, way: Exit) -> tuple[str, dict[str, Any]]:
    if step.steps:
        return sequence(step.steps, scope, way)
    if step.parallel:
        states = {step_names.run_step(step.name): _parallel(step, scope, way)}
    elif step.for_each is not None:
        states = {step_names.run_many(step.name): map_state(step, scope, way)}
    elif step.job is not None:
        states = job_states(step, scope, way)
    else:
        states = container_states(step, scope, way)
    if step.when is None:
        return next(iter(states)), states
    return step_names.is_needed(step.name), {**_when(step, scope, way, next(iter(states))), **states}


def _when(step: StepSpec, scope: Scope, way: Exit, start: str) -> dict[str, Any]:
    """The choice before a step, and the end of a branch that it may be the last of."""
    results = results_of([step], scope)
    states: dict[str, Any] = {}
    if isinstance(way, End):
        skipped, assign = step_names.not_needed(step.name), {}
        output = output_of(way, dict.fromkeys(results, "null"), scope)
        states[skipped] = {"Type": "Succeed", "Output": output}
    else:
        nothing = {result_variable(name, scope.depth): expression("null") for name in results}
        skipped, assign = way.state, {**nothing, **way.assign}
    assert step.when is not None
    needed = {
        "Comment": "Whether the step is needed.",
        "Type": "Choice",
        "Choices": [
            rule(
                "not needed",
                f"($when := {jsonata(step.when, scope.job, scope.results)}; $not($exists($when) and $boolean($when)))",
                skipped,
                assign,
            )
        ],
        "Default": start,
    }
    return {step_names.is_needed(step.name): needed, **states}


def _parallel(step: StepSpec, scope: Scope, way: Exit) -> dict[str, Any]:
    assert step.parallel is not None
    inner = replace(scope, after_failure=None, is_outermost=False, depth=scope.depth + 1)
    branches, own = [], {}
    for index, branch in enumerate(step.parallel):
        results = results_of([branch], scope)
        start, states = sequence([branch], inner, End(results=results))
        branches.append({"StartAt": start, "States": states})
        own |= {name: f"$states.result[{index}].{name}" for name in results}
    return {
        "Comment": step.description or "Runs steps side by side.",
        "Type": "Parallel",
        "Branches": branches,
        **catch_failure(step.name, scope),
        **leave(way, own, scope),
    }


def results_of(steps: Sequence[StepSpec], scope: Scope) -> tuple[str, ...]:
    """The names of the steps, those within others among them, that have a result."""
    found: list[str] = []
    for step in steps:
        if step.inner:
            found += results_of(step.inner, scope)
        elif has_result(scope.job, step):
            found.append(step.name)
    return tuple(found)
