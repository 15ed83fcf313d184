"""A cluster in the local AWS, and state machines that run Jobs on it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.kubernetes.cluster import Cluster
from sandbox.kubernetes.job_run import JobRun
from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import Machines, Run

NAMESPACE = "batch"
GROUP = "longhaul-batch"
# What Step Functions asks of the API server for a Job: each a rule of its own, so that tests can take one away.
RULES: dict[str, dict[str, list[str]]] = {
    "create jobs": {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
    "get jobs": {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"]},
    "delete jobs": {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["delete"]},
    "list pods": {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    "read logs": {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
}


def rbac(*without: str) -> str:
    """The Role and its binding to the group, without the rights that are named."""
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": GROUP, "namespace": NAMESPACE},
        "rules": [rule for name, rule in RULES.items() if name not in without],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": GROUP, "namespace": NAMESPACE},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": GROUP},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}],
    }
    return "\n---\n".join(json.dumps(each) for each in (role, binding))


@dataclass(frozen=True)
class Place:
    """A cluster with a namespace, and a machine's role that may run Jobs in it."""

    aws: LocalAws
    cluster: Cluster
    machines: Machines
    role_arn: str

    def apply(self, *documents: dict[str, Any]) -> None:
        """Apply objects to the cluster."""
        self.cluster.objects.apply("\n---\n".join(json.dumps(document) for document in documents))

    def job(
        self, *command: str, spec: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, **container: Any
    ) -> dict[str, Any]:
        """A Job with a new name whose container `job` runs `command`; one failure fails it."""
        containers = [{"name": "job", "image": "registry.example/tool:1", "command": list(command), **container}]
        pod_spec = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 2,
            "containers": containers,
            **(pod or {}),
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": f"job-{secrets.token_hex(6)}"},
            "spec": {"backoffLimit": 0, "template": {"spec": pod_spec}, **(spec or {})},
        }

    def states(
        self, job: Any, *, log: Any = None, fields: dict[str, Any] | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """States of which the first runs a Job."""
        given = {
            "ClusterName": self.cluster.name,
            "CertificateAuthority": self.cluster.certificate,
            "Endpoint": self.cluster.endpoint,
            "Namespace": NAMESPACE,
            "Job": job,
            **({"LogOptions": log} if log is not None else {}),
            **arguments,
        }
        task = {"Type": "Task", "Resource": "arn:aws:states:::eks:runJob.sync", "Arguments": given}
        return {"Run": {**task, "End": True, **(fields or {})}}

    def run(self, job: Any, **given: Any) -> Run:
        """Run a Job to its end."""
        return self.machines.run(self.states(job, **given))

    def running(self, run: Run, name: str) -> JobRun:
        """The Job of an execution, once its container runs."""
        while True:
            job = self.cluster.job_run(NAMESPACE, name)
            if job is not None and any(pod.phase == "Running" for pod in job.pods()):
                return job
            assert run.now().status == "RUNNING", run.now().failure
            self.aws.clock.wait_idle(0.05)


def conditions(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Type, reason and message of a Job's conditions."""
    return [(each["type"], each["reason"], each["message"]) for each in job["status"]["conditions"]]


def failed(run: Run) -> dict[str, Any]:
    """The Job in the Cause of a failed execution."""
    error, cause = run.failure
    assert error == "States.TaskFailed", cause
    return json.loads(cause)


def api_error(run: Run) -> tuple[str | None, str]:
    """Error, and the message of the API server's Status."""
    error, cause = run.failure
    return error, json.loads(cause)["ResponseBody"]["message"]


@pytest.fixture
def place(local_aws: LocalAws, role: Callable[..., str]) -> Place:
    """A new cluster with all that a Job needs."""
    role_arn = role("states.amazonaws.com", policy(("sqs:SendMessage", "*")))
    cluster = local_aws.kubernetes.add_cluster(f"cluster-{secrets.token_hex(6)}")
    cluster.objects.apply(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}))
    cluster.objects.apply(rbac())
    local_aws.client("eks").create_access_entry(
        clusterName=cluster.name, principalArn=role_arn, kubernetesGroups=[GROUP]
    )
    return Place(local_aws, cluster, Machines(local_aws, role_arn), role_arn)
