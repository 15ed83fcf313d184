"""Who hears of failed runs and of starts that could not be delivered: a topic, and what publishes to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, kms, sns

from components.documents import document
from components.tags import tags_of_stack
from components.trigger_delivery import TriggerDelivery
from definitions import alerts, task_alerts, task_changes
from definitions.place import Place
from definitions.policies import alert_key_policy, alert_topic_policy
from spec.stack import StackSpec


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """What an Alerts is made from: the stack, the place it deploys to, and the queue that is watched."""

    stack: StackSpec
    place: Place
    delivery: TriggerDelivery


class Alerts(pulumi.ComponentResource):
    """A topic that tells of runs that failed, timed out or were aborted, and of what lies in the dead-letter queue.

    With an existing topic there are only rules and the alarm: its policy, its key and its subscriptions are its own.

    topic_arn: where the messages are published.
    """

    topic_arn: Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:Alerts", name, {}, opts)
        self._args = args
        self._tags = tags_of_stack(args.stack)
        self._grants: list[pulumi.Resource] = [*args.delivery.grants]
        existing = args.stack.alerts.topic
        self.topic_arn = Output.from_input(existing) if existing is not None else self._create_topic(f"{name}-alerts")
        place, stack = args.place, args.stack
        # The ARNs of targets are known later; the rest is known now, and so shown by every preview.
        unknown = {"topic_arn": "", "dead_letter_arn": ""}
        self._create_rule(
            f"{name}-alerts",
            alerts.description(place),
            alerts.event_pattern(place, has_items=stack.has_map_runs),
            alerts.target(place, **unknown),
        )
        if stack.has_lone_tasks:
            self._create_rule(
                f"{name}-task-alerts",
                task_alerts.description(place),
                task_changes.failures_pattern(place),
                task_alerts.target(place, **unknown),
            )
        self._create_alarm(f"{name}-dead-letters")
        self.register_outputs({"topic_arn": self.topic_arn})

    def _create_topic(self, name: str) -> Output[str]:
        place, opts = self._args.place, ResourceOptions(parent=self)
        key = kms.Key(
            name,
            description=f"Encrypts the alerts of {place.project} ({place.stack})",
            policy=json.dumps(alert_key_policy(place)),
            enable_key_rotation=True,
            tags=self._tags,
            opts=opts,
        )
        kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=opts)
        topic = sns.Topic(
            name,
            # Who the e-mails are from; their subject is AWS's.
            display_name=f"{place.project} ({place.stack})",
            kms_master_key_id=key.arn,
            tags=self._tags,
            opts=opts,
        )
        policy = sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=document(lambda topic_arn: alert_topic_policy(place, topic_arn), topic_arn=topic.arn),
            opts=opts,
        )
        self._grants.append(policy)
        subscribed = self._args.stack.alerts
        for protocol, endpoints in (("email", subscribed.email), ("https", subscribed.https)):
            for endpoint in endpoints:
                sns.TopicSubscription(
                    # The same whatever is listed beside it, and without what a URL should tell nobody.
                    f"{name}-{protocol}-{sha256(endpoint.encode()).hexdigest()[:8]}",
                    topic=topic.arn,
                    protocol=protocol,
                    endpoint=endpoint,
                    opts=opts,
                )
        return topic.arn

    def _create_rule(self, name: str, description: str, pattern: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        # An alert that nothing lets through would be lost, and nobody would hear of it.
        opts = ResourceOptions(parent=self, depends_on=self._grants)
        rule = cloudwatch.EventRule(
            name, description=description, event_pattern=json.dumps(pattern), tags=self._tags, opts=opts
        )
        cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id=target["Id"],
            arn=self.topic_arn,
            input_transformer=cloudwatch.EventTargetInputTransformerArgs(
                input_paths=target["InputTransformer"]["InputPathsMap"],
                input_template=target["InputTransformer"]["InputTemplate"],
            ),
            dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=self._args.delivery.dead_letter_arn),
            opts=opts,
        )

    def _create_alarm(self, name: str) -> None:
        place, delivery = self._args.place, self._args.delivery
        alarm = alerts.dead_letter_alarm(queue_name="", topic_arn="")
        cloudwatch.MetricAlarm(
            name,
            alarm_description=alerts.dead_letter_alarm_description(place),
            namespace=alarm["Namespace"],
            metric_name=alarm["MetricName"],
            dimensions={"QueueName": delivery.dead_letter_name},
            statistic=alarm["Statistic"],
            period=alarm["Period"],
            evaluation_periods=alarm["EvaluationPeriods"],
            comparison_operator=alarm["ComparisonOperator"],
            threshold=alarm["Threshold"],
            treat_missing_data=alarm["TreatMissingData"],
            alarm_actions=[self.topic_arn],
            tags=self._tags,
            opts=ResourceOptions(parent=self, depends_on=self._grants),
        )
