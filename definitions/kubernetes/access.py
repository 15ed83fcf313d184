"""Who may do what in the cluster: what AWS is told of it, and the objects for `kubectl apply`.

The access entry of a state machine's role puts it into a Kubernetes group; a Role binds rights to that group.
https://docs.aws.amazon.com/eks/latest/userguide/create-k8s-group-access-entry.html
"""

from collections.abc import Sequence
from typing import Any

from definitions.kubernetes import names
from definitions.place import Place
from spec.job import JobSpec
from spec.service_accounts import service_accounts
from spec.step_containers import containers

_RBAC = "rbac.authorization.k8s.io"


def access_entry(job: JobSpec, place: Place) -> dict[str, Any]:
    """What lets the role of the job's state machine into the cluster: CreateAccessEntry's request, but for the role.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html
    """
    return {"clusterName": job.run_on.cluster, "kubernetesGroups": [names.group(place)], "type": "STANDARD"}


def pod_identity_associations(job: JobSpec) -> dict[str, dict[str, Any]]:
    """What gives the job's roles to its pods: CreatePodIdentityAssociation's requests, but for the roles.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html

    Returns:
        by the name of whose role it is: the job, or a step as a job by itself.
    """
    return {
        rights: {
            "clusterName": job.run_on.cluster,
            "namespace": job.run_on.namespace,
            "serviceAccount": account,
        }
        for rights, account in service_accounts(job).items()
    }


def objects(job: JobSpec, place: Place) -> Sequence[dict[str, Any]]:
    """The objects that must be in the cluster before the job runs there, in the order in which they are applied.

    The Role and its binding are the same for all jobs of the stack in the namespace.
    """
    namespace, group = job.run_on.namespace, names.group(place)
    accounts = [_object("v1", "ServiceAccount", account, namespace) for account in service_accounts(job).values()]
    rights = _object(f"{_RBAC}/v1", "Role", group, namespace) | {
        "rules": [
            # It is Step Functions that asks after a Job and, when a run is stopped, deletes it.
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete", "get", "list"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        ]
    }
    binding = _object(f"{_RBAC}/v1", "RoleBinding", group, namespace) | {
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": group}],
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": group},
    }
    return [*accounts, rights, binding] if containers(job) else []


def _object(api_version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "longhaul"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
