"""The components of awsx, made of real resources."""

from __future__ import annotations

import json
import re
from functools import partial

import pytest

from sandbox.errors import SandboxError
from sandbox.resources import functions
from sandbox.resources.awsx import COMPONENTS
from sandbox.resources.awsx.component import RESOURCE_SIGNATURE, SIGNATURE_KEY, Component, Registered
from sandbox.resources.handler import Created
from sandbox.resources.registry import handler_for


@pytest.fixture
def construct(aws, unique):
    """Make a component and give back its outputs and its resources by (token, name); delete them after the test."""
    made: dict[tuple[str, str], Registered] = {}

    def register(token, name, inputs, *, parent, depends_on=()):
        assert all(needed in made.values() for needed in depends_on)
        handler = handler_for(token)
        created = handler.create(aws, handler.check(inputs, name, unique.encode()))
        assert (token, name) not in made
        made[token, name] = Registered(f"{parent}${token}::{name}", *created)
        return made[token, name]

    def component(token, inputs, name=unique):
        outputs = COMPONENTS[token](Component(name, "urn", register, partial(functions.call, aws)), inputs)
        return {output: found.value for output, found in outputs.items()}, made

    yield component
    for (token, _), created in reversed(made.items()):
        handler_for(token).delete(aws, Created(created.id, created.outputs))


def network(construct, strategy, kinds, **more):
    return construct(
        "awsx:ec2:Vpc",
        {
            "cidrBlock": "10.0.0.0/16",
            "numberOfAvailabilityZones": 2,
            "enableDnsHostnames": True,
            "natGateways": {"strategy": strategy},
            "subnetStrategy": "Auto",
            "subnetSpecs": [{"type": kind} for kind in kinds],
            "tags": {"longhaul:stack": "dev"},
            **more,
        },
    )


def ways_out(aws, subnet_id):
    """Where a subnet's packets for the internet go: the id of a gateway, or None."""
    of_the_subnet = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
    (table,) = aws.client("ec2").describe_route_tables(Filters=of_the_subnet)["RouteTables"]
    (way,) = [way for way in table["Routes"] if way.get("DestinationCidrBlock") == "0.0.0.0/0"] or [{}]
    return way.get("NatGatewayId") or way.get("GatewayId")


def test_without_nat_there_are_public_subnets_that_lead_to_the_internet(aws, construct):
    outputs, made = network(construct, "None", ["Public"])
    assert len(outputs["publicSubnetIds"]) == 2
    assert outputs["privateSubnetIds"] == outputs["isolatedSubnetIds"] == []
    assert [ways_out(aws, subnet) for subnet in outputs["publicSubnetIds"]] == [outputs["internetGateway"]["id"]] * 2
    subnets = aws.client("ec2").describe_subnets(SubnetIds=outputs["publicSubnetIds"])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"eu-west-1a", "eu-west-1b"}
    assert {subnet["VpcId"] for subnet in subnets} == {outputs["vpcId"]}
    assert all(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    assert not any("NatGateway" in token or "Eip" in token for token, _ in made)


@pytest.mark.parametrize(("strategy", "count"), [("Single", 1), ("OnePerAz", 2)])
def test_private_subnets_lead_to_a_nat_gateway(aws, construct, strategy, count):
    outputs, _ = network(construct, strategy, ["Private", "Public"])
    gateways = [gateway["id"] for gateway in outputs["natGateways"]]
    assert len(gateways) == len(outputs["eips"]) == count
    found = aws.client("ec2").describe_nat_gateways(NatGatewayIds=gateways)["NatGateways"]
    in_subnet = {gateway["NatGatewayId"]: gateway["SubnetId"] for gateway in found}
    assert [in_subnet[gateway] for gateway in gateways] == outputs["publicSubnetIds"][:count]
    expected = gateways if count == 2 else gateways * 2
    assert [ways_out(aws, subnet) for subnet in outputs["privateSubnetIds"]] == expected


def test_isolated_subnets_lead_nowhere_but_to_their_endpoints(aws, construct):
    endpoint = {"serviceName": "com.amazonaws.eu-west-1.s3", "vpcEndpointType": "Gateway", "tags": {"Name": "s3"}}
    outputs, _ = network(construct, "None", ["Isolated"], vpcEndpointStrategy="Auto", vpcEndpointSpecs=[endpoint])
    assert [ways_out(aws, subnet) for subnet in outputs["isolatedSubnetIds"]] == [None, None]
    (reference,) = outputs["vpcEndpoints"]
    (found,) = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[reference["id"]])["VpcEndpoints"]
    assert set(found["RouteTableIds"]) == {table["id"] for table in outputs["routeTables"]}
    assert found["Tags"] == [{"Key": "Name", "Value": "s3"}]


