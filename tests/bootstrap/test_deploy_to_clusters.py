"""The deploying role brings a job into an EKS cluster, and nobody in as more than that."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from tests.bootstrap.conftest import stack_of
from tests.project import new_project

IN_A_CLUSTER = stack_of({"overlap": "allow", "runOn": {"kind": "kubernetes", "cluster": "analytics"}})


@pytest.fixture
def _cluster(local_aws: LocalAws) -> None:
    if local_aws.kubernetes.find("analytics") is None:
        local_aws.kubernetes.add_cluster("analytics")


@pytest.mark.usefixtures("_cluster")
def test_it_deploys_and_destroys_a_job_in_a_cluster(local_aws: LocalAws, deployer: LocalAws, tmp_path: Path) -> None:
    new_project(tmp_path, "longhaul", IN_A_CLUSTER)
    eks = local_aws.client("eks")

    deployment = deploy(tmp_path, "dev", deployer)

    (entry,) = eks.list_access_entries(clusterName="analytics")["accessEntries"]
    assert ":role/longhaul-dev-report-states-" in entry
    assert len(eks.list_pod_identity_associations(clusterName="analytics")["associations"]) == 1
    deployment.destroy()
    assert eks.list_access_entries(clusterName="analytics")["accessEntries"] == []
    assert eks.list_pod_identity_associations(clusterName="analytics")["associations"] == []


@pytest.mark.usefixtures("_cluster")
@pytest.mark.parametrize(
    "changed",
    [
        {"kubernetesGroups": ["administrators"]},
        {"kubernetesGroups": ["longhaul-dev-jobs", "administrators"]},
        {"type": "EC2_LINUX"},
        {"username": "jane"},
        {"principalArn": "arn:aws:iam::123456789012:role/somebody"},
    ],
    ids=lambda changed: ",".join(changed),
)
def test_it_lets_nobody_in_as_more_than_a_machine_of_the_stack(
    local_aws: LocalAws, deployer: LocalAws, changed: dict[str, Any]
) -> None:
    account = local_aws.client("sts").get_caller_identity()["Account"]
    request = {
        "clusterName": "analytics",
        "principalArn": f"arn:aws:iam::{account}:role/longhaul-dev-report-states",
        "kubernetesGroups": ["longhaul-dev-jobs"],
        "type": "STANDARD",
    }

    with pytest.raises(ClientError, match="AccessDenied"):
        deployer.client("eks").create_access_entry(**{**request, **changed})
