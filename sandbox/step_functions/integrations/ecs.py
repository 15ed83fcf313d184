"""ecs:runTask and ecs:runTask.sync.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import logging
from typing import TYPE_CHECKING, Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import Api, optimised_error
from sandbox.step_functions.integrations.events import TaskEvents
from sandbox.step_functions.integrations.shapes import millisecond_time
from sandbox.step_functions.json_text import to_text

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall

_log = logging.getLogger(__name__)

STARTED_BY = "AWS Step Functions"
_fault = optimised_error("ECS", "AmazonECSException", "AmazonECS")
_RUN_TASK = Api(service="ecs", operation="RunTask", fault=_fault, time_of=millisecond_time)
_DESCRIBE_TASKS = Api(service="ecs", operation="DescribeTasks", fault=_fault, time_of=millisecond_time)


class RunTask:
    """Starts a task; with `.sync` it ends when the task has stopped, and fails if the task did."""

    name = "ecs"

    def __init__(self, *, waits_for_job: bool) -> None:
        self.waits_for_job = waits_for_job

    def parameters(self, arguments: Any) -> Any:
        """RunTask's parameters; a task that is waited for says who started it."""
        if self.waits_for_job and isinstance(arguments, dict):
            return {**arguments, "StartedBy": STARTED_BY}
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        return TaskEvents(chain, region, "ecs", "runTask.sync" if self.waits_for_job else "runTask")

    def run(self, call: "TaskCall") -> Any:
        """RunTask's answer, or with `.sync` the stopped task."""
        client = call.client("ecs")
        answer = _RUN_TASK.call(client, call.parameters)
        if not self.waits_for_job:
            return answer
        if not answer.get("Tasks"):
            raise StateError("AmazonECS.Unknown", to_text(answer))
        return self._wait(call, client, answer)

    def _wait(self, call: "TaskCall", client: Any, answer: dict[str, Any]) -> Any:
        task = answer["Tasks"][0]
        place = {"Cluster": task["ClusterArn"], "Tasks": [task["TaskArn"]]}
        try:
            call.submitted(answer)
            stopped = call.execution.services.task_stopped(task["TaskArn"])
            reported = call.wait_for_job(stopped)
        except BaseException:
            _stop(client, task, call.execution.arn)
            raise
        if not stopped.is_set():
            return reported
        task = _DESCRIBE_TASKS.call(client, place)["Tasks"][0]
        if any(container.get("ExitCode") != 0 for container in task["Containers"]):
            raise StateError("States.TaskFailed", call.execution.services.faults.cause(to_text(task), task))
        return task


def _stop(client: Any, task: dict[str, Any], execution_arn: str) -> None:
    """Stop a task that nobody waits for any more. AWS tries once: without the permission the task runs on."""
    reason = (
        f"The Task state in AWS Step Functions execution [{execution_arn}] which was managing this resource was aborted"
    )
    try:
        client.stop_task(cluster=task["ClusterArn"], task=task["TaskArn"], reason=reason)
    except Exception as problem:
        _log.info("the task %s was not stopped: %s", task["TaskArn"], problem)
