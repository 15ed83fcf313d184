from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

CLUSTER = "aws:ecs/cluster:Cluster"
CAPACITY_PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


def test_cluster_is_made_as_asked_and_deleted(aws, make, delete, unique):
    settings = [{"name": "containerInsights", "value": "enabled"}]
    made = make(CLUSTER, {"name": unique, "settings": settings, "tags": {"a": "b"}})
    (cluster,) = aws.client("ecs").describe_clusters(clusters=[unique], include=["SETTINGS", "TAGS"])["clusters"]
    assert cluster["settings"] == settings
    assert cluster["tags"] == [{"key": "a", "value": "b"}]
    assert made.id == made.outputs["arn"] == cluster["clusterArn"]
    delete(CLUSTER, made)
    found = aws.client("ecs").describe_clusters(clusters=[unique])["clusters"]
    assert all(cluster["status"] == "INACTIVE" for cluster in found)


def test_capacity_providers_are_put_on_the_cluster_and_taken_off(aws, make, delete, unique):
    make(CLUSTER, {"name": unique})
    made = make(
        CAPACITY_PROVIDERS,
        {
            "clusterName": unique,
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
        },
    )
    (cluster,) = aws.client("ecs").describe_clusters(clusters=[unique])["clusters"]
    assert cluster["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert cluster["defaultCapacityProviderStrategy"] == [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}]
    assert made.id == unique
    delete(CAPACITY_PROVIDERS, made)
    (cluster,) = aws.client("ecs").describe_clusters(clusters=[unique])["clusters"]
    assert cluster["capacityProviders"] == []


def test_a_provider_of_ec2_instances_must_be_there(aws, make, unique):
    make(CLUSTER, {"name": unique})
    asked = {"clusterName": unique, "capacityProviders": ["FARGATE", f"{unique}-ec2"]}
    with pytest.raises(ClientError, match="The specified capacity provider does not exist"):
        make(CAPACITY_PROVIDERS, asked)
    group = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/w"
    aws.client("ecs").create_capacity_provider(
        name=f"{unique}-ec2", autoScalingGroupProvider={"autoScalingGroupArn": group}
    )
    make(CAPACITY_PROVIDERS, asked)
    (cluster,) = aws.client("ecs").describe_clusters(clusters=[unique])["clusters"]
    assert cluster["capacityProviders"] == ["FARGATE", f"{unique}-ec2"]


@pytest.fixture
def roles(make, unique):
    """The ARNs of an execution role and a task role: ECS refuses to register what it could not assume."""
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    kinds = ("execution", "task")
    made = (make("aws:iam/role:Role", {"name": f"{unique}-{kind}", "assumeRolePolicy": trust}) for kind in kinds)
    return [role.outputs["arn"] for role in made]


def task_definition(family: str, roles: list[str], **more: object) -> dict:
    container = {"name": "job", "image": "python:3.11", "essential": True, "stopTimeout": 30}
    return {
        "family": family,
        "containerDefinitions": json.dumps([container]),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": roles[0],
        "taskRoleArn": roles[1],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGib": 40},
        "tags": {"a": "b"},
        **more,
    }


def test_task_definition_is_registered_as_asked_and_deregistered(aws, make, delete, unique, roles):
    made = make(TASK_DEFINITION, task_definition(unique, roles))
    arn = made.outputs["arn"]
    answer = aws.client("ecs").describe_task_definition(taskDefinition=arn, include=["TAGS"])
    definition = answer["taskDefinition"]
    assert definition["taskDefinitionArn"] == arn == f"{made.outputs['arnWithoutRevision']}:{made.outputs['revision']}"
    assert (definition["cpu"], definition["memory"], definition["networkMode"]) == ("256", "512", "awsvpc")
    assert definition["requiresCompatibilities"] == ["FARGATE"]
    assert [definition["executionRoleArn"], definition["taskRoleArn"]] == roles
    assert definition["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert definition["ephemeralStorage"] == {"sizeInGiB": 40}
    (container,) = definition["containerDefinitions"]
    assert (container["name"], container["image"], container["stopTimeout"]) == ("job", "python:3.11", 30)
    assert answer["tags"] == [{"key": "a", "value": "b"}]
    assert made.id == unique
    delete(TASK_DEFINITION, made)
    definition = aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert definition["status"] == "INACTIVE"


def test_skip_destroy_keeps_the_revision_active(aws, make, delete, unique, roles):
    made = make(TASK_DEFINITION, task_definition(unique, roles, skipDestroy=True))
    delete(TASK_DEFINITION, made)
    definition = aws.client("ecs").describe_task_definition(taskDefinition=made.outputs["arn"])["taskDefinition"]
    assert definition["status"] == "ACTIVE"
