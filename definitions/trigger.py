"""What starts a job on time: an EventBridge rule with its target, or an EventBridge Scheduler schedule.

Both start the job's state machine with the same input, give up after `startDeadline`, and keep what could not be
started in the stack's dead-letter queue. The input is

    {"trigger": "schedule", "scheduledTime": "2026-11-24T03:15:00Z", "input": the job's}

where `trigger` tells these starts, of which a time needs one, from those by hand, of which each is meant.
"""

from typing import Any

from definitions.place import Place
from spec.job import JobSpec
from spec.start_input import start_input

MAXIMUM_RETRY_ATTEMPTS = 185
"""The most that both services allow, so that the deadline alone decides when a start is given up."""

TARGET_ID = "state-machine"
"""What the one target of each rule that starts a job is called."""


def rule(job: JobSpec, place: Place) -> dict[str, Any]:
    """The request of EventBridge's PutRule, for a job with a `cron` or `rate` schedule in UTC.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    """
    return {
        "Name": place.name(job.name),
        "ScheduleExpression": job.schedule,
        "State": _state(job),
        "Description": _description(job, place),
    }


def rule_target(job: JobSpec, place: Place, *, role_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The one target of a job's rule, as PutTargets takes it.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html

    Args:
        job: the job.
        place: its stack.
        role_arn: the stack's trigger role.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return {
        "Id": TARGET_ID,
        "Arn": place.state_machine_arn(job.name),
        "RoleArn": role_arn,
        "InputTransformer": {
            "InputPathsMap": {"time": "$.time"},
            # A placeholder outside quotes: EventBridge puts its own around a text.
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
            "InputTemplate": start_input(job, "<time>"),
        },
        "RetryPolicy": retry_policy(job),
        "DeadLetterConfig": {"Arn": dead_letter_arn},
    }


def schedule(job: JobSpec, place: Place, *, role_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The request of EventBridge Scheduler's CreateSchedule, for a job that needs what a rule lacks.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html

    Args:
        job: the job.
        place: its stack.
        role_arn: the stack's trigger role.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return schedule_of(
        job,
        place,
        {
            "Arn": place.state_machine_arn(job.name),
            "RoleArn": role_arn,
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
            "Input": start_input(job, '"<aws.scheduler.scheduled-time>"'),
            "RetryPolicy": retry_policy(job),
            "DeadLetterConfig": {"Arn": dead_letter_arn},
        },
    )


def schedule_of(job: JobSpec, place: Place, target: dict[str, Any]) -> dict[str, Any]:
    """The request of CreateSchedule for a job whose schedule has this target."""
    window: dict[str, Any] = {"Mode": "OFF"}
    if job.flexible_window_minutes is not None:
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": job.flexible_window_minutes}
    return {
        "Name": place.name(job.name),
        "GroupName": place.schedule_group_name,
        "ScheduleExpression": job.schedule,
        "ScheduleExpressionTimezone": job.timezone or "UTC",
        "FlexibleTimeWindow": window,
        "State": _state(job),
        "Description": _description(job, place),
        "Target": target,
    }


def retry_policy(job: JobSpec) -> dict[str, int]:
    """How long a start is tried again: until the job's deadline."""
    return {
        "MaximumEventAgeInSeconds": job.start_deadline_seconds,
        "MaximumRetryAttempts": MAXIMUM_RETRY_ATTEMPTS,
    }


def _state(job: JobSpec) -> str:
    return "ENABLED" if job.enabled else "DISABLED"


def _description(job: JobSpec, place: Place) -> str:
    # Both services take at most 512 characters.
    starts = f"Starts {job.name} ({place.stack})"
    return f"{starts}: {job.description}"[:512] if job.description else starts
