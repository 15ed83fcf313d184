"""The calls of ECS that start, stop and show tasks, in the place of MiniStack's.

Wrong as shipped: any task definition is accepted, an unknown cluster is created on the spot, subnets and roles are not
looked at, any capacity provider will do and has room for all, StopTask answers STOPPED before anything has stopped, and
without Docker nothing runs although it says so.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack.core.concurrency import resource_lock
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import ec2, ecs

from sandbox import ecs_clusters, ecs_reads, permissions, task_placement
from sandbox.ecs_refusals import RefusedError, Request, Response, find_cluster, find_task
from sandbox.faults import RunTaskAnswer
from sandbox.run_task_tokens import RunTaskTokens
from sandbox.task_definitions import compatibilities, definition_problem
from sandbox.task_placement import Capacity, Room
from sandbox.task_start import task_roles
from sandbox.task_stop import Stop, mark_stopping

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_MAX_OVERRIDES_CHARACTERS = 8192
_MAX_COUNT = 10
# AWS promises an hour: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_STOPPED_TASKS_ARE_SHOWN_SECONDS = 3600
_MISSING_NETWORK = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkConfiguration.html
_SEVERAL_NETWORKS = "All specified subnets and security groups must be from the same VPC."
_NETWORK_NOT_VALID = "Network Configuration is not valid for the given networkMode of this task definition."
_NO_PUBLIC_IP = "Assign public IP is not supported for this launch type."
_register_as_shipped = ecs._register_task_definition


class EcsApi:
    """Handlers for the actions in `handlers`; each takes a request and gives MiniStack's form of a response."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._tokens = RunTaskTokens(aws.clock.now)

    @property
    def handlers(self) -> dict[str, Callable[[Request], Response]]:
        """By the name of the action."""
        return {
            "RegisterTaskDefinition": self._answered(self._register_task_definition),
            "RunTask": self._answered(lambda request: self._tokens.once(request, self._run_task)),
            "StopTask": self._answered(self._stop_task),
            "DescribeTasks": self._answered(ecs_reads.describe_tasks),
            "ListTasks": self._answered(self._list_tasks),
            "PutClusterCapacityProviders": self._answered(ecs_clusters.put_capacity_providers),
            "ListContainerInstances": self._answered(self._list_container_instances),
            "DescribeContainerInstances": self._answered(self._describe_container_instances),
        } | dict.fromkeys(("CreateService", "UpdateService", "ExecuteCommand"), _not_simulated)

    def _answered(self, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            self._forget_stopped_tasks()
            try:
                return handler(request)
            except RefusedError as refused:
                return refused.response

        return answer

    def _forget_stopped_tasks(self) -> None:
        for arn in self._aws.tasks.forget_stopped(self._aws.clock.now() - _STOPPED_TASKS_ARE_SHOWN_SECONDS):
            ecs._tasks.pop(arn, None)
            ecs._tags.pop(arn, None)

    def _register_task_definition(self, request: Request) -> Response:
        problem = definition_problem(request)
        if problem is not None:
            raise RefusedError("ClientException", problem)
        _check_roles_passed(task_roles({}, request))
        status, headers, body = _register_as_shipped(request)
        if status == 200:
            arn = json.loads(body)["taskDefinition"]["taskDefinitionArn"]
            definition = ecs._task_defs[ecs._resolve_td_key(arn)]
            # AWS leaves out what was not given.
            for name in [name for name, value in definition.items() if value in ("", None)]:
                del definition[name]
            definition["compatibilities"] = compatibilities(request)
            return json_response({"taskDefinition": definition, "tags": request.get("tags", [])})
        return status, headers, body

    def _run_task(self, request: Request) -> Response:
        cluster = find_cluster(request)
        definition = _active_definition(request)
        overrides = _overrides(request, definition)
        capacity = task_placement.capacity(request, cluster, definition)
        subnets = _subnets(request, definition, capacity)
        if not 1 <= request.get("count", 1) <= _MAX_COUNT:
            raise RefusedError("InvalidParameterException", f"Count must be between 1 and {_MAX_COUNT}.")
        tags = _tags(request, definition)
        name = cluster["clusterName"]
        if tags:
            task_pattern = f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{name}/*"
            _require("ecs:TagResource", task_pattern, {"ecs:CreateAction": "RunTask"})
        roles = task_roles(overrides, definition)
        _check_roles_passed(roles)
        need = task_placement.need(request, definition, overrides) if capacity.on_ec2 else None
        fault = self._aws.faults.run_task(definition["family"], capacity.provider, subnets)
        if fault is not None:
            return _faulty(fault)
        started, failures = [], []
        for _ in range(request.get("count", 1)):
            arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{name}/{uuid.uuid4().hex}"
            self._check_roles_trust_tasks(roles, arn)
            task = _task_record(arn, request, cluster, definition, overrides, capacity, subnets)
            room = None
            if need is not None and capacity.provider is not None:
                room = Room(instances=self._aws.container_instances, provider=capacity.provider, need=need)
                missing = room.take(task)
                if missing:
                    failures += missing
                    continue
            ecs._tasks[arn] = task
            if tags:
                ecs._tags[arn] = tags
            started.append(ecs._sanitize(task) | {"tags": tags})
            self._aws.tasks.start(task, copy.deepcopy(definition), room)
        return json_response({"tasks": started, "failures": failures})

    def _stop_task(self, request: Request) -> Response:
        cluster = find_cluster(request)
        task = find_task(request.get("task", ""), cluster)
        if task is None:
            raise RefusedError("InvalidParameterException", "The referenced task was not found.")
        stop = Stop(code="UserInitiated", reason=request.get("reason", "Task stopped by user"))
        with resource_lock("ecs-task", task["taskArn"]):
            if task["lastStatus"] != "STOPPED":
                mark_stopping(task, stop)
            answer = ecs._sanitize(task)
        self._aws.tasks.stop(task["taskArn"], stop)
        return json_response({"task": answer})

    def _list_tasks(self, request: Request) -> Response:
        return ecs_reads.list_tasks(request, self._aws.stale_reads.as_of())

    def _list_container_instances(self, request: Request) -> Response:
        return ecs_clusters.list_container_instances(request, self._aws.container_instances)

    def _describe_container_instances(self, request: Request) -> Response:
        return ecs_clusters.describe_container_instances(request, self._aws.container_instances)

    def _check_roles_trust_tasks(self, roles: tuple[str, str], task_arn: str) -> None:
        for role in filter(None, roles):
            if not self._aws.identity.trusts(role, "ecs-tasks.amazonaws.com", source_arn=task_arn):
                raise RefusedError(
                    "ClientException",
                    f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that "
                    "the role being passed has the proper trust relationship and permissions and that your IAM user "
                    "has permissions to pass this role.",
                )


def _not_simulated(_request: Request) -> Response:
    message = "The sandbox runs tasks only: it has no services and no commands in running containers."
    return error_response_json("UnsupportedFeatureException", message, 400)


def _faulty(answer: RunTaskAnswer) -> Response:
    if answer.error_code:
        return error_response_json(answer.error_code, answer.message, 400)
    return json_response({"tasks": [], "failures": [{"reason": answer.message}]})


def _active_definition(request: Request) -> dict[str, Any]:
    definition = ecs._task_defs.get(permissions.definition_key(request.get("taskDefinition", "")))
    if definition is None:
        raise RefusedError("ClientException", "TaskDefinition not found.")
    if definition["status"] != "ACTIVE":
        raise RefusedError("InvalidParameterException", "TaskDefinition is inactive")
    return definition


def _overrides(request: Request, definition: dict[str, Any]) -> dict[str, Any]:
    overrides = copy.deepcopy(request.get("overrides") or {})
    if len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False)) > _MAX_OVERRIDES_CHARACTERS:
        message = f"Container Overrides length must be at most {_MAX_OVERRIDES_CHARACTERS}"
        raise RefusedError("InvalidParameterException", message)
    names = {container["name"] for container in definition["containerDefinitions"]}
    for override in overrides.get("containerOverrides", []):
        if override.get("name") not in names:
            message = f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            raise RefusedError("InvalidParameterException", message)
    return {"containerOverrides": [], "inferenceAcceleratorOverrides": []} | overrides


def _subnets(request: Request, definition: dict[str, Any], capacity: Capacity) -> list[str]:
    """The subnets that a request names, when all that it names exist; the task goes into the first."""
    network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.get("networkMode") != "awsvpc":
        if network:
            raise RefusedError("InvalidParameterException", _NETWORK_NOT_VALID)
        return []
    if not network:
        raise RefusedError("InvalidParameterException", _MISSING_NETWORK)
    if capacity.on_ec2 and network.get("assignPublicIp") == "ENABLED":
        raise RefusedError("InvalidParameterException", _NO_PUBLIC_IP)
    subnets, groups = network.get("subnets") or [], network.get("securityGroups") or []
    if not subnets:
        raise RefusedError("InvalidParameterException", "subnets can not be empty.")
    for field, ids, most in (("subnets", subnets, 16), ("securityGroups", groups, 5)):
        if len(ids) > most:
            raise RefusedError("InvalidParameterException", f"{field} can have at most {most} items.")
    found = [
        *_found("subnet", "subnet ID", "InvalidSubnetID.NotFound", subnets, ec2._subnets),
        *_found("security group", "security group", "InvalidGroup.NotFound", groups, ec2._security_groups),
    ]
    if len({resource["VpcId"] for resource in found}) > 1:
        raise RefusedError("InvalidParameterException", _SEVERAL_NETWORKS)
    return subnets


def _found(what: str, name: str, code: str, ids: list[str], known: Any) -> list[dict[str, Any]]:
    for missing in [each for each in ids if each not in known]:
        raise RefusedError(
            "InvalidParameterException",
            f"Error retrieving {what} information for [{', '.join(ids)}]: The {name} '{missing}' does not exist "
            f"(ErrorCode: {code})",
        )
    return [known[each] for each in ids]


def _tags(request: Request, definition: dict[str, Any]) -> list[dict[str, str]]:
    tags = {tag["key"]: tag for tag in request.get("tags", ())}
    if request.get("propagateTags") == "TASK_DEFINITION":
        inherited = ecs._tags.get(definition["taskDefinitionArn"], ())
        tags = {tag["key"]: tag for tag in inherited} | tags
    return list(tags.values())


def _check_roles_passed(roles: tuple[str, str]) -> None:
    for role in filter(None, roles):
        _require("iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})


def _require(action: str, resource: str, context: dict[str, str]) -> None:
    denial = permissions.caller_denial(action, resource, context)
    if denial is not None:
        raise RefusedError("AccessDeniedException", denial)


def _task_record(
    arn: str,
    request: Request,
    cluster: dict[str, Any],
    definition: dict[str, Any],
    overrides: dict[str, Any],
    capacity: Capacity,
    subnets: list[str],
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html"""
    containers = ecs._build_task_containers(definition, overrides["containerOverrides"])
    for container in containers:
        container.update(taskArn=arn, lastStatus="PENDING", runtimeId=None, reason=None)
    now = ecs._iso()
    task: dict[str, Any] = {
        "taskArn": arn,
        "clusterArn": cluster["clusterArn"],
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "overrides": overrides,
        "lastStatus": "PROVISIONING",
        "desiredStatus": "RUNNING",
        "launchType": capacity.launch_type,
        "capacityProviderName": capacity.provider,
        "cpu": overrides.get("cpu") or definition.get("cpu"),
        "memory": overrides.get("memory") or definition.get("memory"),
        "connectivity": "CONNECTED",
        "connectivityAt": now,
        "createdAt": now,
        "group": request.get("group") or f"family:{definition['family']}",
        "startedBy": request.get("startedBy"),
        "version": 1,
        "containers": containers,
        "attachments": [],
        "enableExecuteCommand": request.get("enableExecuteCommand", False),
        "healthStatus": "UNKNOWN",
        "tags": [],
    }
    if subnets:
        interface = {
            "id": str(uuid.uuid4()),
            "type": "ElasticNetworkInterface",
            "status": "ATTACHED",
            "details": [{"name": "subnetId", "value": subnets[0]}],
        }
        task |= {"attachments": [interface], "availabilityZone": ec2._subnets[subnets[0]]["AvailabilityZone"]}
    if not capacity.on_ec2:
        storage = overrides.get("ephemeralStorage") or definition.get("ephemeralStorage", {"sizeInGiB": 20})
        task |= {"platformVersion": "1.4.0", "platformFamily": "Linux", "ephemeralStorage": storage}
    return task
