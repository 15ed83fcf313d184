"""awsx:ec2:Vpc: a network with subnets of three kinds in several availability zones.

Public subnets reach the internet by the internet gateway, private ones by a NAT gateway if there is one, isolated ones
not at all: https://www.pulumi.com/docs/iac/clouds/aws/guides/vpc/
"""

from collections.abc import Sequence
from typing import Any

from sandbox.errors import SandboxError
from sandbox.resources.awsx.component import Component, From, Registered, reference
from sandbox.resources.awsx.subnets import TYPES, SubnetPlan, default_specs, divide
from sandbox.resources.fields import refuse_unknown

PROPERTIES = frozenset(
    {
        "cidrBlock",
        "numberOfAvailabilityZones",
        "availabilityZoneNames",
        "availabilityZoneCidrMask",
        "enableDnsHostnames",
        "enableDnsSupport",
        "instanceTenancy",
        "natGateways",
        "subnetSpecs",
        "subnetStrategy",
        "vpcEndpointSpecs",
        "vpcEndpointStrategy",
        "tags",
    }
)
OF_THE_VPC_ITSELF = ("enableDnsHostnames", "enableDnsSupport", "instanceTenancy")
EVERYWHERE = "0.0.0.0/0"


def vpc(component: Component, inputs: dict[str, Any]) -> dict[str, From]:
    """Make the network and give back awsx's outputs. Raises SandboxError for what the sandbox does not know."""
    refuse_unknown(inputs, PROPERTIES)
    _require_strategy(inputs, "subnetStrategy", "Auto")
    cidr = inputs.get("cidrBlock") or "10.0.0.0/16"
    zones = _zones(component, inputs)
    zone_prefix = inputs.get("availabilityZoneCidrMask")
    specs = inputs.get("subnetSpecs") or default_specs(cidr, len(zones), zone_prefix)
    plans = divide(component.name, cidr, zones, specs, zone_prefix)
    nat_subnets = _subnets_with_nat(inputs.get("natGateways") or {}, plans, zones)
    return _Network(component, inputs.get("tags") or {}).build(inputs, cidr, plans, nat_subnets)


class _Network:
    """The resources of one network, collected while they are made."""

    def __init__(self, component: Component, tags: dict[str, str]) -> None:
        self.component = component
        self.tags = tags
        self.shared_tags = {"Name": component.name, **tags}
        self.subnets: dict[str, list[Registered]] = {kind: [] for kind in TYPES}
        self.route_tables: list[Registered] = []
        self.associations: list[Registered] = []
        self.routes: list[Registered] = []
        self.addresses: list[Registered] = []
        # By availability zone.
        self.nat_gateways: dict[str, Registered] = {}

    def build(
        self, inputs: dict[str, Any], cidr: str, plans: Sequence[SubnetPlan], nat_subnets: set[str]
    ) -> dict[str, From]:
        name = self.component.name
        vpc_inputs = {key: inputs[key] for key in OF_THE_VPC_ITSELF if key in inputs}
        vpc = self.component.register(
            "aws:ec2/vpc:Vpc",
            name,
            {**vpc_inputs, "cidrBlock": cidr, "tags": self.shared_tags},
            parent=self.component.urn,
        )
        internet_gateway = self._make(
            "aws:ec2/internetGateway:InternetGateway", name, {"vpcId": vpc.id, "tags": self.shared_tags}, vpc
        )
        for plan in plans:
            self._add_subnet(plan, vpc, internet_gateway, plan.name in nat_subnets)
        endpoints = [self._endpoint(spec, inputs, vpc) for spec in inputs.get("vpcEndpointSpecs") or []]
        outputs = {f"{kind.lower()}SubnetIds": _ids(self.subnets[kind]) for kind in TYPES}
        references = {f"{kind.lower()}Subnets": _references(self.subnets[kind]) for kind in TYPES}
        return {
            **outputs,
            **references,
            "vpcId": From(vpc.id, [vpc]),
            "vpc": From(reference(vpc), [vpc]),
            "internetGateway": From(reference(internet_gateway), [internet_gateway]),
            "subnets": _references([made for kind in TYPES for made in self.subnets[kind]]),
            "routeTables": _references(self.route_tables),
            "routeTableAssociations": _references(self.associations),
            "routes": _references(self.routes),
            "natGateways": _references(list(self.nat_gateways.values())),
            "eips": _references(self.addresses),
            "vpcEndpoints": _references(endpoints),
            "subnetLayout": From(inputs.get("subnetSpecs") or [], []),
        }

    def _add_subnet(self, plan: SubnetPlan, vpc: Registered, internet_gateway: Registered, with_nat: bool) -> None:
        kind_tags = {"Name": plan.name, "SubnetType": plan.type}
        subnet = self._make(
            "aws:ec2/subnet:Subnet",
            plan.name,
            {
                "vpcId": vpc.id,
                "cidrBlock": plan.cidr_block,
                "availabilityZone": plan.availability_zone,
                "mapPublicIpOnLaunch": plan.type == "Public",
                "tags": {**self.shared_tags, **plan.tags, **kind_tags},
            },
            vpc,
        )
        self.subnets[plan.type].append(subnet)
        table = self._make(
            "aws:ec2/routeTable:RouteTable",
            plan.name,
            {"vpcId": vpc.id, "tags": {**self.shared_tags, **kind_tags}},
            subnet,
        )
        self.route_tables.append(table)
        association = {"routeTableId": table.id, "subnetId": subnet.id}
        token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
        self.associations.append(self._make(token, plan.name, association, table, depends_on=[subnet]))
        if with_nat:
            self._add_nat_gateway(plan, subnet)
        way_out = self._way_out(plan, internet_gateway)
        if way_out:
            argument, gateway = way_out
            route = {"routeTableId": table.id, "destinationCidrBlock": EVERYWHERE, argument: gateway.id}
            self.routes.append(self._make("aws:ec2/route:Route", plan.name, route, table, depends_on=[gateway]))

    def _add_nat_gateway(self, plan: SubnetPlan, subnet: Registered) -> None:
        name = f"{self.component.name}-{len(self.nat_gateways) + 1}"
        tags = {**self.tags, "Name": name}
        address = self._make("aws:ec2/eip:Eip", name, {"tags": tags}, subnet)
        self.addresses.append(address)
        gateway = {"subnetId": subnet.id, "allocationId": address.outputs["allocationId"], "tags": tags}
        self.nat_gateways[plan.availability_zone] = self._make(
            "aws:ec2/natGateway:NatGateway", name, gateway, subnet, depends_on=[address]
        )

    def _way_out(self, plan: SubnetPlan, internet_gateway: Registered) -> tuple[str, Registered] | None:
        """The route's property that names its gateway, and the gateway; None for a subnet without a way out."""
        if plan.type == "Public":
            return "gatewayId", internet_gateway
        if plan.type == "Private" and self.nat_gateways:
            only = next(iter(self.nat_gateways.values()))
            return "natGatewayId", self.nat_gateways.get(plan.availability_zone, only)
        return None

    def _endpoint(self, spec: dict[str, Any], inputs: dict[str, Any], vpc: Registered) -> Registered:
        refuse_unknown(spec, ("serviceName", "vpcEndpointType", "routeTableIds", "policy", "tags"), "vpcEndpointSpecs.")
        if spec.get("vpcEndpointType", "Gateway") != "Gateway":
            raise SandboxError(
                f"the sandbox makes gateway endpoints with a Vpc, not vpcEndpointType {spec['vpcEndpointType']!r}: "
                "make an aws:ec2:VpcEndpoint beside it"
            )
        endpoint: dict[str, Any] = {**spec, "vpcId": vpc.id}
        if inputs.get("vpcEndpointStrategy") == "Auto":
            endpoint.setdefault("routeTableIds", [table.id for table in self.route_tables])
        tables = self.route_tables if "routeTableIds" not in spec else []
        return self._make("aws:ec2/vpcEndpoint:VpcEndpoint", spec["serviceName"], endpoint, vpc, depends_on=tables)

    def _make(
        self, token: str, name: str, inputs: dict[str, Any], parent: Registered, depends_on: Sequence[Registered] = ()
    ) -> Registered:
        return self.component.register(token, name, inputs, parent=parent.urn, depends_on=[parent, *depends_on])


