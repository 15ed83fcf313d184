"""The network that tasks run in: a VPC of the stack's own, or one that exists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_awsx as awsx
from pulumi import Input, Output, ResourceOptions

# A lazy module: reading its first attribute costs half a second, and a stack in an existing VPC never does.
from pulumi_aws import ec2

from components.tags import tags_of_stack
from definitions.place import Place
from spec.network import STANDARD_ENDPOINTS, NetworkSpec
from spec.stack import StackSpec

# These two have gateway endpoints, which are free; DynamoDB's interface endpoint has no private DNS name.
# https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
GATEWAY_ENDPOINTS = ("dynamodb", "s3")

# A zone's part of the VPC is divided in the same way for every kind of network: half of it is for private subnets, a
# quarter each for public and isolated ones. Another kind of network then adds and removes subnets. Were they to move,
# AWS would refuse the new ones, which are made while the old ones are still there:
# https://github.com/pulumi/pulumi-awsx/issues/910
SUBNET_BITS = {awsx.ec2.SubnetType.PRIVATE: 1, awsx.ec2.SubnetType.PUBLIC: 2, awsx.ec2.SubnetType.ISOLATED: 2}

NAT_STRATEGIES = {
    "none": awsx.ec2.NatGatewayStrategy.NONE,
    "single": awsx.ec2.NatGatewayStrategy.SINGLE,
    "one-per-az": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a Network is made from: the stack, and the place it deploys to."""

    stack: StackSpec
    place: Place


class Network(pulumi.ComponentResource):
    """Subnets and security groups for the stack's tasks.

    Without NAT tasks get a public IP in public subnets; with NAT they run in private subnets; with endpoints they run
    in isolated subnets that reach the named AWS services only. An existing VPC is used as it is.

    subnet_ids, security_group_ids: what a task's network configuration takes.
    assign_public_ip: whether a task needs a public IP to reach anything.
    endpoints: what must exist before a task in an isolated subnet can start.
    """

    subnet_ids: Input[Sequence[str]]
    security_group_ids: Sequence[Input[str]]
    assign_public_ip: bool
    endpoints: Sequence[pulumi.Resource] = ()

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:Network", name, {}, opts)
        spec = args.stack.network
        self._tags = tags_of_stack(args.stack)
        if spec.vpc_id is not None:
            self._use_existing_vpc(name, spec, spec.vpc_id)
        elif spec.endpoints is not None:
            self._create_isolated_vpc(name, spec, spec.endpoints, args)
        else:
            self._create_connected_vpc(name, spec, args)
        self.register_outputs(
            {
                "subnet_ids": self.subnet_ids,
                "security_group_ids": self.security_group_ids,
                "assign_public_ip": self.assign_public_ip,
            }
        )

    def _use_existing_vpc(self, name: str, spec: NetworkSpec, vpc_id: str) -> None:
        self.subnet_ids = list(spec.subnet_ids)
        self.assign_public_ip = spec.assign_public_ip
        self.security_group_ids = list(spec.security_group_ids) or [self._tasks_security_group(name, vpc_id)]

    def _create_connected_vpc(self, name: str, spec: NetworkSpec, args: NetworkArgs) -> None:
        subnet_types = {awsx.ec2.SubnetType.PUBLIC}
        if spec.nat != "none":
            subnet_types.add(awsx.ec2.SubnetType.PRIVATE)
        vpc = self._vpc(name, spec, subnet_types, ["s3"], args)
        self.assign_public_ip = spec.nat == "none"
        self.subnet_ids = vpc.public_subnet_ids if self.assign_public_ip else vpc.private_subnet_ids
        self.security_group_ids = [self._tasks_security_group(name, vpc.vpc_id)]

    def _create_isolated_vpc(self, name: str, spec: NetworkSpec, named: Collection[str], args: NetworkArgs) -> None:
        secret_services = {
            secret.service
            for container in args.stack.containers
            if container.run_on.kind != "kubernetes"
            for secret in container.secrets.values()
        }
        services = {*STANDARD_ENDPOINTS, *secret_services, *named}
        gateways = services.intersection(GATEWAY_ENDPOINTS)
        vpc = self._vpc(name, spec, {awsx.ec2.SubnetType.ISOLATED}, sorted(gateways), args)
        tasks = self._tasks_security_group(name, vpc.vpc_id)
        endpoints = ec2.SecurityGroup(
            f"{name}-endpoints",
            vpc_id=vpc.vpc_id,
            # No apostrophe: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
            description="Tasks reach the endpoints of the VPC",
            ingress=[
                ec2.SecurityGroupIngressArgs(
                    description="HTTPS from the tasks",
                    protocol="tcp",
                    from_port=443,
                    to_port=443,
                    security_groups=[tasks],
                )
            ],
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )
        self.endpoints = [
            ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.place.region}.{service}",
                subnet_ids=vpc.isolated_subnet_ids,
                security_group_ids=[endpoints.id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}", **self._tags},
                opts=ResourceOptions(parent=self),
            )
            for service in sorted(services - gateways)
        ]
        self.assign_public_ip = False
        self.subnet_ids = vpc.isolated_subnet_ids
        self.security_group_ids = [tasks]

    def _vpc(
        self,
        name: str,
        spec: NetworkSpec,
        subnet_types: Collection[awsx.ec2.SubnetType],
        gateway_endpoints: Sequence[str],
        args: NetworkArgs,
    ) -> awsx.ec2.Vpc:
        """A VPC with one subnet of each type in each zone. Every strategy is named: awsx's defaults cost money."""
        return awsx.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=spec.cidr,
            number_of_availability_zones=spec.availability_zones,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=NAT_STRATEGIES[spec.nat]),
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            availability_zone_cidr_mask=spec.zone_prefix,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(
                    type=subnet_type if subnet_type in subnet_types else awsx.ec2.SubnetType.UNUSED,
                    cidr_mask=spec.zone_prefix + bits,
                )
                for subnet_type, bits in SUBNET_BITS.items()
            ],
            # Auto enters the gateway endpoints into the route table of every subnet.
            vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO,
            vpc_endpoint_specs=[
                awsx.ec2.VpcEndpointSpecArgs(
                    service_name=f"com.amazonaws.{args.place.region}.{service}",
                    vpc_endpoint_type="Gateway",
                    tags={"Name": f"{name}-{service}", **self._tags},
                )
                for service in gateway_endpoints
            ],
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )

    def _tasks_security_group(self, name: str, vpc_id: Input[str]) -> Output[str]:
        return ec2.SecurityGroup(
            f"{name}-tasks",
            vpc_id=vpc_id,
            description="Tasks of scheduled jobs: out to anywhere, in from nowhere",
            egress=[
                ec2.SecurityGroupEgressArgs(protocol="-1", from_port=0, to_port=0, cidr_blocks=["0.0.0.0/0"]),
            ],
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        ).id
