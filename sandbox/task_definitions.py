"""What RegisterTaskDefinition refuses on Fargate and on EC2, and what the sandbox could not honour.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

MIB_PER_CPU: Mapping[int, range | tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_EC2_CPU_UNITS = (128, 196_608)
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (cpu)"""
_LEAST_MEMORY_MIB = 6
"""What Docker reserves for a container at least: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""
_NETWORK_MODES = ("awsvpc", "bridge", "host", "none")
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NOT_SIMULATED = ("volumes", "proxyConfiguration", "inferenceAccelerators")
_CONTAINER_NOT_SIMULATED = ("mountPoints", "volumesFrom", "dependsOn", "firelensConfiguration", "repositoryCredentials")


def definition_problem(request: Mapping[str, Any]) -> str | None:
    """The message with which a RegisterTaskDefinition request is refused (ClientException); None if it is accepted."""
    return next(_problems(request), None)


def compatibilities(request: Mapping[str, Any]) -> list[str]:
    """What an accepted task definition could run on, as ECS says it; what it was made for is another field."""
    return ["EC2", "FARGATE"] if "FARGATE" in request["requiresCompatibilities"] else ["EC2"]


def size_of(field: str, text: Any) -> int | None:
    """`cpu` in units or `memory` in MiB, of `512`, `"512"`, `".5 vCPU"` or `"1 GB"`; None if it is none of them."""
    return _whole_number(text, {"vcpu": 1024} if field == "cpu" else {"gb": 1024})


def _problems(request: Mapping[str, Any]) -> Iterator[str]:
    family = request.get("family") or ""
    if not _FAMILY.fullmatch(family):
        yield "Family should be 1-255 characters: letters, numbers, hyphens and underscores."
    launch_types = request.get("requiresCompatibilities") or ()
    if not launch_types or set(launch_types) - {"EC2", "FARGATE"}:
        yield "The sandbox runs tasks on Fargate and EC2 only: requiresCompatibilities must contain FARGATE or EC2."
    on_fargate = "FARGATE" in launch_types
    if on_fargate and request.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode 'awsvpc'."
    if request.get("networkMode") not in (None, *_NETWORK_MODES):
        yield f"networkMode must be one of {', '.join(_NETWORK_MODES)}."
    yield from _fargate_size_problems(request) if on_fargate else _ec2_size_problems(request)
    role_arn = request.get("executionRoleArn")
    containers = request.get("containerDefinitions") or ()
    names = [container.get("name") for container in containers]
    if len(set(names)) < len(names):
        yield "Container.name contains duplicate names."
    if containers and not any(container.get("essential", True) for container in containers):
        yield "At least one container must be marked as essential."
    for field in _NOT_SIMULATED:
        if request.get(field):
            yield f"The sandbox does not simulate {field}."
    for container in containers:
        yield from _container_problems(container, role_arn, on_fargate)


def _fargate_size_problems(request: Mapping[str, Any]) -> Iterator[str]:
    sizes = {}
    for field in ("cpu", "memory"):
        text = request.get(field)
        if not text:
            yield f"Fargate requires that '{field}' be defined at the task level."
        sizes[field] = size_of(field, text)
        if sizes[field] is None:
            yield f"Invalid '{field}' setting for task."
    if sizes["memory"] not in MIB_PER_CPU.get(sizes["cpu"] or 0, ()):
        yield f"No Fargate configuration exists for given values: {sizes['cpu']} CPU, {sizes['memory']} memory."
    storage = request.get("ephemeralStorage")
    if storage is not None and not 21 <= storage.get("sizeInGiB", 0) <= 200:
        yield "Ephemeral storage size must be between 21 and 200 GiB."


def _ec2_size_problems(request: Mapping[str, Any]) -> Iterator[str]:
    for field, least, most in (("cpu", *_EC2_CPU_UNITS), ("memory", _LEAST_MEMORY_MIB, None)):
        text = request.get(field)
        size = size_of(field, text)
        if text and (size is None or size < least or (most is not None and size > most)):
            yield f"Invalid '{field}' setting for task."
    for container in request.get("containerDefinitions") or ():
        if not (request.get("memory") or container.get("memory") or container.get("memoryReservation")):
            yield "Invalid setting for container. At least one of 'memory' or 'memoryReservation' must be specified."
    if request.get("ephemeralStorage") is not None:
        yield "Ephemeral storage is only supported on Fargate."


def _container_problems(container: Mapping[str, Any], role_arn: str | None, on_fargate: bool) -> Iterator[str]:
    if on_fargate and not role_arn and ".dkr.ecr." in container.get("image", ""):
        yield "Fargate requires task definition to have execution role ARN to support ECR images."
    if not role_arn and container.get("secrets"):
        yield "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
    stop_timeout = container.get("stopTimeout")
    if on_fargate and stop_timeout is not None and not 2 <= stop_timeout <= 120:
        yield "Container.stopTimeout must be between 2 and 120 seconds on Fargate."
    names = [item.get("name") for item in (*container.get("environment", ()), *container.get("secrets", ()))]
    for item in container.get("secrets", ()):
        if names.count(item.get("name")) > 1:
            yield f"The secret name must be unique, also among the environment variables: {item.get('name')}"
    for field in _CONTAINER_NOT_SIMULATED:
        if container.get(field):
            yield f"The sandbox does not simulate {field}."
    yield from _log_problems(container.get("logConfiguration"), role_arn, on_fargate)


def _log_problems(logs: Mapping[str, Any] | None, role_arn: str | None, on_fargate: bool) -> Iterator[str]:
    if logs is None:
        return
    if logs.get("logDriver") != "awslogs":
        yield f"The sandbox has the log driver awslogs only, not {logs.get('logDriver')}."
        return
    options = logs.get("options") or {}
    for option in ("awslogs-group", "awslogs-region"):
        if not options.get(option):
            yield f"Log driver awslogs requires options: {option}"
    if not options.get("awslogs-stream-prefix"):
        launch_type = "When launch type is Fargate" if on_fargate else "In the sandbox"
        yield f"{launch_type}, log driver awslogs requires options: awslogs-stream-prefix"
    if options.get("awslogs-create-group") == "true" or options.get("awslogs-multiline-pattern"):
        yield "The sandbox does not simulate awslogs-create-group and awslogs-multiline-pattern."
    # On EC2 an instance's own role would do, and its streams have names of Docker's: neither is here.
    if not role_arn:
        launch_type = "Fargate" if on_fargate else "The sandbox"
        yield f"{launch_type} requires task definition to have execution role ARN to support log driver awslogs."


def _whole_number(text: Any, units: Mapping[str, int]) -> int | None:
    """`512`, `"512"`, `".5 vCPU"` or `"1 GB"` as a number of the small unit; None if it is neither."""
    match = re.fullmatch(r"\s*(\d+|\d*\.\d+)\s*([A-Za-z]*)\s*", str(text or ""))
    if match is None:
        return None
    number, unit = float(match[1]), match[2].lower()
    if unit and unit not in units:
        return None
    size = number * units[unit] if unit else number
    return int(size) if size.is_integer() else None
