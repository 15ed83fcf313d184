"""Every right of a job in a cluster is needed: of its role, of whom that trusts, and of the stack in the cluster.

What becomes of a run without each right in the cluster that is needed is among the rows of `rows.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_aws import LocalAws
from tests.sandbox.permissions.policies import Document, parts, without
from tests.sandbox.permissions.project import RETURNING
from tests.scenarios.in_cluster.scene import NAMESPACE, RIGHTS, ClusterScene, ClusterStack
from tests.scenarios.in_cluster.steps import without_right
from tests.scenarios.playing import told_details
from tests.scenarios.steps import ends, start

JOB = {"entrypoint": ["python", str(RETURNING)], "input": "work", "results": True}
# Each has a row. AWS does not say which rights the integration needs; these are what the sandbox asks for.
WITH_A_ROW = {("create", "jobs"), ("get", "jobs"), ("delete", "jobs"), ("list", "pods"), ("get", "pods/log")}


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterStack]:
    stack = ClusterStack(local_aws, tmp_path_factory.mktemp("pods"), [JOB])
    yield stack
    stack.destroy()


@pytest.fixture
def scene(stack: ClusterStack, tmp_path: Path) -> Iterator[ClusterScene]:
    scene = ClusterScene(stack, {"job": JOB}, tmp_path)
    scene.begin()
    yield scene
    scene.end()


@pytest.fixture
def role(stack: ClusterStack) -> str:
    """The name of the job's role."""
    eks = stack.aws.client("eks")
    place = {"clusterName": stack.eks.name}
    (one,) = eks.list_pod_identity_associations(**place, serviceAccount=stack.job(JOB))["associations"]
    told = eks.describe_pod_identity_association(**place, associationId=one["associationId"])["association"]
    return told["roleArn"].rpartition("/")[2]


def run(scene: ClusterScene) -> dict[str, Any]:
    """What a run tells that has ended."""
    start(script="work")(scene)
    ends()(scene)
    return told_details(scene.describe("run"))


@contextmanager
def trusting(scene: ClusterScene, role: str, trust: Document, own: Document) -> Iterator[None]:
    """Give the role another trust policy, and its own back afterwards."""
    iam = scene.aws.client("iam")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(own))


def test_without_a_part_of_its_trust_the_role_is_no_pod_s(
    scene: ClusterScene, role: str, subtests: pytest.Subtests
) -> None:
    own = scene.aws.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    keys = {part.condition[1] for part in parts(own) if part.condition}
    tags = {
        f"aws:RequestTag/{tag}" for tag in ("eks-cluster-name", "kubernetes-namespace", "kubernetes-service-account")
    }
    assert keys == {"aws:SourceAccount", *tags}
    for part in parts(own):
        with subtests.test(str(part)), trusting(scene, role, without(own, part), own):
            told = run(scene)
            assert (told["status"], told["exitCode"]) == ("FAILED", 1), told
            assert "NoCredentials" in told["log"]
    assert run(scene)["status"] == "SUCCEEDED"


def test_without_a_permission_the_job_s_code_is_refused(
    scene: ClusterScene, role: str, subtests: pytest.Subtests
) -> None:
    iam = scene.aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    own = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for part in parts(own):
        less = without(own, part)
        with subtests.test(str(part)):
            if less["Statement"]:
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(less))
            else:
                iam.delete_role_policy(RoleName=role, PolicyName=name)
            try:
                told = run(scene)
            finally:
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(own))
            assert told["status"] == "FAILED", told
            assert "AccessDenied" in told["log"]
    assert run(scene)["status"] == "SUCCEEDED"


def test_the_machine_s_role_has_no_right_to_run_anything(stack: ClusterStack) -> None:
    iam, role = stack.aws.client("iam"), stack.role(stack.job(JOB))
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # The cluster lets it in, not IAM.
    assert not [part.action for part in parts(document) if part.action.startswith(("ecs:", "eks:", "iam:", "events:"))]


def test_each_right_in_the_cluster_has_a_row_or_is_seen_not_to_matter(
    scene: ClusterScene, subtests: pytest.Subtests
) -> None:
    found = scene.stack.eks.objects.find("Role", NAMESPACE, RIGHTS)
    assert found is not None
    given = {(verb, resource) for rule in found["rules"] for verb in rule["verbs"] for resource in rule["resources"]}
    assert given >= WITH_A_ROW
    for verb, resource in sorted(given - WITH_A_ROW):
        with subtests.test(f"{verb} {resource}"):
            without_right(verb, resource)(scene)
            told = run(scene)
            assert told["status"] == "SUCCEEDED"
            scene.rights.close()
