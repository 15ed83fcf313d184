"""What each resource of the program is called in CloudFormation, type by type and property by property.

A property is `"TheirName"`; or `("TheirName", how)`, where `how` is a function from the one value to the other or a
table for what lies within; or `OnRemoval`, or `Nowhere(why)`, where CloudFormation has no property for it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Nowhere:
    """A type or property that CloudFormation does not have, and why that hides nothing."""

    why: str


@dataclass(frozen=True)
class OnRemoval:
    """A property that CloudFormation has as the resource's deletion policy: its values to Retain or Delete."""

    policies: Mapping[bool, str]


Within = Mapping[str, "Property"]
Property = str | tuple[str, Callable[[Any], Any] | Within] | OnRemoval | Nowhere


@dataclass(frozen=True)
class Translation:
    """A resource type in CloudFormation's words.

    type: CloudFormation's type.
    properties: Pulumi's property to CloudFormation's.
    generated_name: the property for the name that the provider generates.
    part_of: for what is a resource to Pulumi and an element of another resource's list to CloudFormation: that list,
        and the property that names the other resource.
    """

    type: str
    properties: Within
    generated_name: str | None = None
    part_of: tuple[str, str] | None = None


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def dimension_list(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def the_only_one(values: list[str]) -> str:
    """CloudFormation writes a rule of a security group for each source or destination."""
    (value,) = values
    return value


def container_definitions(text: str) -> list[dict[str, Any]]:
    """The API's document: the same in PascalCase, but for the log driver's options, which are free text."""
    return [_pascal_case(container) for container in json.loads(text)]


def _pascal_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_pascal_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        f"{key[0].upper()}{key[1:]}": item if key == "options" else _pascal_case(item) for key, item in value.items()
    }


TAGS: Property = ("Tags", tag_list)
DEAD_LETTERS: Property = ("DeadLetterConfig", {"arn": "Arn"})
RETRIES: Property = (
    "RetryPolicy",
    {
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
    },
)
SECURITY_GROUP_RULE: Within = {
    "protocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrBlocks": ("CidrIp", the_only_one),
}
BY_AWSX = Nowhere("awsx makes subnets, routes and gateways of it, beyond what the program registers")
KEPT: Property = OnRemoval({True: "Retain", False: "Delete"})

