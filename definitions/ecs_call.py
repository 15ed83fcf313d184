"""How a task state runs a container as an ECS task, on Fargate or on the machines of a capacity provider."""

from definitions.outcome import AFTER_ERROR, AFTER_RESULT, AFTER_TIMEOUT
from definitions.run_call import RunCall
from definitions.run_task import TaskRun, run_task_arguments


def ecs_call(task: TaskRun) -> RunCall:
    """What runs the container of a task; the result is one ECS Task."""
    return RunCall(
        resource="arn:aws:states:::ecs:runTask.sync",
        arguments=run_task_arguments(task),
        timeout_seconds=task.container.timeout_seconds,
        after_result=AFTER_RESULT,
        after_error=AFTER_ERROR,
        after_timeout=AFTER_TIMEOUT,
    )
