"""What the AWS provider answers a program: an id and outputs for each resource, and what its functions give."""

from collections.abc import Callable, Mapping
from typing import Any

REGION = "eu-west-1"
ACCOUNT = "123456789012"
FUNCTIONS = {
    "aws:index/getPartition:getPartition": {"partition": "aws"},
    "aws:index/getRegion:getRegion": {"region": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:eks/getCluster:getCluster": {
        "name": "analytics",
        "endpoint": "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
        "certificateAuthorities": [{"data": "LS0tLS1CRUdJTg=="}],
        "accessConfigs": [{"authenticationMode": "API_AND_CONFIG_MAP"}],
        "vpcConfig": {"endpointPublicAccess": True, "endpointPrivateAccess": False},
    },
}

Outputs = tuple[str, dict[str, Any]]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def named(name: str, inputs: Mapping[str, Any]) -> str:
    """The name that the provider gives: the explicit one, or a generated one."""
    if "namePrefix" in inputs:
        return f"{inputs['namePrefix']}20261124031500123400000001"
    return inputs.get("name", f"{name}-1a2b3c4")


def _vpc(_: str, inputs: Mapping[str, Any]) -> Outputs:
    types = {spec["type"] for spec in inputs["subnetSpecs"]}
    zones = range(1, inputs["numberOfAvailabilityZones"] + 1)

    def subnets(type_: str) -> list[str]:
        return [f"subnet-{type_.lower()}{zone}" for zone in zones] if type_ in types else []

    return "", {
        "vpcId": "vpc-0a1b2c3d",
        "publicSubnetIds": subnets("Public"),
        "privateSubnetIds": subnets("Private"),
        "isolatedSubnetIds": subnets("Isolated"),
    }


def _log_group(name: str, inputs: Mapping[str, Any]) -> Outputs:
    group = named(name, inputs)
    return group, {"name": group, "arn": arn("logs", f"log-group:{group}")}


def _queue(name: str, inputs: Mapping[str, Any]) -> Outputs:
    queue = named(name, inputs)
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{queue}"
    return url, {"name": queue, "url": url, "arn": arn("sqs", queue)}


def _role(name: str, inputs: Mapping[str, Any]) -> Outputs:
    return named(name, inputs), {
        "name": named(name, inputs),
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{named(name, inputs)}",
    }


def _bucket(name: str, _: Mapping[str, Any]) -> Outputs:
    bucket = f"{name}-1a2b3c4"
    return bucket, {"bucket": bucket, "arn": f"arn:aws:s3:::{bucket}"}


def _plain(service: str, kind: str) -> Callable[[str, Mapping[str, Any]], Outputs]:
    def outputs(name: str, inputs: Mapping[str, Any]) -> Outputs:
        own = arn(service, kind.format(named(name, inputs)))
        return own, {"name": named(name, inputs), "arn": own}

    return outputs


def _key(name: str, _: Mapping[str, Any]) -> Outputs:
    return f"id-of-{name}", {"keyId": f"id-of-{name}", "arn": arn("kms", f"key/id-of-{name}")}


def _task_definition(_: str, inputs: Mapping[str, Any]) -> Outputs:
    return inputs["family"], {"arn": arn("ecs", f"task-definition/{inputs['family']}:7"), "revision": 7}


def _function(_: str, inputs: Mapping[str, Any]) -> Outputs:
    own = arn("lambda", f"function:{inputs['name']}")
    return inputs["name"], {"arn": own, "qualifiedArn": f"{own}:7", "version": "7"}


def _only_id(name: str, _: Mapping[str, Any]) -> Outputs:
    return f"{name}-id", {}


# What the provider answers for each type: the id, and the outputs beside the inputs. Any other type fails.
ANSWERS: dict[str, Callable[[str, Mapping[str, Any]], Outputs]] = {
    "awsx:ec2:Vpc": _vpc,
    "awsx:ecr:Repository": lambda name, _: (
        "",
        {"url": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}-1a2b3c4"},
    ),
    "awsx:ecr:Image": lambda _, inputs: ("", {"imageUri": f"{inputs['repositoryUrl']}@sha256:{'0' * 64}"}),
    "aws:cloudwatch/eventRule:EventRule": _plain("events", "rule/{}"),
    "aws:cloudwatch/eventTarget:EventTarget": _only_id,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": _only_id,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _plain("cloudwatch", "alarm:{}"),
    "aws:dynamodb/table:Table": _plain("dynamodb", "table/{}"),
    "aws:ec2/securityGroup:SecurityGroup": lambda name, _: (
        f"sg-{name}",
        {"arn": arn("ec2", f"security-group/{name}")},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _only_id,
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _only_id,
    "aws:ecs/cluster:Cluster": _plain("ecs", "cluster/{}"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _only_id,
    "aws:ecs/taskDefinition:TaskDefinition": _task_definition,
    "aws:eks/accessEntry:AccessEntry": _only_id,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _only_id,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _only_id,
    "aws:kms/alias:Alias": _plain("kms", "{}"),
    "aws:kms/key:Key": _key,
    "aws:lambda/function:Function": _function,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _only_id,
    "aws:s3/bucketPolicy:BucketPolicy": _only_id,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _only_id,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _only_id,
    "aws:scheduler/schedule:Schedule": _plain("scheduler", "schedule/{}"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": _plain("scheduler", "schedule-group/{}"),
    "aws:sfn/stateMachine:StateMachine": _plain("states", "stateMachine:{}"),
    "aws:sns/topic:Topic": _plain("sns", "{}"),
    "aws:sns/topicPolicy:TopicPolicy": _only_id,
    "aws:sns/topicSubscription:TopicSubscription": _only_id,
    "aws:sqs/queue:Queue": _queue,
    "aws:sqs/queuePolicy:QueuePolicy": _only_id,
}
