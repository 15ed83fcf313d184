"""The role of a job's state machine: it runs one task family on one cluster, and watches and stops what it started.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
"""

from collections.abc import Sequence
from typing import Any

from definitions.lock import lock_key, time_key_prefix
from definitions.place import Place
from definitions.policies.statements import Condition, allow, policy
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
    job: JobSpec,
    place: Place,
    *,
    rivals: Sequence[str],
    cluster_arn: str,
    execution_role_arn: str,
    task_role_arn: str,
    lock_table_arn: str | None,
    results_bucket_arn: str | None,
) -> dict[str, Any]:
    """The policy of the role that a job's executions have.

    It must exist before the machine: CreateStateMachine checks that the role may use the managed rule.

    Args:
        job: the job.
        place: its stack.
        rivals: the names of the jobs, itself among them, that do not overlap with it.
        cluster_arn: the only cluster on which the job may run.
        execution_role_arn: the task definition's execution role.
        task_role_arn: the task definition's task role.
        lock_table_arn: the stack's lock table; None where no job of the stack needs one.
        results_bucket_arn: the stack's bucket for results; None where no job of the stack leaves any.
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
            *_lock_statements(job, place, rivals, on_cluster, lock_table_arn),
            *_result_statements(job, results_bucket_arn),
        ]
    )


def _lock_statements(
    job: JobSpec, place: Place, rivals: Sequence[str], on_cluster: Condition, table_arn: str | None
) -> list[dict[str, Any]]:
    """What a job needs that does not overlap, or starts once for each scheduled time."""
    if table_arn is None or not job.overlap.needs_table:
        return []
    times = f"{time_key_prefix(job)}*"
    if not job.overlap.is_exclusive:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        return [allow("NoteTheTime", ["dynamodb:PutItem"], table_arn, _of_items(times))]
    executions = sorted(place.arn("states", f"execution:{place.name(rival)}:*") for rival in rivals)
    asking = ["states:DescribeExecution"]
    if job.overlap.policy == "replace":
        asking.append("states:StopExecution")
    return [
        # A transaction needs the rights of the writes in it.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        allow("HoldTheLock", ["dynamodb:UpdateItem"], table_arn, _of_items(lock_key(job))),
        allow("LookAtTheLock", ["dynamodb:BatchGetItem"], table_arn, _of_items(lock_key(job), times)),
        allow("NoteTheTime", ["dynamodb:PutItem"], table_arn, _of_items(times)),
        allow("AskAfterTheHolder", asking, executions),
        # Lists have no resource but the cluster that they are asked of.
        allow("LookForItsTasks", ["ecs:ListTasks"], "*", on_cluster),
    ]


def _result_statements(job: JobSpec, bucket_arn: str | None) -> list[dict[str, Any]]:
    if not job.results or bucket_arn is None:
        return []
    results = f"{job.name}/*"
    return [
        allow("ReadResults", ["s3:GetObject"], f"{bucket_arn}/{results}"),
        # Without it S3 does not say that an object is missing: it denies access.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        allow("HearThatOneIsMissing", ["s3:ListBucket"], bucket_arn, {"StringLike": {"s3:prefix": results}}),
    ]


def _of_items(*keys: str) -> Condition:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
