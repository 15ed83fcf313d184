"""What an API server refuses of a Job. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/"""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.kubernetes.job_document import accepted, kept
from sandbox.kubernetes.job_rules import quantity
from sandbox.kubernetes.refused import Refused

JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "rollup", "labels": {"app.kubernetes.io/name": "rollup"}},
    "spec": {
        "backoffLimit": 0,
        "activeDeadlineSeconds": 60,
        "podFailurePolicy": {
            "rules": [
                {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {"action": "FailJob", "onExitCodes": {"containerName": "job", "operator": "NotIn", "values": [0]}},
            ]
        },
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "job",
                        "image": "registry.example/tool:1",
                        "env": [{"name": "DAY", "value": "monday"}],
                        "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "1Gi"}},
                        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
                    }
                ],
                "volumes": [{"name": "scratch", "emptyDir": {}}],
            }
        },
    },
}
Change = Callable[[dict[str, Any]], Any]


def pod(job: dict[str, Any]) -> dict[str, Any]:
    return job["spec"]["template"]["spec"]


def container(job: dict[str, Any]) -> dict[str, Any]:
    return pod(job)["containers"][0]


def rules(job: dict[str, Any]) -> list[dict[str, Any]]:
    return job["spec"]["podFailurePolicy"]["rules"]


def refusal(change: Change) -> tuple[int, str]:
    """Status and message of what the API server says to a Job after a change."""
    job = copy.deepcopy(JOB)
    change(job)
    with pytest.raises(Refused) as caught:
        accepted(job, "1.33", "batch")
    return int(caught.value.status), str(caught.value)


