"""The capacity providers that jobs name are there with instances that will do for them."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox.instances_of_jobs import INSTANCES, provide_instances
from sandbox.local_aws import LocalAws
from spec.job import JobSpec


def on(provider: str, **fields: Any) -> JobSpec:
    constraints = fields.pop("constraints", [])
    run_on = {"kind": "ec2", "capacityProvider": provider, "constraints": constraints}
    return JobSpec.from_yaml({"name": "load", "image": "alpine", "runOn": run_on, **fields})


def test_any_instance_can_hold_the_largest_of_the_jobs(local_aws: LocalAws) -> None:
    provider = f"warehouse-{secrets.token_hex(4)}"
    provide_instances(local_aws, [on(provider, cpu=3000), on(provider, memory="700 GB")])
    found = local_aws.container_instances.of([provider])
    assert [(one.cpu_units, one.memory_mib) for one in found] == [(3000, 716_800)] * INSTANCES
    (told,) = local_aws.client("ecs").describe_capacity_providers(capacityProviders=[provider])["capacityProviders"]
    assert told["autoScalingGroupProvider"]["managedScaling"]["status"] == "ENABLED"


def test_there_are_some_of_each_kind_that_jobs_ask_for(local_aws: LocalAws) -> None:
    provider = f"warehouse-{secrets.token_hex(4)}"
    constraints = ["attribute:ecs.instance-type =~ r6.*", "attribute:disk in [fast, faster] and attribute:gpu exists"]
    jobs = [on(provider, architecture="arm64"), on(provider, constraints=constraints)]
    provide_instances(local_aws, jobs)
    found = local_aws.container_instances.of([provider])
    assert len(found) == 2 * INSTANCES
    (arm, *_), (constrained, *_) = (
        [one.attributes for one in found if one.attributes["ecs.cpu-architecture"] == architecture]
        for architecture in ("arm64", "x86_64")
    )
    assert "disk" not in arm
    assert constrained["ecs.instance-type"].startswith("r6")
    assert (constrained["disk"], "gpu" in constrained) == ("fast", True)


def test_what_is_there_is_left_as_it_is(local_aws: LocalAws) -> None:
    provider = f"warehouse-{secrets.token_hex(4)}"
    for _ in range(2):
        provide_instances(local_aws, [on(provider)])
    assert len(local_aws.container_instances.of([provider])) == INSTANCES


def test_jobs_elsewhere_need_none(local_aws: LocalAws) -> None:
    before = local_aws.client("ecs").describe_capacity_providers()["capacityProviders"]
    provide_instances(local_aws, [JobSpec.from_yaml({"name": "load", "image": "alpine"})])
    assert local_aws.client("ecs").describe_capacity_providers()["capacityProviders"] == before
