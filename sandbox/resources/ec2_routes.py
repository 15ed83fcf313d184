"""EC2: which way packets go, and which AWS services are reached without leaving the network."""

from typing import ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import EC2, tag_specifications, tags_all


class RouteTable(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html"""

    token = "aws:ec2/routeTable:RouteTable"
    fields: ClassVar = {"vpcId": "VpcId"}
    required = frozenset({"vpcId"})
    auto_named = None
    tagging = EC2
    replace_on = frozenset(fields)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the table's."""
        tags = tag_specifications("route-table", inputs)
        table = aws.client("ec2").create_route_table(**self.request(inputs), **tags)["RouteTable"]
        table_id = table["RouteTableId"]
        outputs = {"arn": aws.arn("ec2", f"route-table/{table_id}"), "ownerId": aws.account}
        return Created(table_id, {**inputs, **tags_all(inputs), **outputs})

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeRouteTables tells."""
        (table,) = aws.client("ec2").describe_route_tables(RouteTableIds=[made.id])["RouteTables"]
        return observed(table, self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the table; AWS refuses while a subnet uses it."""
        aws.client("ec2").delete_route_table(RouteTableId=made.id)


class Route(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html"""

    token = "aws:ec2/route:Route"
    fields: ClassVar = {
        "routeTableId": "RouteTableId",
        "destinationCidrBlock": "DestinationCidrBlock",
        "gatewayId": "GatewayId",
        "natGatewayId": "NatGatewayId",
    }
    required = frozenset({"routeTableId", "destinationCidrBlock"})
    replace_on = required
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is made of the table and the destination; AWS gives routes none."""
        aws.client("ec2").create_route(**self.request(inputs))
        route_id = f"r-{inputs['routeTableId']}-{inputs['destinationCidrBlock']}"
        return Created(route_id, {**inputs, "state": "active", "origin": "CreateRoute"})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Lead it through another gateway."""
        aws.client("ec2").replace_route(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """The gateway that its table's route to the destination names."""
        (table,) = aws.client("ec2").describe_route_tables(RouteTableIds=[made.outputs["routeTableId"]])["RouteTables"]
        routes = {route.get("DestinationCidrBlock"): route for route in table["Routes"]}
        route = routes.get(made.outputs["destinationCidrBlock"])
        return route and {"gatewayId": route.get("GatewayId"), "natGatewayId": route.get("NatGatewayId")}

    def delete(self, aws: Aws, made: Created) -> None:
        """Take the route out of its table."""
        aws.client("ec2").delete_route(
            RouteTableId=made.outputs["routeTableId"], DestinationCidrBlock=made.outputs["destinationCidrBlock"]
        )


class RouteTableAssociation(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html"""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    fields: ClassVar = {"routeTableId": "RouteTableId", "subnetId": "SubnetId"}
    required = frozenset({"routeTableId", "subnetId"})
    replace_on = frozenset({"subnetId"})
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the association's."""
        answer = aws.client("ec2").associate_route_table(**self.request(inputs))
        return Created(answer["AssociationId"], dict(inputs))

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What its table tells."""
        (table,) = aws.client("ec2").describe_route_tables(RouteTableIds=[made.outputs["routeTableId"]])["RouteTables"]
        associations = {entry["RouteTableAssociationId"]: entry for entry in table["Associations"]}
        return observed(associations[made.id], {"subnetId": "SubnetId"}) if made.id in associations else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Give the subnet back to the network's main route table."""
        aws.client("ec2").disassociate_route_table(AssociationId=made.id)


class VpcEndpoint(Handler):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html"""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    fields: ClassVar = {
        "vpcId": "VpcId",
        "serviceName": "ServiceName",
        "vpcEndpointType": "VpcEndpointType",
        "subnetIds": "SubnetIds",
        "securityGroupIds": "SecurityGroupIds",
        "routeTableIds": "RouteTableIds",
        "privateDnsEnabled": "PrivateDnsEnabled",
        "policy": "PolicyDocument",
    }
    required = frozenset({"vpcId", "serviceName"})
    defaults: ClassVar = {"vpcEndpointType": "Gateway"}
    json_properties = ("policy",)
    auto_named = None
    tagging = EC2
    replace_on = frozenset({"vpcId", "serviceName", "vpcEndpointType"})

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the endpoint's. Raises SandboxError for private DNS in a network that cannot have it."""
        ec2 = aws.client("ec2")
        if inputs.get("privateDnsEnabled"):
            _refuse_private_dns_without_dns(ec2, inputs["vpcId"])
        tags = tag_specifications("vpc-endpoint", inputs)
        endpoint = ec2.create_vpc_endpoint(**self.request(inputs), **tags)["VpcEndpoint"]
        endpoint_id = endpoint["VpcEndpointId"]
        outputs = {
            "arn": aws.arn("ec2", f"vpc-endpoint/{endpoint_id}"),
            "ownerId": aws.account,
            "state": endpoint["State"],
        }
        return Created(endpoint_id, {**inputs, **tags_all(inputs), **outputs})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change what leads to it and who may use it."""
        request: Properties = {}
        for name in ("routeTableIds", "subnetIds", "securityGroupIds"):
            field = self.fields[name]
            old, new = set(made.outputs.get(name) or ()), set(inputs.get(name) or ())
            request |= {f"Add{field}": sorted(new - old), f"Remove{field}": sorted(old - new)}
        for name in ("privateDnsEnabled", "policy"):
            if inputs.get(name) is not None:
                request |= self.request({name: inputs[name]})
        request = {name: value for name, value in request.items() if value != []}
        aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=made.id, **request)

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What DescribeVpcEndpoints tells: the local server keeps neither security groups nor private DNS."""
        endpoints = aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"]
        if not endpoints or endpoints[0]["State"].lower() in ("deleting", "deleted"):
            return None
        kept = {name: self.fields[name] for name in ("routeTableIds", "subnetIds")}
        return observed(endpoints[0], kept)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the endpoint. Raises SandboxError for what AWS refuses: it answers 200 and says so in the body."""
        answer = aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made.id])
        for refusal in answer.get("Unsuccessful", []):
            error = refusal["Error"]
            raise SandboxError(f"DeleteVpcEndpoints: {error['Code']}: {error['Message']}")


def _refuse_private_dns_without_dns(ec2, vpc_id: str) -> None:
    # AWS refuses this; the local server accepts it.
    # https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html#prerequisites-interface-endpoints
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)
        if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
            raise SandboxError(
                "CreateVpcEndpoint: InvalidParameter: Enabling private DNS requires both enableDnsSupport and "
                f"enableDnsHostnames VPC attributes set to true for {vpc_id}"
            )
