"""The role of a job's state machine: it runs one task family on one cluster, and watches and stops what it started.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
"""

from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow, policy
from spec.job import JobSpec

_MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"
"""The rule through which `ecs:runTask.sync` hears that a task has stopped. AWS owns it and its name is fixed."""

_LOG_DELIVERY_ACTIONS = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
_TRACE_ACTIONS = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


def state_machine_role_policy(
    job: JobSpec, place: Place, *, cluster_arn: str, execution_role_arn: str, task_role_arn: str
) -> dict[str, Any]:
    """The policy of the role that a job's executions have.

    It must exist before the machine: CreateStateMachine checks that the role may use the managed rule.

    Args:
        job: the job.
        place: its stack.
        cluster_arn: the only cluster on which the job may run.
        execution_role_arn: the task definition's execution role.
        task_role_arn: the task definition's task role.
    """
    tasks_of_cluster = place.arn("ecs", f"task/{cluster_arn.rpartition('/')[2]}/*")
    on_cluster = {"ArnEquals": {"ecs:cluster": cluster_arn}}
    return policy(
        [
            # Every revision: a run in flight starts its retries from the revision it began with.
            allow("RunTheJob", ["ecs:RunTask"], place.task_family_arn(job.name), on_cluster),
            # Without StopTask an execution that is aborted or timed out leaves its task running, at its price.
            allow("WatchAndStopIt", ["ecs:DescribeTasks", "ecs:StopTask"], tasks_of_cluster, on_cluster),
            # RunTask copies the task definition's tags to the task.
            allow(
                "TagIt",
                ["ecs:TagResource"],
                tasks_of_cluster,
                {"StringEquals": {"ecs:CreateAction": "RunTask"}},
            ),
            allow(
                "HearThatItStopped",
                ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                place.arn("events", f"rule/{_MANAGED_RULE}"),
            ),
            allow(
                "GiveItItsRoles",
                ["iam:PassRole"],
                sorted({execution_role_arn, task_role_arn}),
                {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            ),
            # Neither family of actions knows resources.
            # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
            allow("DeliverExecutionLog", _LOG_DELIVERY_ACTIONS, "*"),
            allow("Trace", _TRACE_ACTIONS, "*"),
        ]
    )
