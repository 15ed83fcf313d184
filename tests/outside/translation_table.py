"""What each resource of the program is called in CloudFormation, type by type and property by property.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import json
from collections.abc import Mapping

from tests.outside.translation_of_events import OF_EVENTS
from tests.outside.translation_words import (
    KEPT,
    TAGS,
    Nowhere,
    Translation,
    Within,
    container_definitions,
    the_only_one,
)

SECURITY_GROUP_RULE: Within = {
    "protocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrBlocks": ("CidrIp", the_only_one),
}
BY_AWSX = Nowhere("awsx makes subnets, routes and gateways of it, beyond what the program registers")

TRANSLATIONS: Mapping[str, Translation | Nowhere] = {
    **OF_EVENTS,
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
    "aws:eks/accessEntry:AccessEntry": Translation(
        "AWS::EKS::AccessEntry",
        {
            "clusterName": "ClusterName",
            "kubernetesGroups": "KubernetesGroups",
            "principalArn": "PrincipalArn",
            "type": "Type",
            "tags": TAGS,
        },
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Translation(
        "AWS::EKS::PodIdentityAssociation",
        {
            "clusterName": "ClusterName",
            "namespace": "Namespace",
            "serviceAccount": "ServiceAccount",
            "roleArn": "RoleArn",
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
    "aws:lambda/function:Function": Translation(
        "AWS::Lambda::Function",
        {
            "name": "FunctionName",
            "description": "Description",
            "packageType": "PackageType",
            "imageUri": ("Code", lambda uri: {"ImageUri": uri}),
            # To CloudFormation an archive is an object in S3.
            "code": ("Code", lambda archive: {"S3Bucket": "archives", "S3Key": archive["path"]}),
            "runtime": "Runtime",
            "handler": "Handler",
            "imageConfig": ("ImageConfig", {"entryPoints": "EntryPoint", "commands": "Command"}),
            "role": "Role",
            "architectures": "Architectures",
            "memorySize": "MemorySize",
            "timeout": "Timeout",
            "ephemeralStorage": ("EphemeralStorage", {"size": "Size"}),
            "environment": ("Environment", lambda given: {"Variables": given["variables"]}),
            "loggingConfig": ("LoggingConfig", {"logFormat": "LogFormat", "logGroup": "LogGroup"}),
            "vpcConfig": ("VpcConfig", {"subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}),
            "publish": Nowhere("to CloudFormation a version is a resource of its own"),
            "tags": TAGS,
        },
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Nowhere(
        "a property of the repository, which awsx makes; the tests of the documents have it judged"
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
    "aws:s3/bucket:Bucket": Translation(
        "AWS::S3::Bucket",
        {"forceDestroy": Nowhere("CloudFormation deletes no bucket with anything in it"), "tags": TAGS},
        generated_name="BucketName",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Translation(
        "AWS::S3::Bucket",
        {
            "rules": (
                "Rules",
                lambda rules: [
                    {
                        "Id": rule["id"],
                        "Status": rule["status"],
                        "Prefix": rule["filter"]["prefix"],
                        "ExpirationInDays": rule["expiration"]["days"],
                        "AbortIncompleteMultipartUpload": {
                            "DaysAfterInitiation": rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"]
                        },
                    }
                    for rule in rules
                ],
            )
        },
        part_of=("LifecycleConfiguration", "bucket"),
        is_listed=False,
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Translation(
        "AWS::S3::BucketPolicy", {"bucket": "Bucket", "policy": ("PolicyDocument", json.loads)}
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Translation(
        "AWS::S3::Bucket",
        {
            "blockPublicAcls": "BlockPublicAcls",
            "blockPublicPolicy": "BlockPublicPolicy",
            "ignorePublicAcls": "IgnorePublicAcls",
            "restrictPublicBuckets": "RestrictPublicBuckets",
        },
        part_of=("PublicAccessBlockConfiguration", "bucket"),
        is_listed=False,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Translation(
        "AWS::S3::Bucket",
        {
            "rules": (
                "ServerSideEncryptionConfiguration",
                {
                    "applyServerSideEncryptionByDefault": (
                        "ServerSideEncryptionByDefault",
                        {"sseAlgorithm": "SSEAlgorithm"},
                    )
                },
            )
        },
        part_of=("BucketEncryption", "bucket"),
        is_listed=False,
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
}
