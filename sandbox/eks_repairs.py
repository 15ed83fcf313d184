"""The repairs of MiniStack's EKS, as those in `sandbox.repairs`: what AWS refuses, it refuses; it makes no clusters.

`tests/sandbox/test_eks_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack.services import eks

from sandbox.eks_permissions import whose

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

NO_CLUSTERS = "The sandbox makes no EKS clusters: it has those that it was given."
# https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
_RESERVED_GROUPS = ("amazon:", "aws:", "eks:", "iam:", "system:")

Body = dict[str, Any]
Response = tuple[int, dict[str, Any], bytes]


def clusters_are_given(_aws: LocalAws) -> None:
    """As shipped, CreateCluster looks for Docker, and without it makes a cluster in which nothing runs."""

    def refuse(_body: Body, _creator_arn: str | None = None) -> Response:
        return _refusal(NO_CLUSTERS)

    eks._create_cluster = refuse


def access_entries_are_of_principals_that_are_there(_aws: LocalAws) -> None:
    """As shipped, any text is a principal, any group is taken, and a role's user has no name.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html
    """

    def create(cluster_name: str, body: Body) -> Response:
        principal = body.get("principalArn", "")
        if not _exists(principal):
            return _refusal("The specified principalArn is invalid: invalid principal.")
        if refusal := _refused_group(body):
            return refusal
        username = body.get("username") or _default_username(principal)
        return _create_access_entry(cluster_name, {**body, "username": username})

    def update(cluster_name: str, principal_arn: str, body: Body) -> Response:
        return _refused_group(body) or _update_access_entry(cluster_name, principal_arn, body)

    eks._create_access_entry = create
    eks._update_access_entry = update


def access_entries_say_whose_they_are(_aws: LocalAws) -> None:
    """As shipped, the ARN of an access entry does not have the principal, by which policies tell entries apart.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
    """

    def arn(cluster_name: str, principal_arn: str) -> str:
        beginning, _, identity = _access_entry_arn(cluster_name, principal_arn).rpartition("/")
        return f"{beginning}/{whose(principal_arn)}/{identity}"

    eks._access_entry_arn = arn


def associations_are_with_roles_that_are_there(_aws: LocalAws) -> None:
    """As shipped, any text is a role.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
    """

    def create(cluster_name: str, body: Body) -> Response:
        if not _exists(body.get("roleArn", "")):
            return _refusal("Role provided in the request does not exist.")
        return _create_association(cluster_name, body)

    def update(cluster_name: str, association_id: str, body: Body) -> Response:
        if "roleArn" in body and not _exists(body["roleArn"]):
            return _refusal("Role provided in the request does not exist.")
        return _update_association(cluster_name, association_id, body)

    eks._create_pod_identity_association = create
    eks._update_pod_identity_association = update


def associations_have_tags(_aws: LocalAws) -> None:
    """As shipped, the tags of a Pod identity association can be given with it, and neither read nor changed then.

    Nor could those of an access entry whose ARN is AWS's.
    """

    def resolve(arn: str) -> tuple[str | None, Response | None]:
        entries = (entry["accessEntryArn"] for entry in eks._access_entries.values())
        if arn in {*entries, *(each["associationArn"] for each in eks._pod_identity_associations.values())}:
            return arn, None
        return _resolve_tagged(arn)

    eks._resolve_tag_resource_arn = resolve


def _exists(role_arn: str) -> bool:
    from ministack.services import iam

    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    return role is not None and role["Arn"] == role_arn


def _default_username(role_arn: str) -> str:
    """As in https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html, of a role."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"


def _refused_group(body: Body) -> Response | None:
    for group in body.get("kubernetesGroups") or ():
        if group.startswith(_RESERVED_GROUPS):
            return _refusal(
                f"The kubernetes group name {group} is invalid, it cannot start with {group.split(':')[0]}:"
            )
    return None


def _refusal(message: str) -> Response:
    return eks._error(400, "InvalidParameterException", message)


# What the repairs call in turn.
_access_entry_arn = eks._access_entry_arn
_create_access_entry = eks._create_access_entry
_update_access_entry = eks._update_access_entry
_create_association = eks._create_pod_identity_association
_update_association = eks._update_pod_identity_association
_resolve_tagged = eks._resolve_tag_resource_arn

ALL: tuple[Callable[[LocalAws], None], ...] = (
    clusters_are_given,
    access_entries_are_of_principals_that_are_there,
    access_entries_say_whose_they_are,
    associations_are_with_roles_that_are_there,
    associations_have_tags,
)
