"""The rules of a job that runs in an EKS cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from spec.model import Problem
from spec.run_on_rules.note import Note
from spec.run_on_rules.placed import notes_of_each, problems_of_each
from spec.service_accounts import service_accounts
from spec.step_containers import placed_containers

if TYPE_CHECKING:
    from spec.container import SecretSpec
    from spec.job import JobSpec

_RUN_ON = (("runOn",),)
_NEAR_SECONDS = 300
"""Step Functions asks a Job this often at least: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html"""

# https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data
_SECRET = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#security-context-1
_USER = re.compile(r"[0-9]+(?::[0-9]+)?")
_HIGHEST_USER = 2**31 - 1


def problems(job: JobSpec) -> Iterator[Problem]:
    """What would make a run of the job go wrong there."""
    if job.run_on.cluster is None:
        message = "expected an EKS cluster, as in runOn: {kind: kubernetes, cluster: NAME}, found none"
        yield Problem(("runOn", "cluster"), message, (("runOn", "kind"),))
    policy = job.overlap.policy
    if policy != "allow":
        found = policy if "policy" in job.overlap.model_fields_set else f"none, which is {policy}"
        yield Problem(
            ("overlap",),
            f"expected allow with runOn: kubernetes, found {found}: nothing tells a run whether the pod of one that "
            "was stopped has ended, so that nothing can keep them apart. Where they must be, let "
            "the job itself see to it, or leave Kubernetes for it: runOn: fargate",
            _RUN_ON,
        )
    yield from problems_of_each(job, _problems)
    for loc, step, _ in placed_containers(job):
        if step.name.endswith("_"):
            message = f"expected no underscore at its end with runOn: kubernetes, found {step.name}"
            yield Problem((*loc, "name"), message, _RUN_ON)


def between(jobs: Iterable[JobSpec]) -> Iterator[tuple[JobSpec, Problem]]:
    """Jobs whose pods would have the service account of another job's, to which EKS gives one role.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
    """
    first: dict[tuple[str | None, str, str], JobSpec] = {}
    for job in jobs:
        if job.run_on.kind != "kubernetes":
            continue
        for account in service_accounts(job).values():
            other = first.setdefault((job.run_on.cluster, job.run_on.namespace, account), job)
            if other.name != job.name:
                message = (
                    f"expected a service account that no other job has, found {account}, which {other.name} has: EKS "
                    "gives a service account one role"
                )
                yield job, Problem(("runOn", "serviceAccount"), message)


def notes(job: JobSpec) -> Iterator[Note]:
    """What the job says that has no effect there, and what is slow to be seen."""
    if "log_retention_days" in job.model_fields_set:
        yield Note(("logRetention",), "has no effect with runOn: kubernetes: the cluster keeps its pods' logs, or not")
    yield from notes_of_each(job, _notes)


def _problems(container: JobSpec) -> Iterator[Problem]:
    for name, secret in container.secrets.items():
        for key, message in _of_secret(secret):
            yield Problem(("secrets", name, key), message, _RUN_ON)
    user = container.user
    if user is not None and not (_USER.fullmatch(user) and all(int(i) <= _HIGHEST_USER for i in user.split(":"))):
        message = (
            f"expected a user or user:group by number with runOn: kubernetes, such as 1000:1000, found {user}: "
            "Kubernetes does not look into the image for names"
        )
        yield Problem(("user",), message, _RUN_ON)


def _of_secret(secret: SecretSpec) -> Iterator[tuple[str, str]]:
    """What is wrong with a secret, each with its key. Never its source: whoever pastes the secret itself there must not
    find it in a build log."""
    wanted = "the name of a Secret in the job's namespace with runOn: kubernetes"
    if secret.source.startswith("arn:"):
        found = "an ARN: no pod reads Secrets Manager or SSM by itself. Let External Secrets, say, keep a Secret of it"
        yield "from", f"expected {wanted}, found {found}"
    elif secret.source.startswith("/"):
        found = "the name of an SSM parameter, with a leading /: no pod reads SSM by itself"
        yield "from", f"expected {wanted}, found {found}"
    elif not _SECRET.fullmatch(secret.source):
        yield "from", f"expected {wanted}, of lower-case letters, digits, hyphens and dots, found another one"
    if secret.key is None:
        yield "key", "expected a key of the Secret with runOn: kubernetes, found none: a Secret is a map"
    elif not _KEY.fullmatch(secret.key):
        message = "expected a key of letters, digits, dots, hyphens and underscores with runOn: kubernetes, found"
        yield "key", f'{message} "{secret.key}"'
    if secret.kms_key_arn is not None:
        yield "kmsKey", "expected none with runOn: kubernetes, found one: the cluster keeps its Secrets by its own key"


def _notes(container: JobSpec) -> Iterator[Note]:
    if container.capacity.spot:
        why = "whether its pods run on Spot is for the cluster's nodes to say"
        yield Note(("capacity", "spot"), f"has no effect with runOn: kubernetes: {why}")
    if container.timeout_seconds < _NEAR_SECONDS:
        why = "Step Functions looks at a Job every minute, later every five: a run is longer than its work"
        yield Note(("timeout",), f"is kept by the cluster, and seen late: {why}")
