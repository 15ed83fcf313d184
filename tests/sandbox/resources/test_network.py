from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ADDRESS = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TAGS = [{"Key": "a", "Value": "b"}]


@pytest.fixture
def vpc(make):
    return make(VPC, {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"a": "b"}})


@pytest.fixture
def subnet(make, vpc):
    zone = {"availabilityZone": "eu-west-1b", "mapPublicIpOnLaunch": True}
    return make(SUBNET, {"vpcId": vpc.id, "cidrBlock": "10.0.16.0/20", "tags": {"a": "b"}, **zone})


def test_vpc_is_made_as_asked_and_deleted(aws, vpc, delete):
    ec2 = aws.client("ec2")
    (found,) = ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
    assert found["CidrBlock"] == "10.0.0.0/16"
    assert found["Tags"] == TAGS
    for attribute, value in (("EnableDnsHostnames", True), ("EnableDnsSupport", True)):
        answer = ec2.describe_vpc_attribute(VpcId=vpc.id, Attribute=attribute[0].lower() + attribute[1:])
        assert answer[attribute]["Value"] is value
    (group,) = ec2.describe_security_groups(GroupIds=[vpc.outputs["defaultSecurityGroupId"]])["SecurityGroups"]
    assert (group["GroupName"], group["VpcId"]) == ("default", vpc.id)
    (table,) = ec2.describe_route_tables(RouteTableIds=[vpc.outputs["mainRouteTableId"]])["RouteTables"]
    assert [association["Main"] for association in table["Associations"]] == [True]
    delete(VPC, vpc)
    with pytest.raises(ClientError, match="NotFound"):
        ec2.describe_vpcs(VpcIds=[vpc.id])


@pytest.mark.usefixtures("subnet")
def test_a_vpc_with_a_subnet_in_it_is_not_deleted(vpc, delete):
    with pytest.raises(ClientError, match="DependencyViolation"):
        delete(VPC, vpc)


def test_subnet_is_made_as_asked_and_deleted(aws, vpc, subnet, delete):
    ec2 = aws.client("ec2")
    (found,) = ec2.describe_subnets(SubnetIds=[subnet.id])["Subnets"]
    assert (found["VpcId"], found["CidrBlock"]) == (vpc.id, "10.0.16.0/20")
    assert found["AvailabilityZone"] == subnet.outputs["availabilityZone"] == "eu-west-1b"
    assert found["MapPublicIpOnLaunch"] is True
    assert found["Tags"] == TAGS
    delete(SUBNET, subnet)
    with pytest.raises(ClientError, match="NotFound"):
        ec2.describe_subnets(SubnetIds=[subnet.id])


@pytest.mark.parametrize(
    ("cidr", "code"),
    [("10.1.0.0/20", "InvalidSubnet.Range"), ("10.0.24.0/24", "InvalidSubnet.Conflict")],
    ids=["outside the VPC", "inside another subnet"],
)
@pytest.mark.usefixtures("subnet")
def test_a_range_that_ec2_refuses_is_refused(make, vpc, cidr, code):
    with pytest.raises(SandboxError, match=f"CreateSubnet: {code}"):
        make(SUBNET, {"vpcId": vpc.id, "cidrBlock": cidr})


def test_routes_lead_out_by_both_kinds_of_gateway(aws, make, delete, vpc, subnet):
    ec2 = aws.client("ec2")
    gateway = make(GATEWAY, {"vpcId": vpc.id, "tags": {"a": "b"}})
    address = make(ADDRESS, {"tags": {"a": "b"}})
    nat = make(NAT, {"subnetId": subnet.id, "allocationId": address.outputs["allocationId"], "tags": {"a": "b"}})
    table = make(TABLE, {"vpcId": vpc.id, "tags": {"a": "b"}})
    association = make(ASSOCIATION, {"routeTableId": table.id, "subnetId": subnet.id})
    everywhere = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0"}
    route = make(ROUTE, {**everywhere, "gatewayId": gateway.id})

    (found,) = ec2.describe_internet_gateways(InternetGatewayIds=[gateway.id])["InternetGateways"]
    assert [attached["VpcId"] for attached in found["Attachments"]] == [vpc.id]
    assert found["Tags"] == TAGS
    (found,) = ec2.describe_addresses(AllocationIds=[address.id])["Addresses"]
    assert found["PublicIp"] == address.outputs["publicIp"]
    (found,) = ec2.describe_nat_gateways(NatGatewayIds=[nat.id])["NatGateways"]
    assert (found["SubnetId"], found["State"], found["Tags"]) == (subnet.id, "available", TAGS)
    (found,) = ec2.describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
    assert [used["SubnetId"] for used in found["Associations"]] == [subnet.id]
    assert ("0.0.0.0/0", gateway.id) in {(way["DestinationCidrBlock"], way.get("GatewayId")) for way in found["Routes"]}

    delete(ROUTE, route)
    by_nat = make(ROUTE, {**everywhere, "natGatewayId": nat.id})
    (found,) = ec2.describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
    assert ("0.0.0.0/0", nat.id) in {(way["DestinationCidrBlock"], way.get("NatGatewayId")) for way in found["Routes"]}

    parts = ((ROUTE, by_nat), (ASSOCIATION, association), (TABLE, table), (NAT, nat), (ADDRESS, address))
    for token, created in (*parts, (GATEWAY, gateway)):
        delete(token, created)
    of_the_vpc = [{"Name": "vpc-id", "Values": [vpc.id]}]
    assert [each["RouteTableId"] for each in ec2.describe_route_tables(Filters=of_the_vpc)["RouteTables"]] == [
        vpc.outputs["mainRouteTableId"]
    ]
    assert {each["State"] for each in ec2.describe_nat_gateways(Filters=of_the_vpc)["NatGateways"]} <= {"deleted"}
    assert gateway.id not in {
        each["InternetGatewayId"] for each in ec2.describe_internet_gateways()["InternetGateways"]
    }
    assert address.id not in {each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]}