TRANSLATIONS: Mapping[str, Translation | Nowhere] = {
    "awsx:ec2:Vpc": Translation(
        "AWS::EC2::VPC",
        {
            "availabilityZoneCidrMask": BY_AWSX,
            "cidrBlock": "CidrBlock",
            "enableDnsHostnames": "EnableDnsHostnames",
            "enableDnsSupport": "EnableDnsSupport",
            "natGateways": BY_AWSX,
            "numberOfAvailabilityZones": BY_AWSX,
            "subnetSpecs": BY_AWSX,
            "subnetStrategy": BY_AWSX,
            "vpcEndpointSpecs": BY_AWSX,
            "vpcEndpointStrategy": BY_AWSX,
            "tags": TAGS,
        },
    ),
    "awsx:ecr:Repository": Translation(
        "AWS::ECR::Repository",
        {
            "forceDelete": "EmptyOnDelete",
            "imageScanningConfiguration": ("ImageScanningConfiguration", {"scanOnPush": "ScanOnPush"}),
            "lifecyclePolicy": Nowhere("rules in awsx's own words, of which awsx writes the policy's text"),
            "tags": TAGS,
        },
    ),
    "awsx:ecr:Image": Nowhere("an image is pushed, not deployed; the task definition names it"),
    "aws:cloudwatch/eventRule:EventRule": Translation(
        "AWS::Events::Rule",
        {
            "name": "Name",
            "description": "Description",
            "eventPattern": ("EventPattern", json.loads),
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
            "tags": TAGS,
        },
        generated_name="Name",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Translation(
        "AWS::Events::Rule",
        {
            "targetId": "Id",
            "arn": "Arn",
            "roleArn": "RoleArn",
            "inputTransformer": (
                "InputTransformer",
                {"inputPaths": ("InputPathsMap", dict), "inputTemplate": "InputTemplate"},
            ),
            "deadLetterConfig": DEAD_LETTERS,
            "retryPolicy": RETRIES,
        },
        part_of=("Targets", "rule"),
    ),
    "aws:cloudwatch/logGroup:LogGroup": Translation(
        "AWS::Logs::LogGroup",
        {
            "namePrefix": Nowhere("the beginning of the generated name"),
            "retentionInDays": "RetentionInDays",
            "skipDestroy": KEPT,
            "tags": TAGS,
        },
        generated_name="LogGroupName",
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Translation(
        "AWS::Logs::ResourcePolicy",
        {
            "policyDocument": ("PolicyDocument", json.loads),
            "resourceArn": Nowhere("CloudFormation has policies of the account only; the document names the log group"),
        },
        generated_name="PolicyName",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Translation(
        "AWS::CloudWatch::Alarm",
        {
            "alarmDescription": "AlarmDescription",
            "namespace": "Namespace",
            "metricName": "MetricName",
            "dimensions": ("Dimensions", dimension_list),
            "statistic": "Statistic",
            "period": "Period",
            "evaluationPeriods": "EvaluationPeriods",
            "comparisonOperator": "ComparisonOperator",
            "threshold": "Threshold",
            "treatMissingData": "TreatMissingData",
            "alarmActions": "AlarmActions",
            "tags": TAGS,
        },
        generated_name="AlarmName",
    ),
    "aws:dynamodb/table:Table": Translation(
        "AWS::DynamoDB::Table",
        {
            "attributes": (
                "AttributeDefinitions",
                lambda attributes: [{"AttributeName": one["name"], "AttributeType": one["type"]} for one in attributes],
            ),
            "billingMode": "BillingMode",
            "hashKey": ("KeySchema", lambda name: [{"AttributeName": name, "KeyType": "HASH"}]),
            "ttl": (
                "TimeToLiveSpecification",
                lambda ttl: {"AttributeName": ttl["attributeName"], "Enabled": ttl["enabled"]},
            ),
            "tags": TAGS,
        },
        generated_name="TableName",
    ),
    "aws:ec2/securityGroup:SecurityGroup": Translation(
        "AWS::EC2::SecurityGroup",
        {
            "vpcId": "VpcId",
            "description": "GroupDescription",
            "egress": ("SecurityGroupEgress", SECURITY_GROUP_RULE),
            "ingress": (
                "SecurityGroupIngress",
                {
                    **SECURITY_GROUP_RULE,
                    "description": "Description",
                    "securityGroups": ("SourceSecurityGroupId", the_only_one),
                },
            ),
            "tags": TAGS,
        },
        generated_name="GroupName",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Translation(
        "AWS::EC2::VPCEndpoint",
        {
            "vpcId": "VpcId",
            "vpcEndpointType": "VpcEndpointType",
            "serviceName": "ServiceName",
            "subnetIds": "SubnetIds",
            "securityGroupIds": "SecurityGroupIds",
            "privateDnsEnabled": "PrivateDnsEnabled",
            "tags": TAGS,
        },
    ),
    "aws:ecs/cluster:Cluster": Translation(
        "AWS::ECS::Cluster",
        {"settings": ("ClusterSettings", {"name": "Name", "value": "Value"}), "tags": TAGS},
        generated_name="ClusterName",
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Translation(
        "AWS::ECS::ClusterCapacityProviderAssociations",
        {"clusterName": "Cluster", "capacityProviders": "CapacityProviders"},
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Translation(
        "AWS::ECS::TaskDefinition",
        {
            "family": "Family",
            "containerDefinitions": ("ContainerDefinitions", container_definitions),
            "cpu": "Cpu",
            "memory": "Memory",
            "ephemeralStorage": ("EphemeralStorage", {"sizeInGib": "SizeInGiB"}),
            "networkMode": "NetworkMode",
            "requiresCompatibilities": "RequiresCompatibilities",
            "runtimePlatform": (
                "RuntimePlatform",
                {"cpuArchitecture": "CpuArchitecture", "operatingSystemFamily": "OperatingSystemFamily"},
            ),
            "executionRoleArn": "ExecutionRoleArn",
            "taskRoleArn": "TaskRoleArn",
            "skipDestroy": KEPT,
            "tags": TAGS,
        },
    ),
    "aws:iam/role:Role": Translation(
        "AWS::IAM::Role",
        {
            "description": "Description",
            "assumeRolePolicy": ("AssumeRolePolicyDocument", json.loads),
            "tags": TAGS,
        },
        generated_name="RoleName",
    ),
    "aws:iam/rolePolicy:RolePolicy": Translation(
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "role": "RoleName", "policy": ("PolicyDocument", json.loads)},
        generated_name="PolicyName",
    ),
    "aws:kms/alias:Alias": Translation(
        "AWS::KMS::Alias",
        {"name": "AliasName", "targetKeyId": "TargetKeyId"},
    ),
    "aws:kms/key:Key": Translation(
        "AWS::KMS::Key",
        {
            "description": "Description",
            "policy": ("KeyPolicy", json.loads),
            "enableKeyRotation": "EnableKeyRotation",
            "tags": TAGS,
        },
    ),
    "aws:scheduler/schedule:Schedule": Translation(
        "AWS::Scheduler::Schedule",
        {
            "name": "Name",
            "groupName": "GroupName",
            "description": "Description",
            "scheduleExpression": "ScheduleExpression",
            "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
            "flexibleTimeWindow": (
                "FlexibleTimeWindow",
                {"mode": "Mode", "maximumWindowInMinutes": "MaximumWindowInMinutes"},
            ),
            "state": "State",
            "target": (
                "Target",
                {
                    "arn": "Arn",
                    "roleArn": "RoleArn",
                    "input": "Input",
                    "deadLetterConfig": DEAD_LETTERS,
                    "retryPolicy": RETRIES,
                },
            ),
        },
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Translation(
        "AWS::Scheduler::ScheduleGroup", {"name": "Name", "tags": TAGS}
    ),
    "aws:sfn/stateMachine:StateMachine": Translation(
        "AWS::StepFunctions::StateMachine",
        {
            "name": "StateMachineName",
            "type": "StateMachineType",
            "definition": ("Definition", json.loads),
            "roleArn": "RoleArn",
            "loggingConfiguration": (
                "LoggingConfiguration",
                {
                    "logDestination": (
                        "Destinations",
                        lambda arn: [{"CloudWatchLogsLogGroup": {"LogGroupArn": arn}}],
                    ),
                    "level": "Level",
                    "includeExecutionData": "IncludeExecutionData",
                },
            ),
            "tracingConfiguration": ("TracingConfiguration", {"enabled": "Enabled"}),
            "tags": TAGS,
        },
    ),
    "aws:sns/topic:Topic": Translation(
        "AWS::SNS::Topic",
        {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "tags": TAGS},
        generated_name="TopicName",
    ),
    "aws:sns/topicPolicy:TopicPolicy": Translation(
        "AWS::SNS::TopicPolicy",
        {"arn": ("Topics", lambda arn: [arn]), "policy": ("PolicyDocument", json.loads)},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Translation(
        "AWS::SNS::Subscription",
        {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"},
    ),
    "aws:sqs/queue:Queue": Translation(
        "AWS::SQS::Queue",
        {
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "tags": TAGS,
        },
        generated_name="QueueName",
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Translation(
        "AWS::SQS::QueuePolicy",
        {"queueUrl": ("Queues", lambda url: [url]), "policy": ("PolicyDocument", json.loads)},
    ),
}
