"""The rule or the schedule that fires at a job's times, whatever it then starts."""

from collections.abc import Mapping
from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, scheduler

from components.trigger_delivery import TriggerDelivery


def create_rule(
    name: str, rule: Mapping[str, Any], *, tags: Mapping[str, str], opts: ResourceOptions
) -> cloudwatch.EventRule:
    """A rule that fires at times, as `rule` says (PutRule)."""
    return cloudwatch.EventRule(
        name,
        name=rule["Name"],
        description=rule["Description"],
        schedule_expression=rule["ScheduleExpression"],
        state=rule["State"],
        tags=tags,
        opts=opts,
    )


def create_schedule(
    name: str,
    schedule: Mapping[str, Any],
    *,
    delivery: TriggerDelivery,
    arn: Output[str],
    role_arn: Output[str],
    opts: ResourceOptions,
    ecs_parameters: Input[scheduler.ScheduleTargetEcsParametersArgs] | None = None,
) -> None:
    """A schedule with its target, as `schedule` says (CreateSchedule, but for the ARNs in it).

    Args:
        name: its name in the program.
        schedule: what it is.
        delivery: where a start goes that could not be delivered.
        arn: what it starts.
        role_arn: the role with which it does.
        opts: of the resource.
        ecs_parameters: how a task is started, where `arn` is a cluster.
    """
    target, window = schedule["Target"], schedule["FlexibleTimeWindow"]
    scheduler.Schedule(
        name,
        name=schedule["Name"],
        group_name=delivery.schedule_group_name,
        description=schedule["Description"],
        schedule_expression=schedule["ScheduleExpression"],
        schedule_expression_timezone=schedule["ScheduleExpressionTimezone"],
        flexible_time_window=scheduler.ScheduleFlexibleTimeWindowArgs(
            mode=window["Mode"], maximum_window_in_minutes=window.get("MaximumWindowInMinutes")
        ),
        state=schedule["State"],
        target=scheduler.ScheduleTargetArgs(
            arn=arn,
            role_arn=role_arn,
            input=target["Input"],
            ecs_parameters=ecs_parameters,
            dead_letter_config=scheduler.ScheduleTargetDeadLetterConfigArgs(arn=delivery.dead_letter_arn),
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=target["RetryPolicy"]["MaximumEventAgeInSeconds"],
                maximum_retry_attempts=target["RetryPolicy"]["MaximumRetryAttempts"],
            ),
        ),
        opts=opts,
    )
