"""What there is in the account."""

from __future__ import annotations

from tests.e2e.pulumi_command import Pulumi


def inventory(pulumi: Pulumi) -> dict[str, set[str]]:
    """What is in the account, by kind."""
    ec2, ecs, iam = pulumi.client("ec2"), pulumi.client("ecs"), pulumi.client("iam")
    return {
        "addresses": {one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]},
        "clusters": set(ecs.list_clusters()["clusterArns"]),
        "endpoints": {one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]},
        "internet gateways": {one["InternetGatewayId"] for one in ec2.describe_internet_gateways()["InternetGateways"]},
        "log groups": {one["logGroupName"] for one in pulumi.client("logs").describe_log_groups()["logGroups"]},
        "log policies": {
            one["resourceArn"]
            for one in pulumi.client("logs").describe_resource_policies(policyScope="RESOURCE")["resourcePolicies"]
        },
        "queues": set(pulumi.client("sqs").list_queues().get("QueueUrls", [])),
        "repositories": {one["repositoryName"] for one in pulumi.client("ecr").describe_repositories()["repositories"]},
        "roles": {one["RoleName"] for one in iam.list_roles()["Roles"]},
        "route tables": {one["RouteTableId"] for one in ec2.describe_route_tables()["RouteTables"]},
        "rules": {one["Name"] for one in pulumi.client("events").list_rules()["Rules"]},
        "schedule groups": {one["Name"] for one in pulumi.client("scheduler").list_schedule_groups()["ScheduleGroups"]},
        "schedules": {one["Name"] for one in pulumi.client("scheduler").list_schedules()["Schedules"]},
        "security groups": {one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]},
        "state machines": {
            one["name"] for one in pulumi.client("stepfunctions").list_state_machines()["stateMachines"]
        },
        "subnets": {one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]},
        "tables": set(pulumi.client("dynamodb").list_tables()["TableNames"]),
        "task definitions": set(ecs.list_task_definitions()["taskDefinitionArns"]),
        "topics": {one["TopicArn"] for one in pulumi.client("sns").list_topics()["Topics"]},
        "vpcs": {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]},
    }
