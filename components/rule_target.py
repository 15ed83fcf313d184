"""The target of a rule that starts a job."""

from collections.abc import Mapping
from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch

from components.trigger_delivery import TriggerDelivery


def create_target(
    name: str,
    *,
    rule: cloudwatch.EventRule,
    target: Mapping[str, Any],
    delivery: TriggerDelivery,
    arn: Output[str],
    role_arn: Output[str],
    opts: ResourceOptions,
    ecs_target: Input[cloudwatch.EventTargetEcsTargetArgs] | None = None,
) -> None:
    """Have a rule start what has the ARN, with the role, as `target` says (PutTargets, but for the ARNs in it).

    `ecs_target`: how a task is started, where that is a cluster.
    """
    cloudwatch.EventTarget(
        name,
        rule=rule.name,
        target_id=target["Id"],
        arn=arn,
        role_arn=role_arn,
        ecs_target=ecs_target,
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths=target["InputTransformer"]["InputPathsMap"],
            input_template=target["InputTransformer"]["InputTemplate"],
        ),
        dead_letter_config=cloudwatch.EventTargetDeadLetterConfigArgs(arn=delivery.dead_letter_arn),
        retry_policy=cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=target["RetryPolicy"]["MaximumEventAgeInSeconds"],
            maximum_retry_attempts=target["RetryPolicy"]["MaximumRetryAttempts"],
        ),
        opts=opts,
    )
