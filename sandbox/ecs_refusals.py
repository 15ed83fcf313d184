"""What the calls of ECS have in common: how they refuse, and how they find a cluster and a task."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import ecs

Request = dict[str, Any]
Response = tuple[int, dict[str, Any], bytes]


class RefusedError(Exception):
    """A call that ECS refuses, with the error's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response = error_response_json(code, message, 400)


def find_cluster(request: Request) -> dict[str, Any]:
    """MiniStack's record of a request's cluster; raises RefusedError if there is none that is active."""
    cluster = ecs._clusters.get(ecs._resolve_cluster_name(request.get("cluster") or "default"))
    if cluster is None or cluster["status"] != "ACTIVE":
        raise RefusedError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def task_arn(reference: str, cluster: dict[str, Any]) -> str:
    """The ARN that a reference, an ARN or an id, has in a cluster."""
    if reference.startswith("arn:"):
        return reference
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{cluster['clusterName']}/{reference}"


def find_task(reference: str, cluster: dict[str, Any]) -> dict[str, Any] | None:
    """MiniStack's record of a task of a cluster, by ARN or id; None if there is none."""
    task = ecs._tasks.get(task_arn(reference, cluster))
    return task if task is not None and task["clusterArn"] == cluster["clusterArn"] else None
