"""What a job in an EKS cluster is made of."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pulumi
import pytest

from tests.components.conftest import Deployment
from tests.components.provider_answers import FUNCTIONS

SCORING = """
longhaul:jobs:
  scoring:
    image: example.com/scoring:1
    overlap: allow
    runOn: {kind: kubernetes, cluster: analytics, namespace: batch}
    permissions:
      - {actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}
"""
STEPS = """
longhaul:jobs:
  scoring:
    build: {context: code, dockerfile: code/Dockerfile}
    overlap: allow
    runOn: {kind: kubernetes, cluster: analytics, namespace: batch, serviceAccount: scorer}
    steps:
      - name: load
      - name: write
        permissions:
          - {actions: [s3:PutObject], resources: ["arn:aws:s3:::sales/*"]}
"""
NAME = "longhaul-test-scoring"
GET_CLUSTER = "aws:eks/getCluster:getCluster"

Deploy = Callable[..., Deployment]


def test_the_machine_runs_the_image_in_the_cluster(deploy: Deploy) -> None:
    definition = deploy(SCORING).one("sfn/stateMachine:StateMachine").document("definition")

    run = definition["States"]["Run the job"]
    assert run["Resource"] == "arn:aws:states:::eks:runJob.sync"
    assert run["Arguments"]["ClusterName"] == "analytics"
    assert run["Arguments"]["Endpoint"] == FUNCTIONS[GET_CLUSTER]["endpoint"]
    assert run["Arguments"]["CertificateAuthority"] == "LS0tLS1CRUdJTg=="
    (container,) = run["Arguments"]["Job"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.com/scoring:1"


def test_there_is_no_ecs_task_nor_a_role_that_starts_one(deploy: Deploy) -> None:
    deployment = deploy(SCORING)

    assert deployment.all("ecs/taskDefinition:TaskDefinition") == []
    assert {role.name for role in deployment.all("iam/role:Role")} == {
        f"{NAME}-task",
        f"{NAME}-states",
        "longhaul-test-trigger",
    }


def test_the_role_of_the_machine_is_let_into_the_cluster_before_it_can_run(deploy: Deploy) -> None:
    deployment = deploy(SCORING)
    entry, machine = deployment.one("eks/accessEntry:AccessEntry"), deployment.one("sfn/stateMachine:StateMachine")

    assert entry.inputs["clusterName"] == "analytics"
    assert entry.inputs["principalArn"] == deployment.one("iam/role:Role", f"{NAME}-states").outputs["arn"]
    assert entry.inputs["kubernetesGroups"] == ["longhaul-test-jobs"]
    assert entry.inputs["type"] == "STANDARD"
    assert entry.urn in machine.dependencies
    assert entry.inputs["tags"]["longhaul:runOn"] == "kubernetes"


def test_the_pods_of_a_job_have_its_role(deploy: Deploy) -> None:
    deployment = deploy(SCORING)
    role = deployment.one("iam/role:Role", f"{NAME}-task")
    identity = deployment.one("eks/podIdentityAssociation:PodIdentityAssociation")

    (statement,) = role.document("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert {key: identity.inputs[key] for key in ("clusterName", "namespace", "serviceAccount", "roleArn")} == {
        "clusterName": "analytics",
        "namespace": "batch",
        "serviceAccount": "scoring",
        "roleArn": role.outputs["arn"],
    }
    assert identity.urn in deployment.one("sfn/stateMachine:StateMachine").dependencies


def test_a_step_that_may_do_more_has_a_role_and_a_service_account_of_its_own(deploy: Deploy) -> None:
    deployment = deploy(STEPS)

    given = {
        one.inputs["serviceAccount"]: one.inputs["roleArn"]
        for one in deployment.all("eks/podIdentityAssociation:PodIdentityAssociation")
    }
    assert given == {
        "scorer": deployment.one("iam/role:Role", f"{NAME}-task").outputs["arn"],
        "scorer-write": deployment.one("iam/role:Role", f"{NAME}_write-task").outputs["arn"],
    }
    assert len(deployment.all("awsx:ecr:Image")) == 1
    assert len(deployment.all("eks/accessEntry:AccessEntry")) == 1


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (
            {"vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True}},
            "scoring: expected an EKS cluster with a public endpoint in runOn.cluster, found analytics, whose endpoint "
            "is private",
        ),
        (
            {"accessConfigs": [{"authenticationMode": "CONFIG_MAP"}]},
            "scoring: expected an EKS cluster with the authentication mode API or API_AND_CONFIG_MAP in runOn.cluster, "
            "found analytics with CONFIG_MAP",
        ),
    ],
)
def test_a_cluster_that_step_functions_cannot_use_is_refused(
    told: dict[str, Any], refusal: str, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FUNCTIONS, GET_CLUSTER, {**deepcopy(FUNCTIONS[GET_CLUSTER]), **told})

    with pytest.raises(pulumi.RunError, match=refusal):
        deploy(SCORING)


def test_a_cluster_that_is_not_there_is_one_line(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(**_: str) -> None:
        raise Exception("invoke of aws:eks/getCluster:getCluster failed: couldn't find resource")

    monkeypatch.setattr("pulumi_aws.eks.get_cluster", not_found)

    refusal = (
        "scoring: expected an EKS cluster of this account and Region in runOn.cluster, cannot read analytics: invoke"
    )
    with pytest.raises(pulumi.RunError, match=refusal):
        deploy(SCORING)


@pytest.mark.parametrize(("open_to", "warned"), [(["0.0.0.0/0"], False), (["203.0.113.0/24"], True)])
def test_an_endpoint_that_is_open_to_some_is_worth_a_warning(
    open_to: list[str], warned: bool, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": open_to}
    monkeypatch.setitem(FUNCTIONS, GET_CLUSTER, {**FUNCTIONS[GET_CLUSTER], "vpcConfig": network})

    complaints = deploy(SCORING).complaints

    assert any("is open to 203.0.113.0/24 only" in one for one in complaints) == warned


def test_a_job_that_only_runs_others_is_not_let_into_the_cluster(deploy: Deploy) -> None:
    flow = "overlap: allow, runOn: {kind: kubernetes, cluster: analytics}, steps: [{name: first, job: scoring}]"

    deployment = deploy(f"{SCORING}  flow: {{{flow}}}\n")

    assert [one.name for one in deployment.all("eks/accessEntry:AccessEntry")] == [NAME]
