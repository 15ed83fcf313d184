"""EKS as AWS has it where MiniStack differs, and the clusters that were there before."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from sandbox import eks_permissions
from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws

WRONG_AS_SHIPPED = """
import json, os
os.environ.update(AUTH="true", DOCKER_HOST="unix:///nonexistent/docker.sock", LOG_LEVEL="ERROR")
from ministack.core.responses import request_scope
from ministack.services import eks, iam
with request_scope("123456789012", "eu-west-1"):
    role = {"RoleName": ["r"], "AssumeRolePolicyDocument": ["{}"]}
    assert iam._create_role(role)[0] == 200
    assert eks._create_cluster({"name": "c", "roleArn": "arn:aws:iam::123456789012:role/r"})[0] == 200
    nobody = {"principalArn": "nobody", "kubernetesGroups": ["system:masters"]}
    status, _, body = eks._create_access_entry("c", nobody)
    entry = json.loads(body)["accessEntry"]
    assert status == 200 and entry["username"] == "" and "nobody" not in entry["accessEntryArn"]
    nothing = {"namespace": "n", "serviceAccount": "s", "roleArn": "nothing"}
    status, _, body = eks._create_pod_identity_association("c", nothing)
    assert status == 200
    assert eks._list_tags(json.loads(body)["association"]["associationArn"])[0] == 400
"""


def test_each_repair_is_still_needed() -> None:
    subprocess.run([sys.executable, "-c", WRONG_AS_SHIPPED], check=True)


@pytest.fixture(scope="module")
def cluster(local_aws: LocalAws) -> str:
    """The name of a new cluster."""
    return local_aws.kubernetes.add_cluster(f"cluster-{secrets.token_hex(6)}").name


def refused(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    return caught.value.response["Error"]["Message"]


def test_a_cluster_is_there_as_it_was_given(local_aws: LocalAws, cluster: str) -> None:
    eks = local_aws.client("eks")
    assert cluster in eks.list_clusters()["clusters"]
    found = eks.describe_cluster(name=cluster)["cluster"]
    assert found["status"] == "ACTIVE"
    assert found["endpoint"].endswith(f".{local_aws.region}.eks.amazonaws.com")
    assert found["resourcesVpcConfig"]["endpointPublicAccess"] is True
    assert found["certificateAuthority"]["data"]
    with pytest.raises(SandboxError, match="there is a cluster"):
        local_aws.kubernetes.add_cluster(cluster)


def test_no_cluster_is_made(local_aws: LocalAws) -> None:
    request = {"name": "new", "roleArn": f"arn:aws:iam::{local_aws.account}:role/x", "resourcesVpcConfig": {}}
    assert "makes no EKS clusters" in refused(local_aws.client("eks").create_cluster, **request)


def test_an_access_entry_is_of_a_role_that_is_there(local_aws: LocalAws, cluster: str) -> None:
    create = local_aws.client("eks").create_access_entry
    nobody = f"arn:aws:iam::{local_aws.account}:role/nobody"
    assert "invalid principal" in refused(create, clusterName=cluster, principalArn=nobody)


@pytest.mark.parametrize("group", ["system:masters", "eks:x", "aws:x", "amazon:x", "iam:x"])
def test_a_reserved_group_is_refused(local_aws: LocalAws, cluster: str, role: Callable[..., str], group: str) -> None:
    eks, arn = local_aws.client("eks"), role("states.amazonaws.com")
    request = {"clusterName": cluster, "principalArn": arn, "kubernetesGroups": [group]}
    assert "cannot start with" in refused(eks.create_access_entry, **request)
    eks.create_access_entry(clusterName=cluster, principalArn=arn, kubernetesGroups=["jobs"])
    assert "cannot start with" in refused(eks.update_access_entry, **request)


def test_a_role_s_user_is_called_after_its_session(local_aws: LocalAws, cluster: str, role: Callable[..., str]) -> None:
    arn = role("states.amazonaws.com")
    entry = local_aws.client("eks").create_access_entry(clusterName=cluster, principalArn=arn)["accessEntry"]
    name = arn.rpartition("/")[2]
    assert entry["username"] == f"arn:aws:sts::{local_aws.account}:assumed-role/{name}/{{{{SessionName}}}}"


def test_the_arn_of_an_access_entry_has_its_principal(
    local_aws: LocalAws, cluster: str, role: Callable[..., str]
) -> None:
    arn = role("states.amazonaws.com")
    entry = local_aws.client("eks").create_access_entry(clusterName=cluster, principalArn=arn)["accessEntry"]
    # access-entry/${ClusterName}/${IamIdentityType}/${IamIdentityAccountID}/${IamIdentityName}/${UUID}
    whose = f":access-entry/{cluster}/role/{local_aws.account}/{arn.rpartition('/')[2]}/"
    assert whose in entry["accessEntryArn"]


def test_who_asks_for_an_entry_that_is_not_there_needs_the_right_to_any_of_that_principal(
    local_aws: LocalAws, cluster: str
) -> None:
    place, principal = (local_aws.region, local_aws.account), f"arn:aws:iam::{local_aws.account}:role/a/path/states"
    path = f"/clusters/{cluster}/access-entries/{quote(principal, safe='')}"
    asked = f"arn:aws:eks:{place[0]}:{place[1]}:access-entry/{cluster}/role/{local_aws.account}/states/*"
    assert eks_permissions.resource(path, *place) == asked


def test_an_association_is_with_a_role_that_is_there(
    local_aws: LocalAws, cluster: str, role: Callable[..., str]
) -> None:
    eks = local_aws.client("eks")
    place = {"clusterName": cluster, "namespace": "batch", "serviceAccount": "rollup"}
    nobody = f"arn:aws:iam::{local_aws.account}:role/nobody"
    assert "does not exist" in refused(eks.create_pod_identity_association, **place, roleArn=nobody)
    made = eks.create_pod_identity_association(**place, roleArn=role("pods.eks.amazonaws.com"))["association"]
    change = {"clusterName": cluster, "associationId": made["associationId"], "roleArn": nobody}
    assert "does not exist" in refused(eks.update_pod_identity_association, **change)
