"""The states of a step that runs a container."""

from typing import Any

from definitions import names
from definitions.attempts import AttemptNames, again, run_state, wait_states, while_it_may_run_on
from definitions.calls import call as api_call
from definitions.calls import rule
from definitions.jsonata import SAID_OF_ERROR, expression, literal, one_line, text_of
from definitions.left_over import left_over
from definitions.outcome import Outcome
from definitions.results import READ, read_states
from definitions.run_on import run_call
from definitions.run_task import (
    TOO_LARGE_ERROR,
    TOO_LARGE_REASON,
    TaskRun,
    input_key,
    input_text,
    result_key,
)
from definitions.steps import step_names
from definitions.steps.scope import Exit, Scope, leave
from definitions.steps.variables import of_step
from definitions.steps.written import json_text
from definitions.timed_out import search_states
from definitions.verdict import LOST_TURN, step_failure_cause
from spec.step_containers import takes_large_inputs
from spec.steps import StepSpec

_INPUT_URL = "inputUrl"
"""The variable that holds where an input lies which ECS does not take."""
_INPUT = "<input>"
"""Stands for JSONata of the input, in which people's own names are left as they are."""
_TOO_LARGE = "TOO_LARGE"
"""In the place of an outcome: the input goes through S3."""
_NOT_DONE = "it ended as "
"""Before an outcome, in the error of a task that Step Functions calls a success and that is none."""


def container_states(step: StepSpec, scope: Scope, way: Exit) -> dict[str, Any]:
    """The states of the step, the first one first.

    A success passes one of them, or two where it leaves a result.
    """
    container, called = scope.containers[step.name], step_names.of_step(step.name)
    task = task_run(step, scope)
    call = run_call(task)
    run = run_state(called, call, after_evaluation_error=_after_evaluation_error(scope, task))
    run["Comment"] = step.description or run["Comment"]
    states = {called.run: run, **search_states(called, call.search)}
    if container.results:
        run["Assign"]["resultKey"] = expression(result_key(task))
        run["Next"] = called.read_result
        states |= _read_states(task, called, way, step.name, scope)
    else:
        record = expression(_or_error(run.pop("Assign")["run"]))
        del run["Next"]
        run |= leave(way, {}, scope)
        run["Assign"] = {**run.get("Assign", {}), "run": record}
    states[called.decide] = _decide(step, scope, called, task)
    states |= wait_states(container, called)
    if _may_go_through_s3(task):
        states[step_names.put_input(step.name)] = _put_input(called, task)
    if scope.after_failure is None:
        states[step_names.failed(step.name)] = {
            "Comment": "The step did not do its work.",
            "Type": "Fail",
            "Error": expression("$run.outcome"),
            "Cause": expression(step_failure_cause(step.name, task, tells_details=scope.tells_details)),
        }
    return of_step(states, step.name, {_INPUT: one_line(_input_text(step, scope))})


def task_run(step: StepSpec, scope: Scope) -> TaskRun:
    """What is particular to the step's task."""
    container = scope.containers[step.name]
    return TaskRun(
        job=scope.job,
        container=container,
        place=scope.place,
        target=scope.targets[container.name],
        run=scope.run,
        guard=scope.guard,
        input_text=_INPUT,
        input_url=_INPUT_URL,
        variables={"LONGHAUL_STEP": literal(step.name), **scope.variables},
        takes_command=False,
        path=(literal(step.name), *((scope.path,) if scope.path is not None else ())),
    )


def _input_text(step: StepSpec, scope: Scope) -> str:
    if scope.given_input is not None:
        return text_of(scope.given_input)
    if step.input is not None:
        return json_text(step.input, scope.job, scope.results, "input")
    return input_text(scope.job)


def _read_states(task: TaskRun, called: AttemptNames, way: Exit, step: str, scope: Scope) -> dict[str, Any]:
    assert task.target.results_bucket is not None, "a stack with such a step has a bucket"
    states = read_states(task.target.results_bucket, "", called)
    for state in states.values():
        del state["Next"], state["Assign"]
        state |= leave(way, {step: READ}, scope)
    return states


