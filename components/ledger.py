"""The ledger: a log group with every change of status of the stack's runs, and the rules that fill it."""

import json
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch

from components.documents import document
from components.tags import tags_of_stack
from components.trigger_delivery import TriggerDelivery
from definitions import ledger, task_changes
from definitions.place import Place
from definitions.policies import ledger_policy
from spec.stack import StackSpec


@dataclass(frozen=True, kw_only=True)
class LedgerArgs:
    """What a Ledger is made from: the stack, the place it deploys to, and the queue for what cannot be written."""

    stack: StackSpec
    place: Place
    delivery: TriggerDelivery


class Ledger(pulumi.ComponentResource):
    """A log group, the policy that lets EventBridge write there, and a rule that matches changes of status.

    Where jobs have no state machine there is one more, which matches their tasks' changes of state.

    log_group_name: where the lines are; it begins with the place's `ledger_prefix`.
    """

    log_group_name: Output[str]

    def __init__(self, name: str, args: LedgerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:Ledger", name, {}, opts)
        place, tags, child = args.place, tags_of_stack(args.stack), ResourceOptions(parent=self)
        group = cloudwatch.LogGroup(
            f"{name}-runs",
            # A generated suffix: a stack that was removed, and whose ledger was kept, can come back.
            name_prefix=place.ledger_prefix,
            retention_in_days=args.stack.ledger_retention_days,
            skip_destroy=args.stack.keep_logs,
            tags=tags,
            opts=child,
        )
        self.log_group_name = group.name
        rules = {
            f"{name}-runs": (
                ledger.description(place),
                ledger.event_pattern(place, has_items=args.stack.has_map_runs),
            )
        }
        if args.stack.has_lone_tasks:
            rules[f"{name}-tasks"] = (task_changes.description(place), task_changes.event_pattern(place))
        created = {
            rule_name: cloudwatch.EventRule(
                rule_name, description=description, event_pattern=json.dumps(pattern), tags=tags, opts=child
            )
            for rule_name, (description, pattern) in rules.items()
        }
        policy = cloudwatch.LogResourcePolicy(
            f"{name}-runs",
            # Of the log group alone: of policies for an account there are ten in a Region, for all who log there.
            # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
            resource_arn=group.arn,
            policy_document=document(
                ledger_policy, log_group_arn=group.arn, rule_arns=[rule.arn for rule in created.values()]
            ),
            opts=child,
        )
        # The ARNs are known later; the id is known now.
        target = ledger.target(log_group_arn="", dead_letter_arn="")
        for rule_name, rule in created.items():
            cloudwatch.EventTarget(
                rule_name,
                rule=rule.name,
                target_id=target["Id"],
                arn=group.arn,
                dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.delivery.dead_letter_arn),
                # What nothing lets through would be lost.
                opts=ResourceOptions(parent=self, depends_on=[policy, *args.delivery.grants]),
            )
        self.register_outputs({"log_group_name": self.log_group_name})
