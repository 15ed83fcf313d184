"""How AWS lets a job into a cluster, and what must be there for it."""

import kubernetes_validate
import pytest

from definitions.kubernetes import access
from definitions.place import Place
from definitions.render import documents
from spec.job import JobSpec
from spec.service_accounts import service_accounts
from tests.definitions.golden_jobs import stack_of
from tests.definitions.kubernetes_samples import VERSIONS, cluster_job
from tests.definitions.samples import job as any_place_job

STEPS = [
    {"name": "load"},
    {"name": "sum_up", "permissions": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}]},
]


@pytest.mark.parametrize("job", [cluster_job(), cluster_job(steps=STEPS)], ids=["job", "steps"])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_applied_to_a_cluster_is_what_the_published_schemas_accept(
    job: JobSpec, version: str, place: Place
) -> None:
    objects = access.objects(job, place)

    for one in objects:
        kubernetes_validate.validate(one, version, strict=True)
        assert one["metadata"]["namespace"] == "batch"
    kinds = [one["kind"] for one in objects]
    assert kinds[-2:] == ["Role", "RoleBinding"]
    assert set(kinds[:-2]) == {"ServiceAccount"}


def test_the_group_of_the_access_entry_is_who_the_rights_are_bound_to(place: Place) -> None:
    job = cluster_job()
    *_, role, binding = access.objects(job, place)

    (group,) = access.access_entry(job, place)["kubernetesGroups"]

    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [("Group", group)]
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == ("Role", role["metadata"]["name"])
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html
    assert not group.startswith(("system:", "eks:", "aws:", "amazon:", "iam:"))


def test_a_step_with_a_role_of_its_own_has_a_service_account_of_its_own(place: Place) -> None:
    job = cluster_job(steps=STEPS)

    accounts = service_accounts(job)

    assert accounts == {"nightly": "nightly", "nightly_sum_up": "nightly-sum-up"}
    associations = access.pod_identity_associations(job)
    assert {name: one["serviceAccount"] for name, one in associations.items()} == accounts
    applied = [one["metadata"]["name"] for one in access.objects(job, place) if one["kind"] == "ServiceAccount"]
    assert applied == list(accounts.values())
    trust = documents(job, stack_of(job))["policies"]["task-role nightly_sum_up"]["trust"]
    assert trust["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "aws:RequestTag/eks-cluster-name": "analytics",
        "aws:RequestTag/kubernetes-namespace": "batch",
        "aws:RequestTag/kubernetes-service-account": "nightly-sum-up",
    }


def test_the_machine_needs_nothing_of_iam_to_run_a_job_in_a_cluster() -> None:
    job = cluster_job()

    policy = documents(job, stack_of(job))["policies"]["state-machine-role"]["policy"]

    assert [statement["Sid"] for statement in policy["Statement"]] == ["DeliverExecutionLog", "Trace"]


def test_elsewhere_there_is_nothing_of_a_cluster() -> None:
    job = any_place_job()

    assert "kubernetes" not in documents(job, stack_of(job))
