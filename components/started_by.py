"""What starts a job beside its schedule: EventBridge rules, and roles that may start it."""

import json
from collections.abc import Mapping

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, iam

from components.rule_target import create_target
from components.trigger_delivery import TriggerDelivery
from definitions import started_by
from definitions.place import Place
from definitions.policies import starter_policy
from spec.job import JobSpec
from spec.stack import StackSpec


def check_starting_roles(stack: StackSpec, place: Place) -> None:
    """Raise RunError for roles of another account: what starts an execution must be allowed to by its own account.

    State machines have no policies that could let others in.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    foreign = [
        f"{job.name}: expected a role of the account {place.account} in startedBy.roles, found {role}: to be started "
        "from another account, a job needs a role here which that account may assume"
        for job in stack.jobs
        for role in job.started_by.roles
        if role.startswith("arn:") and role.split(":")[4] != place.account
    ]
    if foreign:
        raise pulumi.RunError("\n".join(foreign))


def create_starters(
    name: str,
    *,
    parent: pulumi.Resource,
    job: JobSpec,
    place: Place,
    delivery: TriggerDelivery,
    state_machine_arn: Output[str],
    tags: Mapping[str, str],
) -> None:
    """Create a rule with its target for each event that starts the job, and a policy for each role that may."""
    # Last, as the trigger: from here on the job can start at any minute.
    opts = ResourceOptions(parent=parent, depends_on=delivery.grants)
    for started in started_by.rules(job, place):
        rule = started_by.rule(started)
        # The ARNs are known later; the rest is known now, and so shown by every preview.
        target = started_by.target(started, job, place, role_arn="", dead_letter_arn="")
        event_rule = cloudwatch.EventRule(
            rule["Name"],
            name=rule["Name"],
            description=rule["Description"],
            event_pattern=rule["EventPattern"],
            state=rule["State"],
            tags=tags,
            opts=opts,
        )
        create_target(
            rule["Name"],
            rule=event_rule,
            target=target,
            delivery=delivery,
            arn=state_machine_arn,
            role_arn=delivery.role_arn,
            opts=opts,
        )
    for role in job.started_by.role_names:
        # In the role itself: a policy of its own would be attached to it, which takes one of its ten.
        iam.RolePolicy(
            f"{name}.{role}",
            name=place.name(job.name),
            role=role,
            policy=json.dumps(starter_policy(job, place)),
            opts=ResourceOptions(parent=parent),
        )
