"""What starts a job without a state machine at its times: a rule or a schedule that has ECS run its task."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import ResourceOptions
from pulumi_aws import cloudwatch, scheduler

from components.created import CreatedContainer
from components.documents import document
from components.job_cluster import JobCluster
from components.network import Network
from components.roles import GrantedRole, create_role
from components.trigger_delivery import TriggerDelivery
from definitions import task_start, trigger
from definitions.place import Place
from definitions.policies import start_role_policy
from definitions.run_task import RunTarget
from definitions.trust import trust_policy
from spec.job import JobSpec
from spec.stack import StackSpec, trigger_kind


def create_task_trigger(
    name: str,
    *,
    parent: pulumi.Resource,
    job: JobSpec,
    stack: StackSpec,
    place: Place,
    delivery: TriggerDelivery,
    network: Network,
    cluster: JobCluster,
    created: CreatedContainer,
    tags: Mapping[str, str],
) -> None:
    """Create the job's trigger and the role that it starts the task with.

    A disabled job gets its trigger too, switched off: whoever starts it by hand reads there how.
    """
    kind = trigger_kind(job, stack)
    assert kind is not None, "such a job has a schedule"
    role = create_role(
        f"{name}-start",
        parent=parent,
        description=f"Starts the task of {job.name}",
        trust=trust_policy("events" if kind == "rule" else "scheduler", place),
        policy=document(
            lambda **arns: start_role_policy(job, place, **arns),
            cluster_arn=cluster.cluster_arn,
            passed_role_arns=[role.arn for role in created.roles],
            dead_letter_arn=delivery.dead_letter_arn if kind == "scheduler" else None,
        ),
        tags=tags,
    )
    # The trigger comes last: from here on the job can start at any minute.
    opts = ResourceOptions(
        parent=parent,
        depends_on=[
            *delivery.grants,
            *role.grants,
            *(grant for one in created.roles for grant in one.grants),
            *network.endpoints,
            cluster.capacity_providers,
        ],
    )
    # The ARNs are known later; the rest is known now, and so shown by every preview.
    target = RunTarget(
        cluster_arn="",
        what_runs="",
        subnet_ids=(),
        security_group_ids=(),
        assign_public_ip=network.assign_public_ip,
        log_group_name="",
    )
    arns = {"role_arn": "", "dead_letter_arn": ""}
    if kind == "rule":
        known = task_start.rule_target(job, place, target, **arns)
        _create_rule(name, job, place, known, delivery, network, cluster, created, role, tags, opts)
    else:
        known = trigger.schedule_of(job, place, task_start.schedule_target(job, place, target, **arns))
        _create_schedule(name, known, delivery, network, cluster, created, role, opts)


def _create_rule(
    name: str,
    job: JobSpec,
    place: Place,
    target: Mapping[str, Any],
    delivery: TriggerDelivery,
    network: Network,
    cluster: JobCluster,
    created: CreatedContainer,
    role: GrantedRole,
    tags: Mapping[str, str],
    opts: ResourceOptions,
) -> None:
    rule, parameters = trigger.rule(job, place), target["EcsParameters"]
    event_rule = cloudwatch.EventRule(
        name,
        name=rule["Name"],
        description=rule["Description"],
        schedule_expression=rule["ScheduleExpression"],
        state=rule["State"],
        tags=tags,
        opts=opts,
    )
    cloudwatch.EventTarget(
        name,
        rule=event_rule.name,
        target_id=target["Id"],
        arn=cluster.cluster_arn,
        role_arn=role.arn,
        ecs_target=cloudwatch.EventTargetEcsTargetArgs(
            task_definition_arn=created.what_runs,
            task_count=parameters["TaskCount"],
            launch_type=parameters.get("LaunchType"),
            capacity_provider_strategies=[
                cloudwatch.EventTargetEcsTargetCapacityProviderStrategyArgs(
                    capacity_provider=each["capacityProvider"], weight=each["weight"]
                )
                for each in parameters.get("CapacityProviderStrategy", ())
            ]
            or None,
            platform_version=parameters["PlatformVersion"],
            network_configuration=cloudwatch.EventTargetEcsTargetNetworkConfigurationArgs(
                subnets=network.subnet_ids,
                security_groups=network.security_group_ids,
                assign_public_ip=network.assign_public_ip,
            ),
            propagate_tags=parameters["PropagateTags"],
            enable_execute_command=parameters["EnableExecuteCommand"],
        ),
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


def _create_schedule(
    name: str,
    schedule: Mapping[str, Any],
    delivery: TriggerDelivery,
    network: Network,
    cluster: JobCluster,
    created: CreatedContainer,
    role: GrantedRole,
    opts: ResourceOptions,
) -> None:
    target, window = schedule["Target"], schedule["FlexibleTimeWindow"]
    parameters = target["EcsParameters"]
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
            arn=cluster.cluster_arn,
            role_arn=role.arn,
            input=target["Input"],
            ecs_parameters=scheduler.ScheduleTargetEcsParametersArgs(
                task_definition_arn=created.what_runs,
                task_count=parameters["TaskCount"],
                launch_type=parameters.get("LaunchType"),
                capacity_provider_strategies=[
                    scheduler.ScheduleTargetEcsParametersCapacityProviderStrategyArgs(
                        capacity_provider=each["capacityProvider"], weight=each["weight"]
                    )
                    for each in parameters.get("CapacityProviderStrategy", ())
                ]
                or None,
                platform_version=parameters["PlatformVersion"],
                network_configuration=scheduler.ScheduleTargetEcsParametersNetworkConfigurationArgs(
                    subnets=network.subnet_ids,
                    security_groups=network.security_group_ids,
                    assign_public_ip=network.assign_public_ip,
                ),
                propagate_tags=parameters["PropagateTags"],
                enable_execute_command=parameters["EnableExecuteCommand"],
            ),
            dead_letter_config=scheduler.ScheduleTargetDeadLetterConfigArgs(arn=delivery.dead_letter_arn),
            retry_policy=scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=target["RetryPolicy"]["MaximumEventAgeInSeconds"],
                maximum_retry_attempts=target["RetryPolicy"]["MaximumRetryAttempts"],
            ),
        ),
        opts=opts,
    )
