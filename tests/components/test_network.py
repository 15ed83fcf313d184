"""Where tasks run, for each kind of network a stack may ask for."""

from collections.abc import Callable

import pytest

from sandbox.resources.awsx.subnets import divide
from tests.components.conftest import Deployment

JOB = """
longhaul:jobs:
  report: {build: {context: code, dockerfile: code/Dockerfile}}
"""


def run_target(deployment: Deployment) -> dict:
    """The network configuration that the job's state machine gives its tasks."""
    definition = deployment.one("sfn/stateMachine:StateMachine").document("definition")
    (run,) = [state for state in definition["States"].values() if "ecs:runTask" in state.get("Resource", "")]
    return run["Arguments"]["NetworkConfiguration"]["AwsvpcConfiguration"]


def subnet_types(deployment: Deployment) -> list[str]:
    specs = deployment.one("awsx:ec2:Vpc").inputs["subnetSpecs"]
    return [spec["type"] for spec in specs if spec["type"] != "Unused"]


def test_without_nat_tasks_have_a_public_ip_in_public_subnets(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy("longhaul:network: {nat: none, cidr: 10.7.0.0/16, availabilityZones: 3}", JOB)

    vpc = deployment.one("awsx:ec2:Vpc")
    assert vpc.inputs["cidrBlock"] == "10.7.0.0/16"
    assert vpc.inputs["numberOfAvailabilityZones"] == 3
    assert vpc.inputs["natGateways"] == {"strategy": "None"}
    assert subnet_types(deployment) == ["Public"]
    assert run_target(deployment) == {
        "Subnets": ["subnet-public1", "subnet-public2", "subnet-public3"],
        "SecurityGroups": [deployment.one("ec2/securityGroup:SecurityGroup").id],
        "AssignPublicIp": "ENABLED",
    }


@pytest.mark.parametrize(("nat", "strategy"), [("single", "Single"), ("one-per-az", "OnePerAz")])
def test_with_nat_tasks_run_in_private_subnets(deploy: Callable[..., Deployment], nat: str, strategy: str) -> None:
    deployment = deploy(f"longhaul:network: {{nat: {nat}}}", JOB)

    assert deployment.one("awsx:ec2:Vpc").inputs["natGateways"] == {"strategy": strategy}
    assert sorted(subnet_types(deployment)) == ["Private", "Public"]
    target = run_target(deployment)
    assert target["Subnets"] == ["subnet-private1", "subnet-private2"]
    assert target["AssignPublicIp"] == "DISABLED"


@pytest.mark.parametrize("network", ["{nat: none}", "{nat: single}", "{endpoints: []}"])
def test_every_vpc_of_ours_leaves_no_strategy_to_awsx_and_reaches_s3_without_nat(
    deploy: Callable[..., Deployment], network: str
) -> None:
    inputs = deploy(f"longhaul:network: {network}", JOB).one("awsx:ec2:Vpc").inputs

    assert inputs["subnetStrategy"] == "Auto"
    assert inputs["vpcEndpointStrategy"] == "Auto"
    assert {"numberOfAvailabilityZones", "natGateways", "subnetSpecs"} <= inputs.keys()
    (s3,) = inputs["vpcEndpointSpecs"]
    assert s3["serviceName"] == "com.amazonaws.eu-west-1.s3"
    assert s3["vpcEndpointType"] == "Gateway"


# The first two zones' ranges of a VPC: they neither overlap nor depend on what else there is.
RANGES = {
    "10.0.0.0/16": {
        "Private": ["10.0.0.0/20", "10.0.32.0/20"],
        "Public": ["10.0.16.0/21", "10.0.48.0/21"],
        "Isolated": ["10.0.24.0/21", "10.0.56.0/21"],
    },
    "10.0.0.0/24": {
        "Private": ["10.0.0.0/27", "10.0.0.64/27"],
        "Public": ["10.0.0.32/28", "10.0.0.96/28"],
        "Isolated": ["10.0.0.48/28", "10.0.0.112/28"],
    },
}


@pytest.mark.parametrize("zones", [2, 4])
@pytest.mark.parametrize("kind", ["nat: none", "nat: single", "endpoints: []"])
@pytest.mark.parametrize("cidr", RANGES)
def test_no_subnet_moves_when_the_kind_of_network_or_the_number_of_zones_changes(
    deploy: Callable[..., Deployment], cidr: str, kind: str, zones: int
) -> None:
    network = f"{{cidr: {cidr}, availabilityZones: {zones}, {kind}}}"
    inputs = deploy(f"longhaul:network: {network}", JOB).one("awsx:ec2:Vpc").inputs
    plans = divide("vpc", cidr, list("abcd"[:zones]), inputs["subnetSpecs"], inputs["availabilityZoneCidrMask"])
    for plan in plans:
        if plan.availability_zone in "ab":
            assert plan.cidr_block == RANGES[cidr][plan.type]["ab".index(plan.availability_zone)]


def test_tasks_get_out_and_nothing_gets_in(deploy: Callable[..., Deployment]) -> None:
    group = deploy("longhaul:network: {nat: none}", JOB).one("ec2/securityGroup:SecurityGroup")

    assert group.inputs["vpcId"] == "vpc-0a1b2c3d"
    assert group.inputs["egress"] == [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]
    assert "ingress" not in group.inputs


def test_isolated_tasks_reach_the_endpoints_that_every_task_needs_and_those_named(
    deploy: Callable[..., Deployment],
) -> None:
    deployment = deploy("longhaul:network: {endpoints: [sts, dynamodb]}", JOB)

    vpc = deployment.one("awsx:ec2:Vpc")
    tasks = deployment.one("ec2/securityGroup:SecurityGroup", "longhaul-test-tasks")
    group = deployment.one("ec2/securityGroup:SecurityGroup", "longhaul-test-endpoints")
    endpoints = deployment.all("ec2/vpcEndpoint:VpcEndpoint")
    assert subnet_types(deployment) == ["Isolated"]
    assert run_target(deployment) == {
        "Subnets": ["subnet-isolated1", "subnet-isolated2"],
        "SecurityGroups": [tasks.id],
        "AssignPublicIp": "DISABLED",
    }
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html: Fargate needs both of ECR's and S3's.
    assert {endpoint.inputs["serviceName"] for endpoint in endpoints} == {
        f"com.amazonaws.eu-west-1.{service}" for service in ("ecr.api", "ecr.dkr", "logs", "sts")
    }
    assert {spec["serviceName"] for spec in vpc.inputs["vpcEndpointSpecs"]} == {
        "com.amazonaws.eu-west-1.s3",
        "com.amazonaws.eu-west-1.dynamodb",
    }
    for endpoint in endpoints:
        assert endpoint.inputs["vpcEndpointType"] == "Interface"
        assert endpoint.inputs["privateDnsEnabled"] is True
        assert endpoint.inputs["subnetIds"] == ["subnet-isolated1", "subnet-isolated2"]
        assert endpoint.inputs["securityGroupIds"] == [group.id]
    (ingress,) = group.inputs["ingress"]
    assert (ingress["protocol"], ingress["fromPort"], ingress["toPort"]) == ("tcp", 443, 443)
    assert ingress["securityGroups"] == [tasks.id]


@pytest.mark.parametrize("run_on", ["fargate", "lambda"])
def test_isolated_tasks_and_functions_with_secrets_reach_where_these_are(
    deploy: Callable[..., Deployment], run_on: str
) -> None:
    deployment = deploy(
        f"""
        longhaul:network: {{endpoints: []}}
        longhaul:jobs:
          report:
            build: {{context: code, dockerfile: code/Dockerfile}}
            entrypoint: [report]
            timeout: 5m
            runOn: {run_on}
            secrets: {{PASSWORD: database-password, TOKEN: /report/token}}
        """
    )

    services = {
        one.inputs["serviceName"].rpartition("eu-west-1.")[2] for one in deployment.all("ec2/vpcEndpoint:VpcEndpoint")
    }
    assert services == {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm"}


def test_no_run_starts_before_the_endpoints_are_there(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy("longhaul:network: {endpoints: []}", JOB)

    machine = deployment.one("sfn/stateMachine:StateMachine")
    assert {one.urn for one in deployment.all("ec2/vpcEndpoint:VpcEndpoint")} <= machine.dependencies


def test_an_existing_vpc_is_used_as_it_is(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:network:
          vpcId: vpc-00112233
          subnetIds: [subnet-00112233, subnet-44556677]
          securityGroupIds: [sg-00112233]
          assignPublicIp: true
        """,
        JOB,
    )

    assert not deployment.all("awsx:ec2:Vpc")
    assert not deployment.all("ec2/securityGroup:SecurityGroup")
    assert run_target(deployment) == {
        "Subnets": ["subnet-00112233", "subnet-44556677"],
        "SecurityGroups": ["sg-00112233"],
        "AssignPublicIp": "ENABLED",
    }


def test_an_existing_vpc_without_security_groups_gets_one_for_the_tasks(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy("longhaul:network: {vpcId: vpc-00112233, subnetIds: [subnet-00112233]}", JOB)

    group = deployment.one("ec2/securityGroup:SecurityGroup")
    assert group.inputs["vpcId"] == "vpc-00112233"
    assert run_target(deployment)["SecurityGroups"] == [group.id]
