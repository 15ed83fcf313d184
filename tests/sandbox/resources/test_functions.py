from __future__ import annotations

import pytest

from sandbox.errors import SandboxError
from sandbox.resources import functions


def call(aws, name, **arguments):
    return functions.call(aws, f"aws:index/{name}:{name}", arguments)


def test_a_program_learns_where_it_is(aws):
    assert call(aws, "getRegion")["region"] == "eu-west-1"
    identity = call(aws, "getCallerIdentity")
    assert identity["accountId"] == "123456789012"
    assert identity["arn"].startswith("arn:aws:")
    partition = call(aws, "getPartition")
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")
    zones = call(aws, "getAvailabilityZones", state="available")
    assert zones["names"][:2] == ["eu-west-1a", "eu-west-1b"]


def test_an_unknown_function_or_argument_is_refused(aws):
    with pytest.raises(SandboxError, match="no function aws:index/getRegions:getRegions; the nearest is"):
        call(aws, "getRegions")
    with pytest.raises(SandboxError, match="'allAvailabilityZones'"):
        call(aws, "getAvailabilityZones", allAvailabilityZones=True)