def test_a_job_that_is_right_is_accepted_and_completed() -> None:
    assert accepted(JOB, "1.33", "batch") == JOB
    job = kept(accepted(JOB, "1.33", "batch"), "batch", 0)
    assert job["metadata"]["creationTimestamp"] == "1970-01-01T00:00:00Z"
    assert job["metadata"]["namespace"] == "batch"
    assert (job["spec"]["completions"], job["spec"]["parallelism"], job["spec"]["suspend"]) == (1, 1, False)
    assert job["spec"]["template"]["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "rollup"
    assert pod(job)["terminationGracePeriodSeconds"] == 30
    assert pod(job)["serviceAccountName"] == "default"
    without = {**JOB, "spec": {"template": JOB["spec"]["template"]}}
    assert kept(accepted(without, "1.33", "batch"), "batch", 0)["spec"]["backoffLimit"] == 6


UNREADABLE: list[tuple[Change, str]] = [
    (lambda job: job["spec"].update(retries=1), 'strict decoding error: unknown field "spec.retries"'),
    (lambda job: container(job).update(cpu=1), 'unknown field "spec.template.spec.containers.0.cpu"'),
    (lambda job: job["spec"].update(backoffLimit="0"), "spec.backoffLimit: type"),
    (lambda job: container(job)["env"].append({"name": "N", "value": 1}), "containers.0.env.1.value: type"),
    (lambda job: container(job).pop("name"), "containers.0: required"),
    (lambda job: job.update(kind="Pod"), "it is no batch/v1 Job"),
    (lambda job: job["metadata"].update(namespace="other"), "does not match the namespace"),
]


@pytest.mark.parametrize(("change", "message"), UNREADABLE)
def test_what_has_not_the_form_of_a_job_is_a_bad_request(change: Change, message: str) -> None:
    status, found = refusal(change)
    assert status == 400
    assert message in found


def test_a_wrong_value_is_not_quoted() -> None:
    """It may be a secret that somebody wrote into the wrong place."""
    secret = {"name": "TOKEN", "value": ["s3cret"]}
    assert "s3cret" not in refusal(lambda job: container(job)["env"].append(secret))[1]


def exit_codes(**fields: Any) -> Change:
    return lambda job: rules(job)[1]["onExitCodes"].update(fields)


INVALID: list[tuple[Change, str]] = [
    (lambda job: job["metadata"].update(name="Rollup_1"), "metadata.name: Invalid value"),
    (lambda job: job["metadata"].update(name="x" * 64), "must be no more than 63 characters"),
    (lambda job: job["metadata"].pop("name"), "metadata.name: Required value"),
    (lambda job: job["metadata"]["labels"].update(day="a b"), "metadata.labels: Invalid value"),
    (lambda job: job["metadata"]["labels"].update(day="x" * 64), "metadata.labels: Invalid value"),
    (lambda job: job["metadata"]["labels"].update({"a b": "x"}), "metadata.labels: Invalid value"),
    (lambda job: job["metadata"].update(annotations={"a/b/c d": "x"}), "metadata.annotations: Invalid value"),
    (lambda job: job["spec"].update(activeDeadlineSeconds=-1), "spec.activeDeadlineSeconds: Invalid value"),
    (lambda job: job["spec"].update(ttlSecondsAfterFinished=-1), "spec.ttlSecondsAfterFinished: Invalid value"),
    (lambda job: pod(job).pop("restartPolicy"), 'valid values: "OnFailure", "Never"'),
    (lambda job: pod(job).update(restartPolicy="Always"), 'Unsupported value: "Always"'),
    (lambda job: pod(job).update(activeDeadlineSeconds=0), "spec.template.spec.activeDeadlineSeconds"),
    (lambda job: pod(job).update(terminationGracePeriodSeconds=-1), "terminationGracePeriodSeconds: Invalid value"),
    (lambda job: pod(job).update(serviceAccountName="a_b"), "serviceAccountName: Invalid value"),
    (lambda job: pod(job)["volumes"].append({"name": "scratch", "emptyDir": {}}), 'Duplicate value: "scratch"'),
    (lambda job: pod(job).update(volumes=[]), 'volumeMounts[0].name: Not found: "scratch"'),
    (lambda job: container(job).update(name="daily_job"), 'containers[0].name: Invalid value: "daily_job"'),
    (lambda job: container(job).update(image=""), "containers[0].image: Required value"),
    (lambda job: container(job)["env"].append({"name": "A=B", "value": ""}), "env[1].name: Invalid value"),
    (
        lambda job: container(job)["env"].append({"name": "A", "valueFrom": {"secretKeyRef": {"key": "k"}}}),
        "secretKeyRef.name: Required value",
    ),
    (
        lambda job: container(job)["env"].append(
            {"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
        ),
        "may not be specified when `value` is not empty",
    ),
    (lambda job: container(job)["resources"]["limits"].update(memory="1GB"), "resources.limits.memory: Invalid value"),
    (lambda job: container(job)["resources"]["requests"].update(cpu="2"), "must be less than or equal to cpu limit"),
    (exit_codes(operator="Is"), 'Unsupported value: "Is"'),
    (exit_codes(operator="In"), "must not be 0 for the In operator"),
    (exit_codes(values=[]), "at least one value is required"),
    (exit_codes(values=[2, 1]), "must be ordered"),
    (exit_codes(values=[1, 1]), "Duplicate value"),
    (exit_codes(values=list(range(256))), "must have at most 255 items"),
    (exit_codes(containerName="other"), "must be one of the container"),
    (lambda job: rules(job)[0].update(onPodConditions=[]), "specifying one of OnExitCodes and OnPodConditions"),
    (lambda job: rules(job)[0].update(action="Fail"), 'action: Unsupported value: "Fail"'),
    (lambda job: rules(job)[0].update(action="FailIndex"), "requires the backoffLimitPerIndex to be set"),
    (lambda job: rules(job).extend(rules(job)[:1] * 19), "must have at most 20 items"),
]


@pytest.mark.parametrize(("change", "message"), INVALID)
def test_what_kubernetes_does_not_allow_is_unprocessable(change: Change, message: str) -> None:
    status, found = refusal(change)
    assert status == 422
    assert message in found


NOT_RUN: list[Change] = [
    lambda job: job["spec"].update(parallelism=2),
    lambda job: job["spec"].update(suspend=True),
    lambda job: pod(job).update(restartPolicy="OnFailure"),
    lambda job: pod(job)["containers"].append({"name": "second", "image": "x"}),
    lambda job: pod(job).update(initContainers=[{"name": "first", "image": "x"}]),
    lambda job: pod(job)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    lambda job: container(job).update(envFrom=[{"secretRef": {"name": "s"}}]),
    lambda job: container(job)["env"].append({"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
]


@pytest.mark.parametrize("change", NOT_RUN)
def test_what_the_sandbox_does_not_run_it_says(change: Change) -> None:
    status, found = refusal(change)
    assert status == 501
    assert found.startswith("the sandbox runs no ")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500m", "0.5"),
        ("1", "1"),
        ("1.5", "1.5"),
        ("1Gi", "1073741824"),
        ("1k", "1000"),
        ("1e3", "1000"),
        ("1GB", None),
    ],
)
def test_amounts_are_read_as_kubernetes_reads_them(text: str, amount: str | None) -> None:
    assert quantity(text) == (None if amount is None else Decimal(amount))
