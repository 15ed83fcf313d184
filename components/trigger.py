"""What starts a job at its times: an EventBridge rule, or a schedule of EventBridge Scheduler."""

from collections.abc import Mapping

import pulumi
from pulumi import Output, ResourceOptions

from components.rule_target import create_target
from components.timers import create_rule, create_schedule
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
        # The ARNs are known later; the rest is known now, and so shown by every preview.
        create_target(
            name,
            rule=create_rule(name, trigger.rule(job, place), tags=tags, opts=opts),
            target=trigger.rule_target(job, place, role_arn="", dead_letter_arn=""),
            delivery=delivery,
            arn=state_machine_arn,
            role_arn=delivery.role_arn,
            opts=opts,
        )
    elif kind == "scheduler":
        create_schedule(
            name,
            trigger.schedule(job, place, role_arn="", dead_letter_arn=""),
            delivery=delivery,
            arn=state_machine_arn,
            role_arn=delivery.role_arn,
            opts=opts,
        )
