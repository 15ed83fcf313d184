"""How a task of a job without a state machine is started: as its rule or its schedule does it, which is asked.

So a run that a person starts has the network, the capacity and the variables of one that the schedule starts; see
definitions/task_start.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws
from ops.errors import AwsError, NotFoundError
from ops.input_transformer import input_of
from ops.stack import DeployedJob, is_cluster
from ops.task_changes import BY_HAND, is_task, run_name
from spec.compact_json import compact

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html: longer ones are cut off.
_MOST_OF_STARTED_BY = 36
# Of a target's parameters, what RunTask calls by another name or is not told here. A group would tell others from it.
_NOT_TAKEN = ("taskDefinitionArn", "taskCount", "group", "referenceId")


@dataclass(frozen=True, kw_only=True)
class TaskStart:
    """What a rule or a schedule has ECS do.

    Attributes:
        cluster: the ARN of the cluster.
        task_definition: the ARN of the revision that runs.
        role_arn: the role with which it is started.
        parameters: of RunTask, beside the two.
        variables: what the container is given of its environment, with placeholders for what a run is called and for
            which time it is.
    """

    cluster: str
    task_definition: str
    role_arn: str | None
    parameters: Mapping[str, Any]
    variables: Mapping[str, str]


def read_start(aws: Aws, job: DeployedJob) -> TaskStart:
    """How a task of a job is started. Raises NotFoundError where that is not told; botocore's errors."""
    for target in targets_of(aws, job):
        if is_cluster(target["Arn"]) and "EcsParameters" in target:
            return start_of(target)
    raise NotFoundError(f"what starts {job.name} has no target that runs a task: deploy the stack again")


def targets_of(aws: Aws, job: DeployedJob) -> list[dict[str, Any]]:
    """The targets of what starts a job's tasks, as their service tells them. Raises botocore's errors.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html
    """
    kind, *names = job.arn.split(":", 5)[5].split("/")
    if kind == "schedule":
        return [aws("scheduler").get_schedule(GroupName=names[0], Name=names[-1])["Target"]]
    return aws("events").list_targets_by_rule(Rule=names[-1])["Targets"]


def start_of(target: Mapping[str, Any]) -> TaskStart:
    """What a target says of the task that it starts."""
    parameters = _lower(target["EcsParameters"])
    return TaskStart(
        cluster=target["Arn"],
        task_definition=parameters["taskDefinitionArn"],
        role_arn=target.get("RoleArn"),
        parameters={key: value for key, value in parameters.items() if key not in _NOT_TAKEN},
        variables=_variables(target),
    )


def overrides_of(
    job: DeployedJob, start: TaskStart, name: str, execution_input: Mapping[str, Any], *, now: datetime
) -> dict[str, Any]:
    """The overrides of a task that is started with an execution's input: see ops/starting.py.

    Args:
        job: its job.
        start: how its rule or schedule does it.
        name: what it is told that its run is called.
        execution_input: of which `input`, where it is missing, is the job's own.
        now: the time, for which a run is that is for no other.
    """
    variables = {
        **start.variables,
        "LONGHAUL_JOB": job.name,
        "LONGHAUL_EXECUTION": name,
        "LONGHAUL_SCHEDULED_TIME": execution_input.get("scheduledTime") or f"{now:%Y-%m-%dT%H:%M:%SZ}",
        **({"LONGHAUL_INPUT": compact(execution_input["input"])} if "input" in execution_input else {}),
        **execution_input.get("environment", {}),
    }
    container: dict[str, Any] = {
        "name": "job",
        "environment": [{"name": variable, "value": value} for variable, value in variables.items()],
    }
    if "command" in execution_input:
        container["command"] = execution_input["command"]
    return {"containerOverrides": [container]}


def run_name_for(name: str, execution_input: Mapping[str, Any]) -> str:
    """What a run is told that it is called: of a rerun with the name of the old run, as nothing else would tell."""
    again = execution_input.get("rerunOf")
    if not isinstance(again, str):
        return name
    return f"{name}-{'' if is_task(again) else 'of-'}{run_name(again)}"


def run_task(aws: Aws, job: DeployedJob, name: str, execution_input: Mapping[str, Any]) -> str:
    """Start a task of a job under a name that is new; its ARN.

    ECS starts one for the same name and parameters, however often it is asked within a day:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html#RunTaskIdempotency

    Raises:
        AwsError: ECS has no room, or says another such reason.
        NotFoundError: it is not told how a task of the job is started.
        botocore's errors.
    """
    start, called = read_start(aws, job), run_name_for(name, execution_input)
    ecs, by = aws("ecs"), f"{BY_HAND}{execution_input.get('trigger', 'manual')}"
    try:
        answer = ecs.run_task(
            **start.parameters,
            cluster=start.cluster,
            taskDefinition=start.task_definition,
            count=1,
            startedBy=by[:_MOST_OF_STARTED_BY],
            clientToken=_token(job, name),
            overrides=overrides_of(job, start, called, execution_input, now=datetime.now(UTC)),
        )
    except ecs.exceptions.ConflictException as error:
        # Somebody has asked for it before, at another second.
        if known := error.response.get("resourceIds"):
            return known[0]
        raise
    if not answer["tasks"]:
        reasons = "; ".join(str(failure.get("reason")) for failure in answer["failures"]) or "it gave no reason"
        raise AwsError(f"ECS started no task of {job.name}: {reasons}")
    return answer["tasks"][0]["taskArn"]


def _token(job: DeployedJob, name: str) -> str:
    """What ECS knows a start again by: in a cluster, where jobs may have runs of the same name, of 64 characters."""
    return hashlib.sha256(f"{job.resource_name}/{name}".encode()).hexdigest()


def _variables(target: Mapping[str, Any]) -> dict[str, str]:
    given: Any = {}
    if "InputTransformer" in target:
        given = input_of(target, {})
    elif "Input" in target:
        given = json.loads(target["Input"])
    pairs = given["containerOverrides"][0]["environment"] if "containerOverrides" in given else ()
    return {pair["name"]: pair["value"] for pair in pairs}


def _lower(value: Any) -> Any:
    """Parameters of a target as RunTask calls them."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _lower(entry) for key, entry in value.items()}
    return [_lower(entry) for entry in value] if isinstance(value, list) else value
