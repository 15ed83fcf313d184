"""The network of a stack: a VPC of its own, or one that is there already."""

import ipaddress
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from spec.forms import Form, choice, flag, text, whole_number
from spec.model import Problem, Spec
from spec.words import UnexpectedValueError, shown

# Every task needs these: they are there whenever the subnets are isolated.
STANDARD_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "s3")
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html allows /16 to /28; below /24 there is no room
# for a public and a private subnet in each of several zones.
_WIDEST_PREFIX, _NARROWEST_PREFIX = 16, 24
# Bits that number the zones. A /24 has room for no more: a zone's smallest subnets take two bits, and /28 is the end.
_ZONE_BITS, _ZONE_BITS_OF_THE_NARROWEST = 3, 2
OWN_VPC = ("cidr", "availabilityZones", "nat", "endpoints")
EXISTING_VPC = ("subnetIds", "securityGroupIds", "assignPublicIp")


def _cidr() -> Form:
    expects = f"an IPv4 block from /{_WIDEST_PREFIX} to /{_NARROWEST_PREFIX}, such as 10.0.0.0/16"

    def read(value: Any) -> str:
        try:
            block = ipaddress.IPv4Network(value, strict=False) if isinstance(value, str) and "/" in value else None
        except ValueError:
            block = None
        if block is None or not _WIDEST_PREFIX <= block.prefixlen <= _NARROWEST_PREFIX:
            raise UnexpectedValueError(expects, shown(value))
        if str(block) != value:
            raise UnexpectedValueError(expects, shown(value), f'did you mean "{block}"?')
        return value

    return Form(expects, read, {"type": "string", "pattern": r"^[0-9.]+/(1[6-9]|2[0-4])$"})


def _id(expects: str, prefix: str) -> Form:
    return text(expects, pattern=rf"{prefix}-[0-9a-f]{{8,17}}")


class NetworkSpec(Spec):
    """Where the tasks of a stack run: in a VPC of the stack's own, or with `vpcId` in one that exists."""

    cidr: Annotated[str, _cidr()] = Field(default="10.0.0.0/16", description="Address block of the stack's own VPC.")
    availability_zones: Annotated[int, whole_number(1, 6)] = Field(
        default=2, validation_alias="availabilityZones", description="Number of availability zones with subnets."
    )
    nat: Annotated[Literal["none", "single", "one-per-az"], choice("none", "single", "one-per-az")] = Field(
        default="none",
        description="NAT gateways. With `none`, tasks run in public subnets with a public IP and no way in; "
        "otherwise in private subnets behind one gateway, or behind one in each zone.",
    )
    endpoints: (
        tuple[Annotated[str, text("an AWS service's endpoint name, such as sts", pattern=r"[a-z0-9.-]+")], ...] | None
    ) = Field(
        default=None,
        description="With `nat: none`: isolated subnets, with interface endpoints for these AWS services "
        "beside the ones every task needs (" + ", ".join(STANDARD_ENDPOINTS) + ").",
    )
    vpc_id: Annotated[str, _id("the ID of a VPC, such as vpc-0a1b2c3d", "vpc")] | None = Field(
        default=None, validation_alias="vpcId", description="An existing VPC, in place of one of the stack's own."
    )
    subnet_ids: tuple[Annotated[str, _id("the ID of a subnet, such as subnet-0a1b2c3d", "subnet")], ...] = Field(
        default=(), max_length=16, validation_alias="subnetIds", description="With `vpcId`: the subnets tasks run in."
    )
    security_group_ids: tuple[Annotated[str, _id("the ID of a security group, such as sg-0a1b2c3d", "sg")], ...] = (
        Field(
            default=(),
            max_length=5,
            validation_alias="securityGroupIds",
            description="With `vpcId`: the security groups of the tasks; without any, one that lets nothing in.",
        )
    )
    assign_public_ip: Annotated[bool, flag()] = Field(
        default=False,
        validation_alias="assignPublicIp",
        description="With `vpcId`: whether tasks get a public IP, which they need in a public subnet.",
    )

    @property
    def zone_prefix(self) -> int:
        """Prefix length of each zone's part of `cidr`: it does not depend on how many zones there are now."""
        prefix = ipaddress.IPv4Network(self.cidr).prefixlen
        return prefix + (_ZONE_BITS if prefix < _NARROWEST_PREFIX else _ZONE_BITS_OF_THE_NARROWEST)

    @property
    def gives_public_ips(self) -> bool:
        """Whether a task has a public IPv4 address: it is its only way out of a public subnet."""
        return self.assign_public_ip if self.vpc_id else self.nat == "none" and self.endpoints is None

    def problems(self) -> Iterable[Problem]:
        """An existing VPC comes with its subnets and groups and nothing else; endpoints need `nat: none`."""
        parts = 2 ** (self.zone_prefix - ipaddress.IPv4Network(self.cidr).prefixlen)
        if self.availability_zones > parts:
            yield Problem(
                ("availabilityZones",),
                f"expected at most {parts} in {self.cidr}, found {self.availability_zones}",
                (("cidr",),),
            )
        given = [key for key, name in self.yaml_keys().items() if name in self.model_fields_set]
        if self.vpc_id is None:
            for key in given:
                if key in EXISTING_VPC:
                    yield Problem(
                        (key,),
                        "expected vpcId beside it, found none: it takes effect in an existing VPC only",
                        (("vpcId",),),
                    )
        else:
            for key in given:
                if key in OWN_VPC:
                    yield Problem(
                        (key,),
                        "expected nothing beside vpcId, found a value: it describes a VPC of the stack's own",
                        (("vpcId",),),
                    )
            if not self.subnet_ids:
                yield Problem(("subnetIds",), "expected at least 1 subnet with vpcId, found none", (("vpcId",),))
        if self.endpoints is not None and self.nat != "none":
            yield Problem(("endpoints",), f"expected nat: none beside it, found nat: {self.nat}", (("nat",),))
        for index, endpoint in enumerate(self.endpoints or ()):
            if endpoint in STANDARD_ENDPOINTS:
                yield Problem(
                    ("endpoints", index), f'expected an endpoint that is not there anyway, found "{endpoint}"'
                )
            elif endpoint in (self.endpoints or ())[:index]:
                yield Problem(("endpoints", index), f'expected each endpoint once, found "{endpoint}" again')
