"""EC2: a network and its ways in and out."""

from ipaddress import IPv4Network
from typing import Any, ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import observed
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import EC2, tag_specifications, tags_all


class Vpc(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html"""

    token = "aws:ec2/vpc:Vpc"
    fields: ClassVar = {"cidrBlock": "CidrBlock", "instanceTenancy": "InstanceTenancy"}
    others = frozenset({"enableDnsHostnames", "enableDnsSupport"})
    required = frozenset({"cidrBlock"})
    defaults: ClassVar = {"instanceTenancy": "default", "enableDnsHostnames": False, "enableDnsSupport": True}
    auto_named = None
    tagging = EC2
    replace_on = frozenset({"cidrBlock"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the VPC's; outputs also name the parts that AWS makes with it."""
        ec2 = aws.client("ec2")
        vpc = ec2.create_vpc(**self.request(inputs), **tag_specifications("vpc", inputs))["Vpc"]
        vpc_id = vpc["VpcId"]
        with undone_on_error(lambda: ec2.delete_vpc(VpcId=vpc_id)):
            _set_dns(ec2, vpc_id, inputs)
        of_this_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
        (main_table,) = ec2.describe_route_tables(
            Filters=[*of_this_vpc, {"Name": "association.main", "Values": ["true"]}]
        )["RouteTables"]
        (group,) = ec2.describe_security_groups(Filters=[*of_this_vpc, {"Name": "group-name", "Values": ["default"]}])[
            "SecurityGroups"
        ]
        outputs = {
            "arn": aws.arn("ec2", f"vpc/{vpc_id}"),
            "ownerId": aws.account,
            "dhcpOptionsId": vpc["DhcpOptionsId"],
            "mainRouteTableId": main_table["RouteTableId"],
            "defaultRouteTableId": main_table["RouteTableId"],
            "defaultSecurityGroupId": group["GroupId"],
        }
        return Created(vpc_id, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change what its DNS does."""
        if inputs["instanceTenancy"] != made.outputs["instanceTenancy"]:
            raise SandboxError("the sandbox cannot change instanceTenancy of a VPC that is there")
        _set_dns(aws.client("ec2"), made.id, inputs)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeVpcs and DescribeVpcAttribute tell."""
        ec2 = aws.client("ec2")
        (vpc,) = ec2.describe_vpcs(VpcIds=[made.id])["Vpcs"]
        found = observed(vpc, self.fields)
        for name, attribute in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            found[name] = ec2.describe_vpc_attribute(VpcId=made.id, Attribute=name)[attribute]["Value"]
        return found

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the VPC; AWS refuses while anything is left in it."""
        aws.client("ec2").delete_vpc(VpcId=made.id)


class Subnet(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html"""

    token = "aws:ec2/subnet:Subnet"
    fields: ClassVar = {"vpcId": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone"}
    others = frozenset({"mapPublicIpOnLaunch"})
    required = frozenset({"vpcId", "cidrBlock"})
    defaults: ClassVar = {"mapPublicIpOnLaunch": False}
    auto_named = None
    tagging = EC2
    replace_on = frozenset(fields)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the subnet's. Raises SandboxError for a range that does not lie in free space of its VPC."""
        ec2 = aws.client("ec2")
        _refuse_illegal_range(ec2, inputs["vpcId"], inputs["cidrBlock"])
        request = self.request(inputs)
        subnet = ec2.create_subnet(**request, **tag_specifications("subnet", inputs))["Subnet"]
        subnet_id = subnet["SubnetId"]
        if inputs["mapPublicIpOnLaunch"]:
            with undone_on_error(lambda: ec2.delete_subnet(SubnetId=subnet_id)):
                ec2.modify_subnet_attribute(SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
        outputs = {
            "arn": aws.arn("ec2", f"subnet/{subnet_id}"),
            "ownerId": aws.account,
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet["AvailabilityZoneId"],
        }
        return Created(subnet_id, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change whether what starts in it gets a public address."""
        public = {"Value": inputs["mapPublicIpOnLaunch"]}
        aws.client("ec2").modify_subnet_attribute(SubnetId=made.id, MapPublicIpOnLaunch=public)

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeSubnets tells."""
        (subnet,) = aws.client("ec2").describe_subnets(SubnetIds=[made.id])["Subnets"]
        return observed(subnet, {**self.fields, "mapPublicIpOnLaunch": "MapPublicIpOnLaunch"})

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the subnet."""
        aws.client("ec2").delete_subnet(SubnetId=made.id)


class InternetGateway(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html"""

    token = "aws:ec2/internetGateway:InternetGateway"
    others = frozenset({"vpcId"})
    auto_named = None
    tagging = EC2

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the gateway's; it is attached to the VPC that the inputs name."""
        ec2 = aws.client("ec2")
        tags = tag_specifications("internet-gateway", inputs)
        gateway_id = ec2.create_internet_gateway(**tags)["InternetGateway"]["InternetGatewayId"]
        if inputs.get("vpcId"):
            with undone_on_error(lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway_id)):
                ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=inputs["vpcId"])
        outputs = {"arn": aws.arn("ec2", f"internet-gateway/{gateway_id}"), "ownerId": aws.account}
        return Created(gateway_id, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Attach it to another VPC."""
        ec2 = aws.client("ec2")
        if made.outputs.get("vpcId"):
            ec2.detach_internet_gateway(InternetGatewayId=made.id, VpcId=made.outputs["vpcId"])
        if inputs.get("vpcId"):
            ec2.attach_internet_gateway(InternetGatewayId=made.id, VpcId=inputs["vpcId"])

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeInternetGateways tells."""
        (gateway,) = aws.client("ec2").describe_internet_gateways(InternetGatewayIds=[made.id])["InternetGateways"]
        attached = [attachment["VpcId"] for attachment in gateway["Attachments"]]
        return {"vpcId": attached[0] if attached else None}

    def delete(self, aws: Aws, made: Created) -> None:
        """Detach the gateway, then delete it."""
        ec2 = aws.client("ec2")
        if made.outputs.get("vpcId"):
            ec2.detach_internet_gateway(InternetGatewayId=made.id, VpcId=made.outputs["vpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=made.id)


class Eip(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html"""

    token = "aws:ec2/eip:Eip"
    fields: ClassVar = {"domain": "Domain"}
    defaults: ClassVar = {"domain": "vpc"}
    auto_named = None
    tagging = EC2
    replace_on = frozenset(fields)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the allocation's."""
        tags = tag_specifications("elastic-ip", inputs)
        address = aws.client("ec2").allocate_address(**self.request(inputs), **tags)
        allocation_id = address["AllocationId"]
        outputs = {
            "allocationId": allocation_id,
            "arn": aws.arn("ec2", f"elastic-ip/{allocation_id}"),
            "publicIp": address["PublicIp"],
        }
        return Created(allocation_id, {**inputs, **tags_all(inputs), **outputs})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeAddresses tells."""
        addresses = aws.client("ec2").describe_addresses(AllocationIds=[made.id])["Addresses"]
        return {"publicIp": addresses[0]["PublicIp"]} if addresses else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Give the address back."""
        aws.client("ec2").release_address(AllocationId=made.id)


class NatGateway(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html"""

    token = "aws:ec2/natGateway:NatGateway"
    fields: ClassVar = {
        "subnetId": "SubnetId",
        "allocationId": "AllocationId",
        "connectivityType": "ConnectivityType",
    }
    required = frozenset({"subnetId"})
    defaults: ClassVar = {"connectivityType": "public"}
    auto_named = None
    tagging = EC2
    replace_on = frozenset(fields)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the gateway's."""
        tags = tag_specifications("natgateway", inputs)
        gateway = aws.client("ec2").create_nat_gateway(**self.request(inputs), **tags)["NatGateway"]
        return Created(gateway["NatGatewayId"], {**inputs, **tags_all(inputs)})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeNatGateways tells of a gateway that is not deleted; AWS remembers deleted ones for an hour."""
        gateways = aws.client("ec2").describe_nat_gateways(NatGatewayIds=[made.id])["NatGateways"]
        if not gateways or gateways[0]["State"] in ("deleting", "deleted"):
            return None
        return {"subnetId": gateways[0]["SubnetId"]}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the gateway."""
        aws.client("ec2").delete_nat_gateway(NatGatewayId=made.id)


def _set_dns(ec2: Any, vpc_id: str, inputs: Properties) -> None:
    # One attribute a call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsSupport={"Value": inputs["enableDnsSupport"]})
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": inputs["enableDnsHostnames"]})


def _refuse_illegal_range(ec2: Any, vpc_id: str, cidr: str) -> None:
    # AWS refuses these; the local server accepts any range.
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    wanted = IPv4Network(cidr)
    (vpc,) = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    if not wanted.subnet_of(IPv4Network(vpc["CidrBlock"])):
        raise SandboxError(f"CreateSubnet: InvalidSubnet.Range: The CIDR '{cidr}' is invalid.")
    for other in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]:
        if wanted.overlaps(IPv4Network(other["CidrBlock"])):
            raise SandboxError(f"CreateSubnet: InvalidSubnet.Conflict: The CIDR '{cidr}' conflicts with another subnet")
