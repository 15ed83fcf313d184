"""What whoever starts a job's ECS tasks needs for it.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
"""

from collections.abc import Sequence
from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow


def task_start_statements(
    family_arn: str, place: Place, *, cluster_arn: str, passed_role_arns: Sequence[str]
) -> list[dict[str, Any]]:
    """Starting them, tagging them, giving them their roles.

    Args:
        family_arn: matches the revisions of their task definitions.
        place: the stack.
        cluster_arn: the only cluster on which they may run.
        passed_role_arns: the execution roles and task roles of the task definitions.
    """
    return [
        # Every revision: a run in flight starts its retries from the revision it began with.
        allow("RunTheJob", ["ecs:RunTask"], family_arn, {"ArnEquals": {"ecs:cluster": cluster_arn}}),
        # RunTask copies the task definition's tags to the task.
        allow(
            "TagIt",
            ["ecs:TagResource"],
            tasks_of_cluster(place, cluster_arn),
            {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        ),
        allow(
            "GiveItItsRoles",
            ["iam:PassRole"],
            sorted(set(passed_role_arns)),
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
    ]


def tasks_of_cluster(place: Place, cluster_arn: str) -> str:
    """Matches the tasks of a cluster."""
    return place.arn("ecs", f"task/{cluster_arn.rpartition('/')[2]}/*")
