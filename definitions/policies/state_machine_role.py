"""The role of a job's state machine: it runs what the job is, and watches and stops what it started.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
"""

from collections.abc import Sequence
from typing import Any

from definitions.lock import lock_key, time_key_prefix
from definitions.place import Place
from definitions.policies.run_rights import left_over_statements, rule_heard_by, run_statements
from definitions.policies.statements import Condition, allow, policy
from definitions.run_task import INPUT_FILE
from spec.job import JobSpec
from spec.step_containers import (
    buckets_listed_by,
    jobs_run_by,
    runs_distributed,
    takes_large_inputs,
    uses_results,
    writes_down_items,
)

_MANAGED_RULE_FOR_JOBS = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""The rule through which `states:startExecution.sync:2` hears that an execution has ended. Its name is AWS's."""

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
    passed_role_arns: Sequence[str],
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
        passed_role_arns: the execution roles and task roles of the task definitions; of what is no ECS task, none.
        lock_table_arn: the stack's lock table; None where no job of the stack needs one.
        results_bucket_arn: the stack's bucket for results; None where no job of the stack leaves any.
    """
    return policy(
        [
            *run_statements(job, place, cluster_arn=cluster_arn, passed_role_arns=passed_role_arns),
            *_heard_of(job, place),
            # Neither family of actions knows resources.
            # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
            allow("DeliverExecutionLog", _LOG_DELIVERY_ACTIONS, "*"),
            allow("Trace", _TRACE_ACTIONS, "*"),
            *_lock_statements(job, place, rivals, cluster_arn, lock_table_arn),
            *_result_statements(job, results_bucket_arn),
            *_step_statements(job, place),
        ]
    )


def _heard_of(job: JobSpec, place: Place) -> list[dict[str, Any]]:
    rules = [managed_rule] if (managed_rule := rule_heard_by(job)) else []
    rules += [_MANAGED_RULE_FOR_JOBS] if jobs_run_by(job) else []
    arns = [place.arn("events", f"rule/{rule}") for rule in rules]
    actions = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    return [allow("HearThatItStopped", actions, _one_or_more(arns))] if arns else []


def _lock_statements(
    job: JobSpec, place: Place, rivals: Sequence[str], cluster_arn: str, table_arn: str | None
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
        *left_over_statements(job, cluster_arn=cluster_arn),
    ]


def _result_statements(job: JobSpec, bucket_arn: str | None) -> list[dict[str, Any]]:
    if bucket_arn is None:
        return []
    results = f"{job.name}/*"
    put = allow("PutLargeInputs", ["s3:PutObject"], f"{bucket_arn}/{results}/{INPUT_FILE}")
    puts = [put] if takes_large_inputs(job) else []
    if puts and writes_down_items(job):
        # https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        actions = ["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        puts = [allow("WriteDownItems", actions, f"{bucket_arn}/{results}")]
    if not uses_results(job):
        return puts
    return [
        *puts,
        allow("ReadResults", ["s3:GetObject"], f"{bucket_arn}/{results}"),
        # Without it S3 does not say that an object is missing: it denies access.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        allow("HearThatOneIsMissing", ["s3:ListBucket"], bucket_arn, {"StringLike": {"s3:prefix": results}}),
    ]


def _step_statements(job: JobSpec, place: Place) -> list[dict[str, Any]]:
    """What a job needs for steps that run other jobs, and for those that run many times in executions of their own.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html and
    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    statements = []
    if jobs := jobs_run_by(job):
        machines = [place.state_machine_arn(name) for name in jobs]
        executions = [place.arn("states", f"execution:{place.name(name)}:*") for name in jobs]
        statements += [
            allow("RunOtherJobs", ["states:StartExecution"], _one_or_more(machines)),
            allow("WatchAndStopThem", ["states:DescribeExecution", "states:StopExecution"], _one_or_more(executions)),
        ]
    if runs_distributed(job):
        own = place.arn("states", f"execution:{place.name(job.name)}")
        statements += [
            allow("StartItsItems", ["states:StartExecution"], place.state_machine_arn(job.name)),
            allow("WatchItsItems", ["states:DescribeExecution", "states:StopExecution"], f"{own}:*"),
        ]
        # A map run that is redriven goes on with items that were not begun, which cannot know that the lock is lost.
        if not job.overlap.is_exclusive:
            statements.append(allow("RedriveItsItems", ["states:RedriveExecution"], f"{own}/*"))
    if buckets := buckets_listed_by(job):
        statements.append(allow("ListObjects", ["s3:ListBucket"], [f"arn:{place.partition}:s3:::{b}" for b in buckets]))
    return statements


def _one_or_more(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _of_items(*keys: str) -> Condition:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(keys)}}
