"""What starts a job that has no state machine: a rule or a schedule that has ECS run the job's task itself.

How such a job and its runs are found:

- The rule or schedule and the task definition's family are called `<project>-<stack>-<job>`, as those of other jobs.
- The tags `longhaul:stack`, `longhaul:job` and `longhaul:runOn: task` are on the task definition, the log group and the
  rule. A schedule has no tags.
- A run is one ECS task, and called by the task's id. Its group is what ECS gives it where nobody names one,
  `family:<project>-<stack>-<job>`: no task of a state machine has one like it, whose group is the execution's name, and
  a name of an execution has no colon. Whoever starts one by hand names no group either.
  https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
- `startedBy` says what started it, cut off at 36 characters as AWS does it: `events-rule/<rule>`,
  `chronos-schedule/<schedule>`, or `longhaul/...` by hand.
- The task's overrides, in every event and in DescribeTasks, hold the variables that it was given, the scheduled time
  and the input among them. `LONGHAUL_EXECUTION` is the id of the event that started it, or Scheduler's execution id.
- What becomes of it is in the stack's ledger: see task_changes.py.
"""

from typing import Any

from definitions.place import Place
from definitions.run_task import RunTarget
from definitions.trigger import retry_policy
from spec.job import JobSpec
from spec.task_overrides import task_overrides

TARGET_ID = "task"
"""What the one target of each rule that starts a task is called."""


def rule_target(
    job: JobSpec, place: Place, target: RunTarget, *, role_arn: str, dead_letter_arn: str
) -> dict[str, Any]:
    """The one target of a job's rule, as PutTargets takes it.

    What the transformer makes of the event is what RunTask gets as `overrides`.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EcsParameters.html

    Args:
        job: the job.
        place: its stack.
        target: where its task runs.
        role_arn: the role that starts it.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return {
        "Id": TARGET_ID,
        "Arn": target.cluster_arn,
        "RoleArn": role_arn,
        "EcsParameters": ecs_parameters(job, target),
        "InputTransformer": {
            "InputPathsMap": {"event": "$.id", "time": "$.time"},
            # Placeholders outside quotes: EventBridge puts its own around a text.
            "InputTemplate": task_overrides(job, place.stack, run="<event>", time="<time>"),
        },
        "RetryPolicy": retry_policy(job),
        "DeadLetterConfig": {"Arn": dead_letter_arn},
    }


def schedule_target(
    job: JobSpec, place: Place, target: RunTarget, *, role_arn: str, dead_letter_arn: str
) -> dict[str, Any]:
    """The target of a job's schedule, as CreateSchedule takes it; with the arguments of `rule_target`.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
    """
    return {
        "Arn": target.cluster_arn,
        "RoleArn": role_arn,
        "EcsParameters": ecs_parameters(job, target),
        "Input": task_overrides(
            job, place.stack, run='"<aws.scheduler.execution-id>"', time='"<aws.scheduler.scheduled-time>"'
        ),
        "RetryPolicy": retry_policy(job),
        "DeadLetterConfig": {"Arn": dead_letter_arn},
    }


def ecs_parameters(job: JobSpec, target: RunTarget) -> dict[str, Any]:
    """How RunTask is called, which both services say in the same words."""
    # A launch type where it says the same: a public IP, says the page above, is for the launch type FARGATE only.
    capacity: dict[str, Any] = {"LaunchType": "FARGATE"}
    if job.capacity.spot:
        capacity = {"CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
    return {
        "TaskDefinitionArn": target.what_runs,
        "TaskCount": 1,
        **capacity,
        "PlatformVersion": "LATEST",
        "NetworkConfiguration": {
            "awsvpcConfiguration": {
                "Subnets": list(target.subnet_ids),
                "SecurityGroups": list(target.security_group_ids),
                "AssignPublicIp": "ENABLED" if target.assign_public_ip else "DISABLED",
            }
        },
        "PropagateTags": "TASK_DEFINITION",
        "EnableExecuteCommand": False,
    }
