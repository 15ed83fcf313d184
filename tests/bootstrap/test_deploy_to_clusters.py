"""The deploying role brings a job into an EKS cluster, and nobody in as more than that."""

import shutil
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from tests.bootstrap.test_deploy_role import ROOT, As, role_arns

__all__ = ["role_arns"]

IN_A_CLUSTER = """
config:
  aws:region: eu-west-1
  longhaul:jobs:
    report:
      image: "public.ecr.aws/docker/library/alpine:3"
      overlap: allow
      runOn: {kind: kubernetes, cluster: analytics}
"""


@pytest.fixture
def _cluster(local_aws: LocalAws) -> None:
    if local_aws.kubernetes.find("analytics") is None:
        local_aws.kubernetes.add_cluster("analytics")


@pytest.mark.usefixtures("_cluster")
def test_it_deploys_and_destroys_a_job_in_a_cluster(
    local_aws: LocalAws, role_arns: dict[str, str], tmp_path: Path
) -> None:
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(IN_A_CLUSTER)
    eks = local_aws.client("eks")

    deployment = deploy(tmp_path, "dev", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))

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
    local_aws: LocalAws, role_arns: dict[str, str], changed: dict[str, Any]
) -> None:
    account = local_aws.client("sts").get_caller_identity()["Account"]
    request = {
        "clusterName": "analytics",
        "principalArn": f"arn:aws:iam::{account}:role/longhaul-dev-report-states",
        "kubernetesGroups": ["longhaul-dev-jobs"],
        "type": "STANDARD",
    }

    with pytest.raises(ClientError, match="AccessDenied"):
        As(local_aws, role_arns["DeployRole"]).client("eks").create_access_entry(**{**request, **changed})
