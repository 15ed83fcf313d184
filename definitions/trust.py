"""Who may assume a role, and on whose behalf: trust policies that hold against the confused deputy.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from typing import Any, Literal

from definitions.place import Place
from definitions.policies.statements import policy
from spec.run_on import RunOnSpec

Service = Literal["ecs-tasks", "states", "events", "scheduler"]


def trust_policy(service: Service, place: Place) -> dict[str, Any]:
    """Lets one AWS service assume a role, for this account and this stack only.

    Args:
        service: `ecs-tasks` (task roles and execution roles), `states` (a state machine's role), `events` (rules),
            `scheduler` (schedules).
        place: the stack.
    """
    return policy([_statement(service, place)])


def trigger_trust_policy(place: Place) -> dict[str, Any]:
    """Lets the stack's EventBridge rules and its schedules assume the one trigger role of the stack."""
    return policy([_statement("events", place), _statement("scheduler", place)])


def function_trust_policy() -> dict[str, Any]:
    """Lets Lambda assume the role of a function.

    Without a condition: AWS documents no key of the call that tells the function, and who may give a role to one is
    told by iam:PassRole. https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    return policy(
        [
            {
                "Sid": "Lambda",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    )


def pod_trust_policy(place: Place, run_on: RunOnSpec, service_account: str) -> dict[str, Any]:
    """Lets EKS Pod Identity assume a role for the pods of one service account in one cluster.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html

    Args:
        place: the stack.
        run_on: which cluster, and which namespace of it.
        service_account: its name there.
    """
    # The tags of a session: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    tags = {
        "eks-cluster-name": run_on.cluster,
        "kubernetes-namespace": run_on.namespace,
        "kubernetes-service-account": service_account,
    }
    own = {"aws:SourceAccount": place.account, **{f"aws:RequestTag/{key}": value for key, value in tags.items()}}
    return policy(
        [
            {
                "Sid": "EksPods",
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {"StringEquals": own},
            }
        ]
    )


def _statement(service: Service, place: Place) -> dict[str, Any]:
    source_arns = {
        # ECS gives the task's ARN, which is unknown before it runs.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        "ecs-tasks": place.arn("ecs", "*"),
        "states": place.state_machine_arn_pattern,
        "events": place.rule_arn_pattern,
        # Scheduler gives the group's ARN, not the schedule's.
        # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
        "scheduler": place.schedule_group_arn,
    }
    return {
        "Sid": "".join(part.capitalize() for part in service.split("-")),
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": source_arns[service]},
        },
    }
