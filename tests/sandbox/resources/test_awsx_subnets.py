"""How a network is divided, held to the ranges that awsx's own tests and AWS's arithmetic give."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.resources.awsx.subnets import default_specs, divide

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"]


def ranges(cidr, zone_count, specs, zone_prefix=None):
    return {plan.name: plan.cidr_block for plan in divide("net", cidr, ZONES[:zone_count], specs, zone_prefix)}


def test_two_zones_of_public_and_private_subnets():
    # Each zone gets half of the network, each subnet half of that.
    specs = [{"type": "Private"}, {"type": "Public"}]
    assert ranges("10.0.0.0/16", 2, specs) == {
        "net-private-1": "10.0.0.0/18",
        "net-public-1": "10.0.64.0/18",
        "net-private-2": "10.0.128.0/18",
        "net-public-2": "10.0.192.0/18",
    }


def test_three_zones_leave_the_fourth_quarter_free():
    assert ranges("10.0.0.0/16", 3, [{"type": "Isolated"}]) == {
        "net-isolated-1": "10.0.0.0/18",
        "net-isolated-2": "10.0.64.0/18",
        "net-isolated-3": "10.0.128.0/18",
    }


def test_sizes_that_are_given_hold_and_the_next_begins_where_its_own_size_allows():
    specs = [
        {"type": "Public", "cidrMask": 24},
        {"type": "Private", "cidrMask": 20, "name": "compute"},
        {"type": "Unused", "cidrMask": 20},
        {"type": "Isolated", "cidrMask": 24},
    ]
    assert ranges("10.0.0.0/16", 1, specs) == {
        "net-public-1": "10.0.0.0/24",
        "net-compute-1": "10.0.16.0/20",
        "net-isolated-1": "10.0.48.0/24",
    }


def test_without_specs_a_zone_is_half_private_and_a_quarter_public():
    assert ranges("10.0.0.0/16", 2, default_specs("10.0.0.0/16", 2, None)) == {
        "net-private-1": "10.0.0.0/18",
        "net-public-1": "10.0.64.0/19",
        "net-private-2": "10.0.128.0/18",
        "net-public-2": "10.0.192.0/19",
    }


def test_public_subnets_come_first_in_each_zone():
    plans = divide("net", "10.0.0.0/16", ZONES[:2], [{"type": "Private"}, {"type": "Public"}], None)
    assert [(plan.availability_zone, plan.type) for plan in plans] == [
        ("eu-west-1a", "Public"),
        ("eu-west-1a", "Private"),
        ("eu-west-1b", "Public"),
        ("eu-west-1b", "Private"),
    ]


@pytest.mark.parametrize(
    ("cidr", "zone_count", "specs", "zone_prefix", "problem"),
    [
        (
            "10.0.0.0/24",
            1,
            [{"type": "Public", "cidrMask": 25}, {"type": "Private", "cidrMask": 24}],
            None,
            "do not fit",
        ),
        ("10.0.0.0/16", 2, [{"type": "Public"}], 16, "does not have a /16 for each of 2 availability zones"),
        ("10.0.0.0/16", 1, [{"type": "Public", "size": 256}], None, "'subnetSpecs.size'"),
    ],
)
def test_what_does_not_fit_is_refused(cidr, zone_count, specs, zone_prefix, problem):
    with pytest.raises(SandboxError, match=problem):
        ranges(cidr, zone_count, specs, zone_prefix)


@given(
    prefix=st.integers(16, 22),
    zone_count=st.integers(1, 4),
    masks=st.lists(st.none() | st.integers(24, 28), min_size=1, max_size=4),
)
def test_subnets_lie_in_the_network_and_never_overlap(prefix, zone_count, masks):
    network = IPv4Network(f"10.64.0.0/{prefix}")
    specs = [{"type": "Public", "name": f"s{index}", "cidrMask": mask} for index, mask in enumerate(masks)]
    try:
        found = [IPv4Network(cidr) for cidr in ranges(str(network), zone_count, specs).values()]
    except SandboxError:
        return
    assert len(found) == zone_count * len(specs)
    assert all(subnet.subnet_of(network) for subnet in found)
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))
