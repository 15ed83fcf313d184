"""What a change of the network meets of functions."""

from typing import Any

import pytest

from review.interfaces import kept_interfaces
from spec.network import NetworkSpec
from spec.stack import StackSpec
from tests.definitions.lambda_samples import function_job
from tests.definitions.samples import job

VPC = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"]}
GROUP = {"securityGroupIds": ["sg-0a1b2c3d"]}


def stack(network: dict[str, Any], *, function: bool = True) -> StackSpec:
    one = function_job() if function else job()
    return StackSpec(project="acme", name="dev", jobs=(one,), network=NetworkSpec.model_validate(network))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"nat": "single"}, {"nat": "none"}),
        ({"nat": "single"}, {"endpoints": []}),
        ({"nat": "single", "availabilityZones": 3}, {"nat": "single", "availabilityZones": 2}),
        ({"nat": "single"}, {"nat": "single", "cidr": "10.1.0.0/16"}),
        ({"nat": "single"}, VPC),
        (VPC, {**VPC, **GROUP}),
        (VPC, {**VPC, "vpcId": "vpc-4e5f6a7b"}),
    ],
)
def test_what_functions_hold_of_the_stacks_network_is_warned_of(before: dict[str, Any], after: dict[str, Any]) -> None:
    (warning,) = kept_interfaces(stack(before), stack(after))
    assert "earlier versions of the functions of nightly keep" in warning
    # Tasks hold nothing once they have ended.
    assert not list(kept_interfaces(stack(before, function=False), stack(after)))
    assert not list(kept_interfaces(stack(before), stack(after, function=False)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"nat": "none"}, {"nat": "single"}),
        ({"nat": "single"}, {"nat": "one-per-az"}),
        ({"nat": "single"}, {"nat": "single", "availabilityZones": 3}),
        ({"endpoints": []}, {"endpoints": ["sqs"]}),
        (VPC, {**VPC, "subnetIds": ["subnet-4e5f6a7b"]}),
        ({**VPC, **GROUP}, {"nat": "single"}),
        ({**VPC, "assignPublicIp": True}, {"nat": "single"}),
    ],
)
def test_what_stays_or_is_another_s_is_not(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert not list(kept_interfaces(stack(before), stack(after)))
