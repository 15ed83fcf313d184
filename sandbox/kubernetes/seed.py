"""The clusters that a stack's jobs name: there before the stack, with what somebody has applied to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.kubernetes.clusters import Clusters
from spec.job import JobSpec
from spec.step_containers import containers

SECRET = "sandbox"
"""What stands in each Secret that a job names: nobody can put another text there from outside of the sandbox."""


def seed_clusters(
    clusters: Clusters, jobs: Iterable[JobSpec], objects: Mapping[str, Iterable[Mapping[str, Any]]]
) -> None:
    """Adds each cluster, with the namespaces and Secrets that jobs name, and applies what they need there.

    Args:
        clusters: of the local AWS.
        jobs: a stack's; those that run elsewhere are passed over.
        objects: what is to be applied for a job, by its name.

    Raises:
        SandboxError: an object is none that can be applied.
    """
    for job in jobs:
        if job.run_on.kind != "kubernetes":
            continue
        name, namespace = job.run_on.cluster or "", job.run_on.namespace
        if clusters.find(name) is None:
            clusters.add_cluster(name)
        applied = [_object("Namespace", namespace), *_secrets(job), *objects.get(job.name, ())]
        clusters.apply(name, "\n---\n".join(json.dumps(each) for each in applied))


def _secrets(job: JobSpec) -> list[dict[str, Any]]:
    keys: dict[str, set[str]] = {}
    for container in containers(job):
        for secret in container.secrets.values():
            keys.setdefault(secret.source, set()).add(secret.key or "")
    return [
        _object("Secret", name, job.run_on.namespace) | {"stringData": dict.fromkeys(sorted(names), SECRET)}
        for name, names in sorted(keys.items())
    ]


def _object(kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
