"""The project's own stacks, in the local AWS: what is there after deploying them, and what is left after destroying."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.resources.registry import handler_for
from spec.load import load_stack

ROOT = Path(__file__).parents[2]


def listed(aws: LocalAws, service: str, operation: str, key: str, **request: Any) -> list[Any]:
    """All pages of a list: other tests of this AWS leave more than one."""
    client = aws.client(service)
    if not client.can_paginate(operation):
        return getattr(client, operation)(**request).get(key, [])
    return [each for page in client.get_paginator(operation).paginate(**request) for each in page.get(key, [])]


def inventory(aws: LocalAws) -> set[tuple[str, str]]:
    """Everything in the account that a stack could have made, as (kind, name)."""

    def ec2(operation: str, key: str, name: str) -> list[str]:
        return [each[name] for each in listed(aws, "ec2", operation, key)]

    active = listed(aws, "ecs", "list_task_definitions", "taskDefinitionArns", status="ACTIVE")
    machines = listed(aws, "stepfunctions", "list_state_machines", "stateMachines")
    repositories = listed(aws, "ecr", "describe_repositories", "repositories")
    gateways = listed(aws, "ec2", "describe_nat_gateways", "NatGateways")
    found = {
        "role": [each["RoleName"] for each in listed(aws, "iam", "list_roles", "Roles")],
        "log group": [each["logGroupName"] for each in listed(aws, "logs", "describe_log_groups", "logGroups")],
        "cluster": listed(aws, "ecs", "list_clusters", "clusterArns"),
        "task definition": active,
        "state machine": [each["name"] for each in machines],
        "rule": [each["Name"] for each in listed(aws, "events", "list_rules", "Rules")],
        "schedule": [each["Name"] for each in listed(aws, "scheduler", "list_schedules", "Schedules")],
        "schedule group": [each["Name"] for each in listed(aws, "scheduler", "list_schedule_groups", "ScheduleGroups")],
        "queue": listed(aws, "sqs", "list_queues", "QueueUrls"),
        "repository": [each["repositoryName"] for each in repositories],
        "vpc": ec2("describe_vpcs", "Vpcs", "VpcId"),
        "subnet": ec2("describe_subnets", "Subnets", "SubnetId"),
        "security group": ec2("describe_security_groups", "SecurityGroups", "GroupId"),
        "route table": ec2("describe_route_tables", "RouteTables", "RouteTableId"),
        "endpoint": ec2("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        "internet gateway": ec2("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        # AWS keeps showing a deleted one for a while.
        "nat gateway": [each["NatGatewayId"] for each in gateways if each["State"] != "deleted"],
        "address": ec2("describe_addresses", "Addresses", "AllocationId"),
    }
    return {(kind, name) for kind, names in found.items() for name in names}


@pytest.fixture
def before(local_aws: LocalAws) -> Iterator[set[tuple[str, str]]]:
    """What was there before the test; what its stack keeps by design is taken away after it."""
    found = inventory(local_aws)
    yield found
    for kind, name in inventory(local_aws) - found:
        match kind:
            case "log group":
                local_aws.client("logs").delete_log_group(logGroupName=name)
            case "task definition":
                local_aws.client("ecs").deregister_task_definition(taskDefinition=name)
            case "repository":
                local_aws.client("ecr").delete_repository(repositoryName=name, force=True)
            case _:
                pytest.fail(f"{kind} {name} is left over")


def left(local_aws: LocalAws, before: set[tuple[str, str]]) -> Counter[str]:
    return Counter(kind for kind, _ in inventory(local_aws) - before)


def untagged(deployment: Deployment) -> list[str]:
    taggable = [made for made in deployment.resources if handler_for(made.token).tagging]
    assert taggable
    return [made.urn for made in taggable if made.inputs["tags"].get("longhaul:stack") != deployment.stack]


def wrong_images(deployment: Deployment, local_aws: LocalAws) -> list[str]:
    """The task definitions whose image was not built for their architecture, or cannot be run."""
    platforms = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}
    built = {
        (made.outputs["digest"], *made.inputs["platforms"])
        for made in deployment.resources
        if made.token == "docker-build:index:Image"
    }
    wrong = []
    for made in deployment.resources:
        if made.token == "aws:ecs/taskDefinition:TaskDefinition":
            (container,) = json.loads(made.inputs["containerDefinitions"])
            digest = container["image"].partition("@")[2]
            platform = platforms[made.inputs["runtimePlatform"]["cpuArchitecture"]]
            if (digest, platform) not in built or local_aws.images.find(container["image"]) is None:
                wrong.append(made.name)
    return wrong


def test_dev_leaves_only_task_definitions(local_aws, before):
    deployment = deploy(ROOT, "dev", local_aws)
    jobs = [job.name for job in load_stack(ROOT, "dev").jobs]
    assert sorted(deployment.outputs["stateMachines"]) == sorted(jobs)
    assert untagged(deployment) == []
    assert wrong_images(deployment, local_aws) == []
    there = left(local_aws, before)
    assert (there["state machine"], there["nat gateway"], there["repository"]) == (len(jobs), 0, 1)
    deployment.destroy()
    # Their revisions stay: a run in flight may need one for its next attempt.
    assert left(local_aws, before) == {"task definition": len(deployment.outputs["taskDefinitions"])}


def test_prod_keeps_its_logs_and_images_and_ends(local_aws, before):
    deployment = deploy(ROOT, "prod", local_aws)
    count = len(deployment.outputs["stateMachines"])
    assert untagged(deployment) == []
    assert wrong_images(deployment, local_aws) == []
    assert left(local_aws, before)["nat gateway"] >= 1
    deployment.destroy()
    # One log group a job, one for the state machines, and the ledger.
    definitions = len(deployment.outputs["taskDefinitions"])
    assert left(local_aws, before) == {"task definition": definitions, "log group": count + 2, "repository": 1}
    (repository,) = (name for kind, name in inventory(local_aws) - before if kind == "repository")
    ecr = local_aws.client("ecr")
    assert ecr.list_images(repositoryName=repository)["imageIds"]
    # awsx gives the lifecycle policy no parent to inherit from. Without it no image expires.
    with pytest.raises(ecr.exceptions.LifecyclePolicyNotFoundException):
        ecr.get_lifecycle_policy(repositoryName=repository)