def test_everything_of_a_network_is_tagged_and_named(construct, unique):
    _, made = network(construct, "Single", ["Private", "Public"])
    for (token, _), resource in made.items():
        if handler_for(token).tagging:
            assert resource.outputs["tags"]["longhaul:stack"] == "dev", token
            assert resource.outputs["tags"]["Name"].startswith(unique), token


def test_outputs_refer_to_resources(construct):
    outputs, made = network(construct, "None", ["Public"])
    (vpc,) = [resource for (token, _), resource in made.items() if token == "aws:ec2/vpc:Vpc"]
    assert outputs["vpc"] == {SIGNATURE_KEY: RESOURCE_SIGNATURE, "urn": vpc.urn, "id": vpc.id}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"subnetStrategy": "Exact"}, "knows subnetStrategy 'Auto' only, not 'Exact'"),
        ({"natGateways": {"strategy": "Sngle"}}, "one of None, Single, OnePerAz, not 'Sngle'"),
        ({"natGateways": {"strategy": "Single"}}, "'Single' needs both public and private subnets"),
        ({"numberOfAvailabilityZones": 9}, "not the 9 wanted"),
        ({"availabilityZoneNames": ["eu-west-1a"]}, "only one of availabilityZoneNames and numberOfAvailabilityZones"),
        ({"ipv4IpamPoolId": "pool"}, "does not know the property 'ipv4IpamPoolId'"),
        ({"vpcEndpointSpecs": [{"serviceName": "s", "vpcEndpointType": "Interface"}]}, "makes gateway endpoints"),
    ],
)
def test_what_the_sandbox_does_not_know_of_networks_is_refused(construct, change, problem):
    with pytest.raises(SandboxError, match=re.escape(problem)):
        network(construct, "None", ["Public"], **change)


def lifecycle_policy(aws, construct, policy):
    inputs = {"name": "lifecycle", "lifecyclePolicy": policy}
    construct("awsx:ecr:Repository", {key: value for key, value in inputs.items() if value is not None})
    return json.loads(aws.client("ecr").get_lifecycle_policy(repositoryName="lifecycle")["lifecyclePolicyText"])


def test_a_repository_has_the_lifecycle_policy_it_was_given(aws, construct):
    rules = [
        {"tagStatus": "any", "maximumNumberOfImages": 100},
        {"tagStatus": "untagged", "maximumAgeLimit": 365, "description": "old ones"},
    ]
    by_age = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countNumber": 365, "countUnit": "days"}
    by_count = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}
    expire = {"action": {"type": "expire"}}
    assert lifecycle_policy(aws, construct, {"rules": rules})["rules"] == [
        {"rulePriority": 1, "description": "old ones", "selection": by_age, **expire},
        {"rulePriority": 2, "selection": by_count, **expire},
    ]


def test_a_repository_without_a_policy_keeps_one_untagged_image_as_awsx_makes_it(aws, construct):
    (rule,) = lifecycle_policy(aws, construct, None)["rules"]
    assert rule["selection"] == {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}


def test_a_repository_gives_its_url(construct, unique):
    outputs, made = construct("awsx:ecr:Repository", {"lifecyclePolicy": {"skip": True}})
    ((token, name),) = made
    assert (token, name) == ("aws:ecr/repository:Repository", unique)
    assert outputs["url"] == made[token, name].outputs["repositoryUrl"]
