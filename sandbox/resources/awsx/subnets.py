"""Which subnets a network is divided into: arithmetic only."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from sandbox.errors import SandboxError
from sandbox.resources.fields import refuse_unknown

# The order in which the subnets of one availability zone are made: a NAT gateway's public subnet comes before the
# private subnet that is routed to it.
TYPES = ("Public", "Private", "Isolated")
UNUSED = "Unused"


@dataclass(frozen=True)
class SubnetPlan:
    """One subnet: its name, its kind (one of TYPES), its zone and its range."""

    name: str
    type: str
    availability_zone: str
    cidr_block: str
    tags: Mapping[str, str] = field(default_factory=dict)


def divide(
    vpc_name: str, vpc_cidr: str, zones: Sequence[str], specs: Sequence[Mapping[str, Any]], zone_prefix: int | None
) -> list[SubnetPlan]:
    """The subnets of awsx's "Auto" strategy: the VPC's range in equal parts, one a zone, each divided as `specs` say.

    `specs` are in awsx's words: type, and optionally name, cidrMask and tags. A subnet without a cidrMask gets an equal
    share of its zone. `zone_prefix` is the prefix length of a zone's part (default: the largest that fits).
    Raises SandboxError when the subnets do not fit, with the numbers.
    """
    vpc = IPv4Network(vpc_cidr, strict=False)
    prefix = zone_prefix or vpc.prefixlen + _bits(len(zones))
    default_prefix = prefix + _bits(len(specs))
    if 2 ** (prefix - vpc.prefixlen) < len(zones):
        raise SandboxError(f"{vpc} does not have a /{prefix} for each of {len(zones)} availability zones")
    plans: list[SubnetPlan] = []
    # The network may have more parts than there are zones.
    for zone_number, (zone, part) in enumerate(zip(zones, vpc.subnets(new_prefix=prefix), strict=False), start=1):
        next_address = int(part.network_address)
        for spec in specs:
            refuse_unknown(spec, ("type", "name", "cidrMask", "tags"), "subnetSpecs.")
            subnet = _aligned(next_address, int(spec.get("cidrMask") or default_prefix))
            if not subnet.subnet_of(part):
                raise SandboxError(f"the subnets do not fit: {subnet} is outside {part}, the part of {vpc} for {zone}")
            next_address = int(subnet.broadcast_address) + 1
            if spec["type"] != UNUSED:
                name = f"{vpc_name}-{spec.get('name') or spec['type'].lower()}-{zone_number}"
                plans.append(SubnetPlan(name, spec["type"], zone, str(subnet), spec.get("tags") or {}))
    return sorted(plans, key=lambda plan: (zones.index(plan.availability_zone), TYPES.index(plan.type)))


def default_specs(vpc_cidr: str, zone_count: int, zone_prefix: int | None) -> list[dict[str, Any]]:
    """What awsx makes when no specs are given: half of each zone's part private, a quarter public."""
    prefix = zone_prefix or IPv4Network(vpc_cidr, strict=False).prefixlen + _bits(zone_count)
    if prefix > 26:
        raise SandboxError(f"subnets without specs need at least a /26 for each availability zone, found a /{prefix}")
    widest = max(prefix, 16)
    return [{"type": "Private", "cidrMask": widest + 1}, {"type": "Public", "cidrMask": widest + 2}]


def _bits(count: int) -> int:
    """How many bits number `count` parts."""
    return math.ceil(math.log2(count))


def _aligned(address: int, prefix: int) -> IPv4Network:
    """The first block of that prefix length that begins at the address or after it."""
    size = 2 ** (32 - prefix)
    return IPv4Network((-(-address // size) * size, prefix))
