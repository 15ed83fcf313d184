"""How a task state runs a container as a Lambda function.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from definitions.jsonata import expression, literal
from definitions.lambda_outcome import AFTER_ERROR, AFTER_RESULT, AFTER_TIMEOUT
from definitions.run_call import RunCall
from definitions.run_task import TOO_LARGE_ERROR, TaskRun, overrides
from spec.overrides import MOST_CHARACTERS
from spec.run_on_rules.lambda_ import start_of

SLACK_SECONDS = 60
"""How much longer than the function may take its state waits: Lambda tells more of a timeout. Before that Lambda gets
an environment ready, which after 10 seconds counts as the function's own time.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""


def lambda_call(task: TaskRun) -> RunCall:
    """What runs the container of a task; the result is Invoke's answer, with what the bootstrap says in Payload."""
    return RunCall(
        resource="arn:aws:states:::lambda:invoke",
        arguments={"FunctionName": task.target.what_runs, "Payload": expression(_payload(task))},
        timeout_seconds=task.container.timeout_seconds + SLACK_SECONDS,
        after_result=AFTER_RESULT,
        after_error=AFTER_ERROR,
        after_timeout=AFTER_TIMEOUT,
    )


def _payload(task: TaskRun) -> str:
    """The event: the variables of the run, and the whole command where a person's start brings another one.

    As RunTask's request, it cannot be made of an input that is too large, or after a redrive without the lock.
    """
    start = start_of(task.container)
    assert start is not None, "a job on Lambda says what it starts"
    guard = "" if task.guard is None else f"$not({task.guard}) ? $error('redriven since it took the lock') : "
    return f"""(
        {overrides(task)}
        {guard}$size > {MOST_CHARACTERS} ? $error('{TOO_LARGE_ERROR}' & $string($size)) : $merge([
            {{'environment': $merge($overrides.Environment.{{Name: Value}})}},
            $exists($command) ? {{'command': $append({literal(list(start.entrypoint))}, [$command])}} : {{}}
        ])
    )"""
