"""A job that runs in an EKS cluster: how AWS lets it in, the objects that must be there, its pods' roles."""

from typing import Any

from definitions import policies
from definitions.kubernetes import access
from definitions.rendered.stand_ins import Containers, StandIns
from definitions.trust import pod_trust_policy
from spec.service_accounts import service_account
from spec.step_containers import containers, task_rights


def in_cluster(given: StandIns) -> Containers:
    """What the job is in its cluster."""
    job, place = given.job, given.place
    return Containers(
        documents={
            "kubernetes": {
                **({"access-entry": access.access_entry(job, place)} if containers(job) else {}),
                "pod-identity-associations": access.pod_identity_associations(job),
                "objects": access.objects(job, place),
            }
        },
        policies=_policies(given),
        what_runs={container.name: given.image(container) for container in containers(job)},
    )


def _policies(given: StandIns) -> dict[str, dict[str, Any]]:
    job, place = given.job, given.place
    found: dict[str, dict[str, Any]] = {}
    for container in containers(job):
        rights = task_rights(job, container)
        granted = policies.task_role_policy(rights, job, results_bucket_arn=given.results_bucket_arn)
        found[f"task-role{'' if rights is job else f' {container.name}'}"] = {
            "trust": pod_trust_policy(place, job.run_on, service_account(job, container)),
            **({"policy": granted} if granted else {}),
        }
    return found
