"""What starts a job at its times: an EventBridge rule, or a schedule of EventBridge Scheduler."""

from collections.abc import Mapping

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, scheduler

from components.rule_target import create_target
from components.trigger_delivery import TriggerDelivery
from definitions import trigger
from definitions.place import Place
from spec.job import JobSpec
from spec.stack import StackSpec, trigger_kind


def create_trigger(
    name: str,
    *,
    parent: pulumi.Resource,
    job: JobSpec,
    stack: StackSpec,
    place: Place,
    delivery: TriggerDelivery,
    state_machine_arn: Output[str],
    tags: Mapping[str, str],
) -> None:
    """Create the job's trigger, of the kind that `spec.stack.trigger_kind` says; none for a job without a schedule.

    A disabled job gets its trigger too, switched off, so that it can be looked at and switched on.
    """
    # The trigger comes last: from here on the job can start at any minute.
    opts = ResourceOptions(parent=parent, depends_on=delivery.grants)
    kind = trigger_kind(job, stack)
    if kind == "rule":
        _create_rule(name, job, place, delivery, state_machine_arn, tags, opts)
    elif kind == "scheduler":
        _create_schedule(name, job, place, delivery, state_machine_arn, opts)


def _create_rule(
    name: str,
    job: JobSpec,
    place: Place,
    delivery: TriggerDelivery,
    state_machine_arn: Output[str],
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> None:
    rule = trigger.rule(job, place)
    # The ARNs are known later; the rest is known now, and so shown by every preview.
    target = trigger.rule_target(job, place, role_arn="", dead_letter_arn="")
    event_rule = cloudwatch.EventRule(
        name,
        name=rule["Name"],
        description=rule["Description"],
        schedule_expression=rule["ScheduleExpression"],
        state=rule["State"],
        tags=tags,
        opts=opts,
    )
    create_target(
        name,
        rule=event_rule,
        target=target,
        delivery=delivery,
        state_machine_arn=state_machine_arn,
        opts=opts,
    )


def _create_schedule(
    name: str,
    job: JobSpec,
    place: Place,
    delivery: TriggerDelivery,
    state_machine_arn: Output[str],
    opts: ResourceOptions,
) -> None:
    schedule = trigger.schedule(job, place, role_arn="", dead_letter_arn="")
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
            arn=state_machine_arn,
            role_arn=delivery.role_arn,
            input=target["Input"],
            dead_letter_config=scheduler.ScheduleTargetDeadLetterConfigArgs(arn=delivery.dead_letter_arn),
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=target["RetryPolicy"]["MaximumEventAgeInSeconds"],
                maximum_retry_attempts=target["RetryPolicy"]["MaximumRetryAttempts"],
            ),
        ),
        opts=opts,
    )
