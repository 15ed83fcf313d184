"""The service accounts that the pods of a job have in its cluster: one for each role, for the role is given to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec.step_containers import containers, task_rights

if TYPE_CHECKING:
    from spec.job import JobSpec


def cluster_label(container: JobSpec) -> str:
    """What a container is called in names and labels of a cluster, where no underscore may be."""
    return container.name.replace("_", "-")


def service_account(job: JobSpec, container: JobSpec) -> str:
    """The service account that a container's pods have.

    Args:
        job: the job.
        container: the job itself, or a step of it as a job by itself.
    """
    account = job.run_on.service_account or job.name
    rights = task_rights(job, container)
    return account if rights.name == job.name else f"{account}{cluster_label(rights).removeprefix(job.name)}"


def service_accounts(job: JobSpec) -> dict[str, str]:
    """Those of all the job's containers, by the name of whose role it is: the job, or a step as a job by itself."""
    return {task_rights(job, one).name: service_account(job, one) for one in containers(job)}
