"""How a state machine runs a container, by where its job runs."""

from definitions.ecs_call import ecs_call
from definitions.kubernetes_call import kubernetes_call
from definitions.lambda_call import lambda_call
from definitions.run_call import RunCall
from definitions.run_task import TaskRun


def run_call(task: TaskRun) -> RunCall:
    """What runs the container of a task. Raises ValueError for a job that no state machine runs."""
    match task.container.run_on.kind:
        case "fargate" | "ec2":
            return ecs_call(task)
        case "kubernetes":
            return kubernetes_call(task)
        case "lambda":
            return lambda_call(task)
        case kind:
            raise ValueError(f"no state machine runs a job on {kind}")
