"""How a task state runs a container as an ECS task, on Fargate or on the machines of a capacity provider."""

from definitions.jsonata import literal
from definitions.outcome import AFTER_ERROR, AFTER_ERROR_ON_EC2, AFTER_RESULT, AFTER_TIMEOUT, after_looking
from definitions.run_call import RunCall, Search
from definitions.run_task import ATTEMPT_VARIABLE, TaskRun, attempt_number, run_task_arguments
from definitions.task_definition import CONTAINER_NAME
from spec.durations import duration_text


def ecs_call(task: TaskRun) -> RunCall:
    """What runs the container of a task; the result is one ECS Task."""
    on_ec2 = task.container.run_on.kind == "ec2"
    return RunCall(
        resource="arn:aws:states:::ecs:runTask.sync",
        arguments=run_task_arguments(task),
        timeout_seconds=task.container.timeout_seconds,
        after_result=AFTER_RESULT,
        after_error=AFTER_ERROR_ON_EC2 if on_ec2 else AFTER_ERROR,
        after_timeout=AFTER_TIMEOUT,
        search=_search(task) if on_ec2 else None,
    )


def _search(task: TaskRun) -> Search:
    """On EC2 a task may have waited for an instance until its timeout, and has then not run at all.

    It is told from the run's others by what it was told itself: the attempt, the step, the item. A redrive counts
    attempts from where it goes on, so that a task from before it may have been told the same.
    """
    told = {ATTEMPT_VARIABLE: attempt_number(), **task.variables}
    is_its = " and ".join(f"($told[Name = {literal(name)}])[0].Value = {value}" for name, value in told.items())
    found = f"""$filter($states.result.Tasks[Group = {task.run.name}], function($one) {{(
        $told := ($one.Overrides.ContainerOverrides[Name = {literal(CONTAINER_NAME)}])[0].Environment;
        $redriven := $states.context.Execution.RedriveTime;
        $isOld := $exists($redriven) and $type($one.CreatedAt) = 'string'
            ? $toMillis($one.CreatedAt) < $toMillis($redriven) : false;
        $not($isOld) and {is_its}
    )}})[0]"""
    waited = f"no instance had room for it within its timeout of {duration_text(task.container.timeout_seconds)}"
    return Search(
        cluster_arn=task.target.cluster_arn,
        family=task.place.name(task.container.name),
        record=after_looking(found, waited),
    )