def _or_error(record: str) -> str:
    """The record of a success; one of a task that was interrupted, or stopped, and exited with 0 is an error."""
    return f"""(
        $record := {record.removeprefix("{%").removesuffix("%}")};
        $record.outcome = {literal(Outcome.SUCCEEDED.value)} ? $record : $error('{_NOT_DONE}' & $record.outcome)
    )"""


def _after_evaluation_error(scope: Scope, task: TaskRun) -> str:
    """The record of an attempt whose request could not be made, or which is none in spite of its exit code 0."""
    lost = f"$not({scope.guard}) ? '{LOST_TURN}' : " if scope.guard is not None else ""
    # What is too large with the URL in its place is so for what else the task is told.
    too_large = literal(Outcome.REFUSED.value)
    if _may_go_through_s3(task):
        too_large = f"($exists(${_INPUT_URL}) ? {too_large} : {literal(_TOO_LARGE)})"
    return expression(f"""(
        $cause := {SAID_OF_ERROR};
        $ended := $match($cause, /{_NOT_DONE}(Job[.][A-Za-z]+)/).groups[0];
        $size := $match($cause, /{TOO_LARGE_ERROR}([0-9]+)/).groups[0];
        {{
            'outcome': {lost}$exists($ended) ? $ended : $exists($size) ? {too_large} : '{Outcome.REFUSED}',
            'mayRunOn': false,
            'reason': $exists($ended) ? 'its container exited with code 0 all the same'
                : $exists($size) ? {TOO_LARGE_REASON} : $substring($cause, 0, 1024)
        }}
    )""")


def _decide(step: StepSpec, scope: Scope, called: AttemptNames, task: TaskRun) -> dict[str, Any]:
    waits = again(scope.containers[step.name], called)
    rules = []
    if scope.guard is not None and scope.is_outermost:
        to_lock = {"at": step.name}
        rules.append(rule("redriven: to the lock again", f"$run.outcome = '{LOST_TURN}'", names.LOOK, to_lock))
        if waits:
            left = left_over(scope.job)
            search = {**left.own, "searched": step.name}
            rules.append(rule("its task may run on", while_it_may_run_on(waits), left.first, search))
    if _may_go_through_s3(task):
        rules.append(rule("its input is too large", f"$run.outcome = '{_TOO_LARGE}'", step_names.put_input(step.name)))
    rules += [rule(comment, condition, name) for name, (comment, condition) in waits.items()]
    default: dict[str, Any] = {"Default": step_names.failed(step.name)}
    if scope.after_failure is not None:
        failure = {
            "step": step.name,
            "error": expression("$run.outcome"),
            "cause": expression(step_failure_cause(step.name, task)),
            "mayRunOn": expression("$run.mayRunOn"),
        }
        assign = {} if scope.keeps_failure else {"Assign": {"whatFailed": failure}}
        default = {**assign, "Default": scope.after_failure}
    if not rules:
        rules.append(rule("failed", "true", default["Default"], default.get("Assign")))
    return {
        "Comment": "Tells what deserves another attempt from a failure.",
        "Type": "Choice",
        "Choices": rules,
        **default,
    }


def _may_go_through_s3(task: TaskRun) -> bool:
    """Whether there is a bucket for what ECS does not take."""
    return takes_large_inputs(task.job)


def _put_input(called: AttemptNames, task: TaskRun) -> dict[str, Any]:
    """Puts an input into S3 that ECS does not take, and starts again with its URL in its place."""
    return api_call(
        "ECS does not take so large an input: the task gets its URL.",
        "aws-sdk:s3:putObject",
        {
            "Bucket": task.target.results_bucket,
            "Key": expression(input_key(task)),
            "Body": expression(f"$parse({task.input_text})"),
            "ContentType": "application/json",
        },
        called.run,
        assign={_INPUT_URL: expression(f"{literal(f's3://{task.target.results_bucket}/')} & {input_key(task)}")},
    )
