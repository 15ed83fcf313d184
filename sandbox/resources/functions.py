"""The provider's functions: what a program asks AWS before it declares anything."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from sandbox.errors import SandboxError
from sandbox.resources import eks
from sandbox.resources.aws import Aws
from sandbox.resources.fields import refuse_unknown

Function = Callable[[Aws, Mapping[str, Any]], dict[str, Any]]


def call(aws: Aws, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What the function answers. Raises SandboxError for a function, or an argument, that the sandbox does not know."""
    if token not in FUNCTIONS:
        near = "".join(f"; the nearest is {name}" for name in get_close_matches(token, FUNCTIONS, n=1))
        raise SandboxError(f"the sandbox has no function {token}{near}")
    return FUNCTIONS[token](aws, {name: value for name, value in arguments.items() if value is not None})


def _region(aws: Aws, arguments: Mapping[str, Any]) -> dict[str, Any]:
    refuse_unknown(arguments, ())
    return {
        "id": aws.region,
        "region": aws.region,
        "name": aws.region,
        "description": aws.region,
        "endpoint": f"ec2.{aws.region}.amazonaws.com",
    }


def _caller_identity(aws: Aws, arguments: Mapping[str, Any]) -> dict[str, Any]:
    refuse_unknown(arguments, ())
    caller = aws.client("sts").get_caller_identity()
    account = caller["Account"]
    return {"id": account, "accountId": account, "arn": caller["Arn"], "userId": caller["UserId"]}


def _partition(aws: Aws, arguments: Mapping[str, Any]) -> dict[str, Any]:
    refuse_unknown(arguments, ())
    return {
        "id": aws.partition,
        "partition": aws.partition,
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _availability_zones(aws: Aws, arguments: Mapping[str, Any]) -> dict[str, Any]:
    refuse_unknown(arguments, ("state",))
    states = [arguments["state"]] if "state" in arguments else ["available"]
    zones = aws.client("ec2").describe_availability_zones(Filters=[{"Name": "state", "Values": states}])
    zones = sorted(zones["AvailabilityZones"], key=lambda zone: zone["ZoneName"])
    return {
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone["GroupName"] for zone in zones}),
        "state": arguments.get("state", ""),
    }


FUNCTIONS: dict[str, Function] = {
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:eks/getCluster:getCluster": eks.get_cluster,
}
