from __future__ import annotations

import json
import secrets

import pulumi_aws as real
import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.resources import functions

ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
GET_CLUSTER = "aws:eks/getCluster:getCluster"


@pytest.fixture(scope="module")
def cluster(local_aws):
    """The name of a new cluster."""
    return local_aws.kubernetes.add_cluster(f"cluster-{secrets.token_hex(6)}").name


@pytest.fixture
def role(make, unique):
    """Makes a role; gives its ARN."""

    def named(name, service):
        allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        inputs = {"name": f"{unique}-{name}", "assumeRolePolicy": trust}
        return make("aws:iam/role:Role", inputs).outputs["arn"]

    return named


def test_an_access_entry_is_made_changed_and_deleted(aws, make, change, delete, cluster, role):
    arn = role("machine", "states.amazonaws.com")
    inputs = {"clusterName": cluster, "principalArn": arn, "kubernetesGroups": ["jobs"], "tags": {"a": "b"}}
    made = make(ENTRY, inputs)
    describe = aws.client("eks").describe_access_entry
    found = describe(clusterName=cluster, principalArn=arn)["accessEntry"]
    assert (found["kubernetesGroups"], found["type"], found["tags"]) == (["jobs"], "STANDARD", {"a": "b"})
    assert made.id == f"{cluster}:{arn}"
    assert made.outputs["userName"] == found["username"]
    changed = change(ENTRY, made, {**inputs, "kubernetesGroups": ["others"], "tags": {"a": "c"}})
    found = describe(clusterName=cluster, principalArn=arn)["accessEntry"]
    assert (found["kubernetesGroups"], changed["tagsAll"]) == (["others"], {"a": "c"})
    delete(ENTRY, made)
    with pytest.raises(ClientError, match="No access entry"):
        describe(clusterName=cluster, principalArn=arn)


def test_a_pod_identity_association_is_made_changed_and_deleted(aws, make, change, delete, cluster, role):
    inputs = {"clusterName": cluster, "namespace": "batch", "serviceAccount": "rollup"}
    inputs |= {"roleArn": role("one", "pods.eks.amazonaws.com"), "tags": {"a": "b", "c": "d", "e": "f"}}
    made = make(ASSOCIATION, inputs)
    describe = aws.client("eks").describe_pod_identity_association
    found = describe(clusterName=cluster, associationId=made.id)["association"]
    assert (found["namespace"], found["serviceAccount"]) == ("batch", "rollup")
    other = role("other", "pods.eks.amazonaws.com")
    assert change(ASSOCIATION, made, {**inputs, "roleArn": other, "tags": {}})["tagsAll"] == {}
    assert describe(clusterName=cluster, associationId=made.id)["association"]["roleArn"] == other
    delete(ASSOCIATION, made)
    with pytest.raises(ClientError, match="No pod identity association"):
        describe(clusterName=cluster, associationId=made.id)


def test_a_program_learns_where_a_cluster_is(aws, cluster):
    found = functions.call(aws, GET_CLUSTER, {"name": cluster})
    told = aws.client("eks").describe_cluster(name=cluster)["cluster"]
    assert found["endpoint"] == told["endpoint"]
    assert found["certificateAuthorities"] == [told["certificateAuthority"]]
    assert found["vpcConfig"]["endpointPublicAccess"] is True
    # As the real provider names them.
    answer = {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in vars(real.eks.GetClusterResult).items()
        if isinstance(value, property)
    }
    assert found.keys() <= answer


def test_a_cluster_that_is_not_there_is_said_with_those_that_are(aws, cluster):
    with pytest.raises(SandboxError, match=rf"there is no EKS cluster nowhere in .*; there are: .*{cluster}"):
        functions.call(aws, GET_CLUSTER, {"name": "nowhere"})
