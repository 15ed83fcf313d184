"""ListTasks and DescribeTasks.

Wrong as shipped: filters that AWS refuses together are all applied, any page size and any token will do, a page begins
where its number says although tasks have gone meanwhile, and the end of a task's id is taken for the id.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.core.responses import json_response
from ministack.services import ecs

from sandbox.ecs_refusals import RefusedError, Request, Response, find_cluster, find_task, task_arn

_MAX_PAGE = 100
_MAX_DESCRIBED = 100
_PAGING = {"cluster", "maxResults", "nextToken"}
_VALUES = {
    "desiredStatus": ("RUNNING", "PENDING", "STOPPED"),
    "launchType": ("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"),
}


def list_tasks(request: Request, as_of: float) -> Response:
    """ListTasks, of the tasks as they were at `as_of` (epoch seconds). Raises RefusedError."""
    cluster = find_cluster(request)
    _check_filters(request)
    size = request.get("maxResults", _MAX_PAGE)
    if not 1 <= size <= _MAX_PAGE:
        raise RefusedError("InvalidParameterException", f"maxResults must be between 1 and {_MAX_PAGE}.")
    # In an order that never changes, or a task that goes would hide another from the next page.
    found = sorted(
        (task["createdAt"], arn)
        for arn, task in list(ecs._tasks.items())
        if task["clusterArn"] == cluster["clusterArn"] and _matches(task, request, as_of)
    )
    after = _position(request.get("nextToken"))
    rest = [place for place in found if after is None or place > after]
    token = {"nextToken": _token(rest[size - 1])} if len(rest) > size else {}
    return json_response({"taskArns": [arn for _created, arn in rest[:size]], **token})


def describe_tasks(request: Request) -> Response:
    """DescribeTasks. Raises RefusedError."""
    cluster = find_cluster(request)
    references = request.get("tasks") or []
    if not references:
        raise RefusedError("InvalidParameterException", "Tasks cannot be empty.")
    if len(references) > _MAX_DESCRIBED:
        raise RefusedError("InvalidParameterException", f"Tasks cannot have more than {_MAX_DESCRIBED} elements.")
    if set(request.get("include") or ()) - {"TAGS"}:
        raise RefusedError("InvalidParameterException", "include can only contain TAGS.")
    tasks, failures = [], []
    for reference in references:
        task = find_task(reference, cluster)
        if task is None:
            failures.append({"arn": task_arn(reference, cluster), "reason": "MISSING"})
            continue
        with resource_lock("ecs-task", task["taskArn"]):
            shown: dict[str, Any] = ecs._sanitize(task)  # type: ignore[assignment]
        if request.get("include"):
            shown["tags"] = ecs._tags.get(task["taskArn"], [])
        tasks.append(shown)
    return json_response({"tasks": tasks, "failures": failures})


def _check_filters(request: Request) -> None:
    filters = {name for name, value in request.items() if value is not None} - _PAGING
    # "When you specify startedBy as the filter, it must be the only filter that you use."
    if "startedBy" in filters and len(filters) > 1:
        raise RefusedError("InvalidParameterException", "cannot specify startedBy with other arguments")
    # https://github.com/boto/boto3/issues/874
    if "serviceName" in filters and filters & {"family", "containerInstance"}:
        raise RefusedError("InvalidParameterException", "cannot specify serviceName with other arguments")
    for name, known in _VALUES.items():
        if name in filters and request[name] not in known:
            raise RefusedError("InvalidParameterException", f"{name} must be one of {', '.join(known)}.")
    # The sandbox has neither.
    if "serviceName" in filters:
        raise RefusedError("ServiceNotFoundException", "Service not found.")
    if "containerInstance" in filters:
        raise RefusedError("InvalidParameterException", "Container instance not found.")


def _matches(task: dict[str, Any], request: Request, as_of: float) -> bool:
    if _epoch(task["createdAt"]) > as_of:
        return False
    stopping = task["desiredStatus"] == "STOPPED" and _epoch(task["stoppingAt"]) <= as_of
    family = task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]
    return (
        request.get("desiredStatus", "RUNNING") == ("STOPPED" if stopping else "RUNNING")
        and request.get("family", family) == family
        and request.get("startedBy", task["startedBy"]) == task["startedBy"]
        and request.get("launchType", task["launchType"]) == task["launchType"]
    )


def _epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _token(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(" ".join(place).encode()).decode()


def _position(token: str | None) -> tuple[str, str] | None:
    """Where the page before ended: when a task was created, and its ARN."""
    if token is None:
        return None
    try:
        created, arn = base64.b64decode(token, altchars=b"-_", validate=True).decode().split(" ")
    except (binascii.Error, ValueError):
        raise RefusedError("InvalidParameterException", "Invalid token.") from None
    return created, arn
