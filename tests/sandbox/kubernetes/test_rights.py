"""Who may run Jobs: the machine's role by its access entry, its groups by RBAC; each right taken away in turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.kubernetes.conftest import GROUP, NAMESPACE, RULES, Place, api_error, rbac
from tests.sandbox.kubernetes.test_run_job import LOGS, log


def username(place: Place) -> str:
    """As whom Kubernetes knows the machine's role, up to the session's name."""
    return f"arn:aws:sts::{place.aws.account}:assumed-role/{place.role_arn.rpartition('/')[2]}/"


def test_a_role_without_an_access_entry_is_nobody(place: Place) -> None:
    place.aws.client("eks").delete_access_entry(clusterName=place.cluster.name, principalArn=place.role_arn)
    error, cause = place.run(place.job("true")).failure
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html#connect-eks-permissions
    assert error == "EKS.401"
    assert json.loads(cause) == {
        "ResponseBody": {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": "Unauthorized",
            "reason": "Unauthorized",
            "code": 401,
        },
        "StatusCode": 401,
        "StatusText": "Unauthorized",
    }


def test_without_the_group_nothing_is_allowed(place: Place) -> None:
    place.aws.client("eks").update_access_entry(
        clusterName=place.cluster.name, principalArn=place.role_arn, kubernetesGroups=["others"]
    )
    error, message = api_error(place.run(place.job("true")))
    assert error == "EKS.403"
    assert message.startswith(f'jobs.batch is forbidden: User "{username(place)}')
    assert message.endswith(f'cannot create resource "jobs" in API group "batch" in the namespace "{NAMESPACE}"')


@pytest.mark.parametrize("kind", ["Role", "RoleBinding"])
def test_without_the_role_or_its_binding_nothing_is_allowed(place: Place, kind: str) -> None:
    place.cluster.objects.remove(kind, NAMESPACE, GROUP)
    assert api_error(place.run(place.job("true")))[0] == "EKS.403"


def test_the_binding_may_name_the_user_instead(place: Place) -> None:
    machine = place.machines.create(place.states(place.job("true")))
    session = machine.rpartition(":")[2]
    (binding,) = (json.loads(text) for text in rbac().split("\n---\n") if "RoleBinding" in text)
    binding["subjects"] = [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"{username(place)}{session}"}
    ]
    place.apply(binding)
    assert place.machines.run(machine).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("right", "names", "error"),
    [
        # A request to create or list names no object.
        ("create jobs", ["{name}"], "EKS.403"),
        ("get jobs", ["another"], "EKS.403"),
        ("get jobs", ["{name}"], None),
    ],
)
def test_a_right_may_be_to_some_names_alone(place: Place, right: str, names: list[str], error: str | None) -> None:
    job = place.job("true")
    named = {**RULES[right], "resourceNames": [name.format(name=job["metadata"]["name"]) for name in names]}
    (role,) = [each for each in map(json.loads, rbac(right).split("\n---\n")) if each["kind"] == "Role"]
    place.apply({**role, "rules": [*role["rules"], named]})
    assert place.run(job).failure[0] == error


def test_a_cluster_s_role_may_be_bound_in_a_namespace_or_in_all(place: Place) -> None:
    place.cluster.objects.remove("RoleBinding", NAMESPACE, GROUP)
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}
    of = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "jobs"}
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "jobs"}}
    place.apply({**head, "kind": "ClusterRole", "rules": list(RULES.values())})
    assert place.run(place.job("true")).failure[0] == "EKS.403"
    there = {"name": "jobs", "namespace": NAMESPACE}
    place.apply({**head, "kind": "RoleBinding", "metadata": there, "roleRef": of, "subjects": [group]})
    assert place.run(place.job("true")).status == "SUCCEEDED"
    place.cluster.objects.remove("RoleBinding", NAMESPACE, "jobs")
    place.apply({**head, "kind": "ClusterRoleBinding", "roleRef": of, "subjects": [group]})
    assert place.run(place.job("true")).status == "SUCCEEDED"


def test_without_the_right_to_create_no_job_begins(place: Place) -> None:
    place.cluster.objects.apply(rbac("create jobs"))
    assert api_error(place.run(place.job("true")))[0] == "EKS.403"
    assert place.cluster.job_names(NAMESPACE) == []


def test_without_the_right_to_look_the_job_is_left_to_itself(place: Place) -> None:
    place.cluster.objects.apply(rbac("get jobs"))
    job = place.job("sleep", "600")
    name = job["metadata"]["name"]
    run = place.machines.start(place.states(job))
    left = place.running(run, name)
    place.aws.clock.speed = 1000.0
    try:
        while run.now().status == "RUNNING":
            place.aws.clock.wait_idle(0.05)
    finally:
        place.aws.clock.speed = 1.0
    error, message = api_error(run)
    assert error == "EKS.403"
    assert message.startswith(f'jobs.batch "{name}" is forbidden')
    assert place.cluster.job_run(NAMESPACE, name) is left
    left.delete()
    assert left.over.wait(120)


def test_without_the_right_to_delete_a_stopped_run_s_job_runs_on(place: Place) -> None:
    place.cluster.objects.apply(rbac("delete jobs"))
    job = place.job("sleep", "600")
    run = place.machines.start(place.states(job))
    job_run = place.running(run, job["metadata"]["name"])
    place.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert place.machines.aws.clock.next_deadline() is None or run.now().status == "ABORTED"
    assert place.cluster.job_run(NAMESPACE, job["metadata"]["name"]) is job_run
    assert [pod.phase for pod in job_run.pods()] == ["Running"]
    job_run.delete()
    assert job_run.over.wait(120)


def test_without_the_right_to_list_pods_there_are_no_logs(place: Place) -> None:
    place.cluster.objects.apply(rbac("list pods"))
    assert place.run(place.job("echo", "x"), log=LOGS).output["logs"] == {"pods": {}}


def test_without_the_right_to_read_logs_an_error_is_in_their_place(place: Place) -> None:
    place.cluster.objects.apply(rbac("read logs"))
    found = log(place.run(place.job("echo", "x"), log=LOGS).output)
    assert found["error"] == "EKS.403"
    assert 'cannot get resource "pods/log"' in json.loads(found["cause"])["ResponseBody"]["message"]


def test_a_role_that_step_functions_may_not_assume_reaches_nothing(place: Place) -> None:
    machine = place.machines.create(place.states(place.job("true")))
    iam = place.aws.client("iam")
    other: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    other["Principal"] = {"Service": "ecs-tasks.amazonaws.com"}
    iam.update_assume_role_policy(
        RoleName=place.role_arn.rpartition("/")[2],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [other]}),
    )
    assert place.machines.run(machine).failure[0] == "States.TaskFailed"