def test_endpoints_are_made_as_asked_and_deleted(aws, make, delete, vpc, subnet):
    ec2 = aws.client("ec2")
    table = make(TABLE, {"vpcId": vpc.id})
    group = make(GROUP, {"vpcId": vpc.id})
    gateway = make(
        ENDPOINT, {"vpcId": vpc.id, "serviceName": "com.amazonaws.eu-west-1.s3", "routeTableIds": [table.id]}
    )
    interface = make(
        ENDPOINT,
        {
            "vpcId": vpc.id,
            "serviceName": "com.amazonaws.eu-west-1.logs",
            "vpcEndpointType": "Interface",
            "subnetIds": [subnet.id],
            "securityGroupIds": [group.id],
            "privateDnsEnabled": True,
            "tags": {"a": "b"},
        },
    )
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[gateway.id])["VpcEndpoints"]
    assert (found["VpcEndpointType"], found["ServiceName"]) == ("Gateway", "com.amazonaws.eu-west-1.s3")
    assert found["RouteTableIds"] == [table.id]
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[interface.id])["VpcEndpoints"]
    assert (found["VpcEndpointType"], found["ServiceName"]) == ("Interface", "com.amazonaws.eu-west-1.logs")
    assert (found["SubnetIds"], found["VpcId"], found["Tags"]) == ([subnet.id], vpc.id, TAGS)
    for endpoint in (gateway, interface):
        delete(ENDPOINT, endpoint)
    left = {each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    assert left.isdisjoint({gateway.id, interface.id})


def test_private_dns_needs_a_network_with_dns_host_names(make):
    # https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    vpc = make(VPC, {"cidrBlock": "10.0.0.0/16"})
    endpoint = {"vpcId": vpc.id, "serviceName": "com.amazonaws.eu-west-1.logs", "vpcEndpointType": "Interface"}
    with pytest.raises(SandboxError, match="Enabling private DNS requires both"):
        make(ENDPOINT, {**endpoint, "privateDnsEnabled": True})


def permissions(aws, group):
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
    return found["IpPermissions"], found["IpPermissionsEgress"]


def test_a_security_group_has_exactly_the_rules_it_was_given(aws, make, delete, vpc, unique):
    tasks = make(
        GROUP,
        {
            "name": unique,
            "vpcId": vpc.id,
            "description": "tasks",
            "egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"a": "b"},
        },
    )
    from_tasks = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "securityGroups": [tasks.id], "self": True}
    endpoints = make(GROUP, {"vpcId": vpc.id, "ingress": [from_tasks]})
    (found,) = aws.client("ec2").describe_security_groups(GroupIds=[tasks.id])["SecurityGroups"]
    assert (found["GroupName"], found["Description"], found["VpcId"]) == (unique, "tasks", vpc.id)
    assert found["Tags"] == TAGS
    ingress, (egress,) = permissions(aws, tasks)
    assert ingress == []
    assert (egress["IpProtocol"], egress["FromPort"], egress["ToPort"]) == ("tcp", 443, 443)
    assert [each["CidrIp"] for each in egress["IpRanges"]] == ["0.0.0.0/0"]
    (ingress,), egress = permissions(aws, endpoints)
    assert {pair["GroupId"] for pair in ingress["UserIdGroupPairs"]} == {tasks.id, endpoints.id}
    assert egress == [], "without egress rules a group made by the provider lets nothing out"
    delete(GROUP, endpoints)
    with pytest.raises(ClientError, match="NotFound"):
        aws.client("ec2").describe_security_groups(GroupIds=[endpoints.id])


def test_a_rule_for_all_protocols_has_no_ports(aws, make, vpc):
    everything = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"], "description": "out"}
    group = make(GROUP, {"vpcId": vpc.id, "egress": [everything]})
    _, (egress,) = permissions(aws, group)
    assert egress["IpProtocol"] == "-1"
    assert "FromPort" not in egress
    assert egress["IpRanges"] == [{"CidrIp": "0.0.0.0/0", "Description": "out"}]


def test_rules_of_their_own_are_added_and_taken_away(aws, make, delete, vpc):
    group = make(GROUP, {"vpcId": vpc.id})
    https = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    ingress = make(INGRESS, {**https, "referencedSecurityGroupId": group.id, "description": "from each other"})
    egress = make(EGRESS, {**https, "cidrIpv4": "10.0.0.0/16"})
    (inward,), (outward,) = permissions(aws, group)
    assert inward["UserIdGroupPairs"][0]["GroupId"] == group.id
    assert outward["IpRanges"][0]["CidrIp"] == "10.0.0.0/16"
    assert ingress.id.startswith("sgr-")
    delete(INGRESS, ingress)
    delete(EGRESS, egress)
    assert permissions(aws, group) == ([], [])


def test_an_unknown_property_of_an_inline_rule_is_refused(make, vpc):
    with pytest.raises(SandboxError, match=r"'egress\.cidrBlock' \(the nearest is 'cidrBlocks'\)"):
        make(GROUP, {"vpcId": vpc.id, "egress": [{"protocol": "-1", "cidrBlock": ["0.0.0.0/0"]}]})
