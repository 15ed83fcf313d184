"""One cluster: its API server as far as Step Functions asks it, each call checked as the caller's."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.kubernetes import rbac
from sandbox.kubernetes.job_document import accepted, called, kept
from sandbox.kubernetes.job_run import JobRun
from sandbox.kubernetes.objects import Objects
from sandbox.kubernetes.pod import Pod
from sandbox.kubernetes.pod_log import read
from sandbox.kubernetes.rbac import User, Wish
from sandbox.kubernetes.refused import Refused, already_exists, not_found, too_many_requests, unauthorized
from sandbox.processes import Processes

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_AUTHENTICATED = "system:authenticated"


class Cluster:
    """A cluster that was there before any stack: EKS tells of it, and it runs Jobs.

    Args:
        aws: the local AWS.
        processes: starts what its Pods run.
        record: EKS's record of it.

    Attributes:
        objects: what was applied to it.
    """

    def __init__(self, aws: LocalAws, processes: Processes, record: Mapping[str, Any]) -> None:
        self.name: str = record["name"]
        self.arn: str = record["arn"]
        self.endpoint: str = record["endpoint"]
        self.certificate: str = record["certificateAuthority"]["data"]
        self.is_public: bool = record["resourcesVpcConfig"]["endpointPublicAccess"]
        self.version: str = record["version"]
        self.objects = Objects(self.version)
        self._aws = aws
        self._processes = processes
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], JobRun] = {}

    def user(self, role_arn: str, session_name: str) -> User:
        """Whom the cluster takes a session of a role for, by its access entry.

        https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html

        Raises:
            Refused: the role has no access entry.
        """
        eks = self._aws.client("eks")
        try:
            entry = eks.describe_access_entry(clusterName=self.name, principalArn=role_arn)["accessEntry"]
        except eks.exceptions.ResourceNotFoundException:
            raise unauthorized() from None
        name = entry["username"].replace("{{SessionName}}", session_name)
        return User(name, (*entry["kubernetesGroups"], _AUTHENTICATED))

    def pod_role(self, namespace: str, service_account: str) -> str | None:
        """The role that EKS Pod Identity gives to Pods of a service account; None for none."""
        eks = self._aws.client("eks")
        found = eks.list_pod_identity_associations(
            clusterName=self.name, namespace=namespace, serviceAccount=service_account
        )["associations"]
        if not found:
            return None
        answer = eks.describe_pod_identity_association(clusterName=self.name, associationId=found[0]["associationId"])
        return answer["association"]["roleArn"]

    def create_job(self, user: User, namespace: str, document: Any) -> dict[str, Any]:
        """POST .../jobs; the Job as it is kept. Raises Refused."""
        self._check(user, "create", "batch", "jobs", namespace)
        job = accepted(document, self.version, namespace)
        if self.objects.find("Namespace", "", namespace) is None:
            raise not_found("namespaces", namespace)
        name = job["metadata"]["name"]
        of = called(job["metadata"].get("labels", {}), name)
        if self._aws.faults.api_is_busy(of):
            raise too_many_requests()
        fault = self._aws.faults.job_refusal(of)
        refusal = None if fault is None else Refused(HTTPStatus(fault.status), fault.reason, fault.message)
        if refusal is not None and fault is not None and not fault.made:
            raise refusal
        with self._lock:
            if self._find(namespace, name) is not None:
                raise already_exists("jobs.batch", name)
            run = JobRun(self._aws, self, self._processes, kept(job, namespace, self._aws.clock.now()))
            self._jobs[namespace, name] = run
            run.start()
        if refusal is not None:
            raise refusal
        return run.snapshot()

    def job(self, user: User, namespace: str, name: str) -> dict[str, Any]:
        """GET .../jobs/<name>. Raises Refused."""
        self._check(user, "get", "batch", "jobs", namespace, name)
        return self._run(namespace, name).snapshot()

    def delete_job(self, user: User, namespace: str, name: str) -> None:
        """DELETE .../jobs/<name>, with its Pods. Raises Refused."""
        self._check(user, "delete", "batch", "jobs", namespace, name)
        run = self._run(namespace, name)
        with self._lock:
            self._jobs.pop((namespace, name), None)
        run.delete()

    def pods(self, user: User, namespace: str, job_name: str) -> list[Pod]:
        """GET .../pods, of a Job. Raises Refused."""
        self._check(user, "list", "", "pods", namespace)
        return self._run(namespace, job_name).pods()

    def log(self, user: User, pod: Pod, parameters: Mapping[str, Any]) -> str:
        """GET .../pods/<name>/log. Raises Refused."""
        self._check(user, "get", "", "pods/log", pod.namespace, pod.name)
        return read(pod, parameters)

    def job_run(self, namespace: str, name: str) -> JobRun | None:
        """A Job, for whoever asks from outside of the cluster; None if there is none."""
        with self._lock:
            return self._find(namespace, name)

    def job_names(self, namespace: str) -> list[str]:
        """The names of the Jobs in a namespace, the first first."""
        with self._lock:
            return [name for place, name in self._jobs if place == namespace]

    def delete_all(self) -> None:
        """End every Job."""
        with self._lock:
            runs = list(self._jobs.values())
        for run in runs:
            run.delete()

    def _check(self, user: User, verb: str, group: str, resource: str, namespace: str, name: str = "") -> None:
        rbac.check(self.objects, user, Wish(verb, group, resource, namespace, name))

    def _run(self, namespace: str, name: str) -> JobRun:
        with self._lock:
            run = self._find(namespace, name)
        if run is None:
            raise not_found("jobs.batch", name)
        return run

    def _find(self, namespace: str, name: str) -> JobRun | None:
        run = self._jobs.get((namespace, name))
        if run is not None and run.is_cleaned_up():
            del self._jobs[namespace, name]
            return None
        return run
