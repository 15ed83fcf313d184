"""How jobs are started: the role that triggers start them with, and the queue for starts that failed."""

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import scheduler, sqs

from components.documents import document
from components.roles import create_role
from components.tags import tags_of_stack
from definitions.place import Place
from definitions.policies import dead_letter_queue_policy, trigger_role_policy
from definitions.trust import trigger_trust_policy
from spec.stack import StackSpec, trigger_kind

DEAD_LETTER_RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class TriggerDeliveryArgs:
    """What a TriggerDelivery is made from: the stack, and the place it deploys to."""

    stack: StackSpec
    place: Place


class TriggerDelivery(pulumi.ComponentResource):
    """One role and one dead-letter queue for all triggers of a stack, bounded by the stack's name prefix.

    role_arn: the role that rules and schedules start state machines with.
    dead_letter_arn, dead_letter_name, dead_letter_url: the queue that a start which could not be delivered ends up in,
        for 14 days.
    schedule_group_name: the group the stack's schedules go to; None when it has none.
    grants: what must exist before the first start, so that none is lost to a missing permission.
    """

    role_arn: Output[str]
    dead_letter_arn: Output[str]
    dead_letter_name: Output[str]
    dead_letter_url: Output[str]
    schedule_group_name: Output[str] | None = None
    grants: list[pulumi.Resource]

    def __init__(self, name: str, args: TriggerDeliveryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:TriggerDelivery", name, {}, opts)
        tags = tags_of_stack(args.stack)
        queue = sqs.Queue(
            f"{name}-dead-letters",
            message_retention_seconds=DEAD_LETTER_RETENTION_SECONDS,
            sqs_managed_sse_enabled=True,
            tags=tags,
            opts=ResourceOptions(parent=self),
        )
        self.dead_letter_arn = queue.arn
        self.dead_letter_name = queue.name
        self.dead_letter_url = queue.url
        queue_policy = sqs.QueuePolicy(
            f"{name}-dead-letters",
            queue_url=queue.id,
            policy=document(lambda queue_arn: dead_letter_queue_policy(args.place, queue_arn), queue_arn=queue.arn),
            opts=ResourceOptions(parent=self),
        )
        role = create_role(
            f"{name}-trigger",
            parent=self,
            description="Starts the state machines of scheduled jobs",
            trust=trigger_trust_policy(args.place),
            policy=document(
                lambda queue_arn: trigger_role_policy(args.place, dead_letter_arn=queue_arn), queue_arn=queue.arn
            ),
            tags=tags,
        )
        self.role_arn = role.arn
        self.grants = [queue_policy, *role.grants]
        if any(trigger_kind(job, args.stack) == "scheduler" for job in args.stack.jobs):
            self.schedule_group_name = scheduler.ScheduleGroup(
                name, name=args.place.schedule_group_name, tags=tags, opts=ResourceOptions(parent=self)
            ).name
        self.register_outputs(
            {
                "role_arn": self.role_arn,
                "dead_letter_arn": self.dead_letter_arn,
                "dead_letter_name": self.dead_letter_name,
                "dead_letter_url": self.dead_letter_url,
                "schedule_group_name": self.schedule_group_name,
            }
        )
