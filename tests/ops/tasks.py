"""The ECS tasks of a run, as ECS itself tells of them."""

from __future__ import annotations

import json
from typing import Any

from tests.ops.operated import Operated


def tasks(operated: Operated, execution_arn: str) -> list[dict[str, Any]]:
    """DescribeTasks of every task that the run submitted, oldest first."""
    submitted = [
        json.loads(event["taskSubmittedEventDetails"]["output"])["Tasks"][0]
        for event in operated.events(execution_arn)
        if event["type"] == "TaskSubmitted" and event["taskSubmittedEventDetails"]["resource"] == "runTask.sync"
    ]
    ecs = operated.local_aws.client("ecs")
    return [ecs.describe_tasks(cluster=task["ClusterArn"], tasks=[task["TaskArn"]])["tasks"][0] for task in submitted]
