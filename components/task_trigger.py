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
from components.roles import create_role
from components.rule_target import create_target
from components.timers import create_rule, create_schedule
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
        create_target(
            name,
            rule=create_rule(name, trigger.rule(job, place), tags=tags, opts=opts),
            target=known,
            delivery=delivery,
            arn=cluster.cluster_arn,
            role_arn=role.arn,
            ecs_target=cloudwatch.EventTargetEcsTargetArgs(**_ecs_parameters(known["EcsParameters"], network, created)),
            opts=opts,
        )
    else:
        known = task_start.schedule_target(job, place, target, **arns)
        create_schedule(
            name,
            trigger.schedule_of(job, place, known),
            delivery=delivery,
            arn=cluster.cluster_arn,
            role_arn=role.arn,
            ecs_parameters=scheduler.ScheduleTargetEcsParametersArgs(
                **_ecs_parameters(known["EcsParameters"], network, created)
            ),
            opts=opts,
        )


def _ecs_parameters(parameters: Mapping[str, Any], network: Network, created: CreatedContainer) -> dict[str, Any]:
    """How the task is started, which a rule's target and a schedule's say in the same words."""
    strategies = [
        {"capacity_provider": each["capacityProvider"], "weight": each["weight"]}
        for each in parameters.get("CapacityProviderStrategy", ())
    ]
    return {
        "task_definition_arn": created.what_runs,
        "task_count": parameters["TaskCount"],
        "launch_type": parameters.get("LaunchType"),
        "capacity_provider_strategies": strategies or None,
        "platform_version": parameters["PlatformVersion"],
        "network_configuration": {
            "subnets": network.subnet_ids,
            "security_groups": network.security_group_ids,
            "assign_public_ip": network.assign_public_ip,
        },
        "propagate_tags": parameters["PropagateTags"],
        "enable_execute_command": parameters["EnableExecuteCommand"],
    }
