"""The state of a step that runs another job of the stack, as a run of its own."""

from dataclasses import replace
from typing import Any

from definitions import names
from definitions.calls import rule
from definitions.jsonata import ME, expression, literal
from definitions.steps import step_names
from definitions.steps.scope import SKIPPED, Exit, Scope, catch_failure, leave
from definitions.steps.written import template
from definitions.verdict import LOST_TURN
from spec.steps import StepSpec

_PASSING = ["StepFunctions.ExecutionLimitExceededException", "StepFunctions.ThrottlingException"]
"""Errors of StartExecution that pass, and after which nothing was started."""

# A run that was skipped did nothing that later steps could build on.
_RESULT = f"""(
    $output := $states.result.Output;
    $output.status = 'SKIPPED' ? $error('{SKIPPED}' & $output.reason)
    : $exists($output.result) ? $output.result : null
)"""


def job_states(step: StepSpec, scope: Scope, way: Exit) -> dict[str, Any]:
    """The state that starts the other job's machine and waits for its end, and what tells whether it could.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """
    assert step.job is not None
    given: dict[str, Any] = {}
    if scope.given_input is not None:
        given = {"input": expression(scope.given_input)}
    elif step.input is not None:
        given = {"input": template(step.input, scope.job, scope.results)}
    started_by = scope.run.execution_arn
    if scope.guard is not None:
        started_by = f"{scope.guard} ? {started_by} : $error('redriven since it took the lock')"
    inner = scope
    states: dict[str, Any] = {}
    if scope.guard is not None and scope.is_outermost:
        assert scope.after_failure is not None, "a job with a lock has what follows a failure"
        inner = replace(scope, after_failure=step_names.of_step(step.name).decide)
        states[step_names.of_step(step.name).decide] = {
            "Comment": "Tells a redriven run from a failure.",
            "Type": "Choice",
            "Choices": [
                rule(
                    "redriven: to the lock again",
                    f"$whatFailed.error = {literal(LOST_TURN)}",
                    names.LOOK,
                    {"at": step.name},
                )
            ],
            "Default": scope.after_failure,
        }
    run = {
        "Comment": step.description or f"Runs the job {step.job} and waits for its end.",
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {
            "StateMachineArn": scope.place.state_machine_arn(step.job),
            "Input": {
                "trigger": "step",
                "startedBy": expression(started_by),
                "scheduledTime": expression(scope.run.scheduled_time),
                **given,
                # Links the two in AWS's console.
                "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": expression(ME),
            },
        },
        "Retry": [
            {
                "ErrorEquals": _PASSING,
                "IntervalSeconds": 5,
                "BackoffRate": 2.0,
                "MaxDelaySeconds": 60,
                "MaxAttempts": 8,
                "JitterStrategy": "FULL",
            }
        ],
        **catch_failure(step.name, inner),
        **leave(way, {step.name: _RESULT}, scope),
    }
    return {step_names.run_step(step.name): run, **states}
