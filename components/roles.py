"""IAM roles with the one policy they hold."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam


@dataclass(frozen=True, kw_only=True)
class GrantedRole:
    """A role and the resources that must exist before it can do what it is for."""

    arn: Output[str]
    grants: Sequence[pulumi.Resource]


def create_role(
    name: str,
    *,
    parent: pulumi.Resource,
    description: str,
    trust: Mapping[str, Any],
    policy: Input[str] | None,
    tags: Mapping[str, str],
) -> GrantedRole:
    """Create a role that `trust` may assume and that holds `policy` (JSON text), or nothing where that is None.

    The policy is a resource of its own, although that is one more: the provider deprecates policies inside a role.
    """
    role = iam.Role(
        name,
        description=description,
        assume_role_policy=json.dumps(trust),
        tags=tags,
        opts=ResourceOptions(parent=parent),
    )
    if policy is None:
        return GrantedRole(arn=role.arn, grants=[role])
    role_policy = iam.RolePolicy(name, role=role.id, policy=policy, opts=ResourceOptions(parent=parent))
    return GrantedRole(arn=role.arn, grants=[role, role_policy])