def _ids(resources: Sequence[Registered]) -> From:
    return From([resource.id for resource in resources], resources)


def _references(resources: Sequence[Registered]) -> From:
    return From([reference(resource) for resource in resources], resources)


def _require_strategy(inputs: dict[str, Any], name: str, only: str) -> None:
    found = inputs.get(name, "Legacy")
    if found != only:
        raise SandboxError(f"the sandbox knows {name} {only!r} only, not {found!r}")


def _zones(component: Component, inputs: dict[str, Any]) -> list[str]:
    if inputs.get("availabilityZoneNames"):
        if inputs.get("numberOfAvailabilityZones"):
            raise SandboxError("only one of availabilityZoneNames and numberOfAvailabilityZones can be given")
        return list(inputs["availabilityZoneNames"])
    wanted = int(inputs.get("numberOfAvailabilityZones") or 3)
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    answer = component.invoke(token, {})
    names = answer["names"]
    if len(names) < wanted:
        raise SandboxError(f"{answer['id']} has {len(names)} availability zones, not the {wanted} wanted")
    return names[:wanted]


def _subnets_with_nat(nat_gateways: dict[str, Any], plans: Sequence[SubnetPlan], zones: Sequence[str]) -> set[str]:
    """The names of the public subnets that get a NAT gateway: none, the first, or the first of each zone."""
    refuse_unknown(nat_gateways, ("strategy",), "natGateways.")
    strategy = nat_gateways.get("strategy", "OnePerAz")
    if strategy == "None":
        return set()
    if strategy not in ("Single", "OnePerAz"):
        raise SandboxError(f"natGateways.strategy is one of None, Single, OnePerAz, not {strategy!r}")
    kinds = {plan.type for plan in plans}
    if not {"Public", "Private"} <= kinds:
        raise SandboxError(f"natGateways.strategy {strategy!r} needs both public and private subnets")
    first_of_zone: dict[str, str] = {}
    for plan in plans:
        if plan.type == "Public":
            first_of_zone.setdefault(plan.availability_zone, plan.name)
    names = [first_of_zone[zone] for zone in zones]
    return set(names[:1] if strategy == "Single" else names)
