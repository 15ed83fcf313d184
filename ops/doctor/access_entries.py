"""Do the clusters know the state machines that run Jobs there?

The access entry of a machine's role puts it into the Kubernetes group to which the stack's rights are bound. EKS tells
of the entry; of the Role and its binding the cluster alone.
https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.finding import REDEPLOY, Finding
from ops.doctor.patient import Machine, Patient
from ops.machine_tasks import cluster_arguments
from ops.stack import DeployedJob


def check(patient: Patient) -> list[Finding]:
    """Access entries that are missing, or lack the group."""
    return patient.each_machine_job("the access entries", lambda job: _of_job(patient, job))


def _of_job(patient: Patient, job: DeployedJob) -> Iterator[Finding]:
    machine = patient.machine(job)
    for cluster in dict.fromkeys(arguments["ClusterName"] for arguments in cluster_arguments(machine.definition)):
        yield from _in_cluster(patient, job, machine, cluster)


def _in_cluster(patient: Patient, job: DeployedJob, machine: Machine, cluster: str) -> Iterator[Finding]:
    # As definitions/kubernetes/names.py calls it.
    eks, role_arn, group = patient.aws("eks"), machine.role_arn, f"{patient.stack.resource_name}-jobs"
    role = role_arn.rpartition("/")[2]
    try:
        entry = eks.describe_access_entry(clusterName=cluster, principalArn=role_arn)["accessEntry"]
    except eks.exceptions.ResourceNotFoundException:
        yield Finding(
            check="access-entry-missing",
            job=job.name,
            problem=f"The cluster {cluster} has no access entry for the role {role}, or is gone: runs of {job.name} "
            "are refused with EKS.401, or never start.",
            advice=f"{REDEPLOY}.",
            arn=role_arn,
        )
        return
    groups = entry.get("kubernetesGroups", [])
    if group not in groups:
        yield Finding(
            check="access-entry-without-group",
            job=job.name,
            problem=f"The access entry of the role {role} in the cluster {cluster} lacks the group {group}: runs of "
            f"{job.name} are refused with EKS.403.",
            advice="Whoever administers the cluster gives it back: `aws eks update-access-entry --cluster-name "
            f"{cluster} --principal-arn {role_arn} --kubernetes-groups {' '.join([*groups, group])}`.",
            arn=entry["accessEntryArn"],
        )
