"""What a job runs, where it runs."""

from collections.abc import Mapping

import pulumi
from pulumi import Output

from components.created import CreatedContainer
from components.job_cluster import JobCluster
from components.job_containers import JobContainers
from components.job_functions import JobFunctions
from components.job_pods import JobPods
from components.network import Network
from components.results import Results
from definitions.place import Place
from spec.job import JobSpec


def create_containers(
    job: JobSpec,
    place: Place,
    *,
    parent: pulumi.Resource,
    cluster: JobCluster,
    network: Network,
    results: Results | None,
    log_group_name: Output[str],
    tags: Mapping[str, str],
) -> dict[str, CreatedContainer]:
    """Create the job's containers, by their names.

    Args:
        job: the job.
        place: its stack.
        parent: its component.
        cluster: what the stack's jobs share.
        network: where they run.
        results: where they leave their results; None where no job of the stack leaves any.
        log_group_name: where they log to.
        tags: of all that can be tagged.
    """
    match job.run_on.kind:
        case "fargate" | "ec2" | "task":
            return JobContainers(
                job=job,
                place=place,
                parent=parent,
                cluster=cluster,
                results=results,
                log_group_name=log_group_name,
                tags=tags,
            ).create()
        case "lambda":
            return JobFunctions(
                job=job,
                place=place,
                parent=parent,
                cluster=cluster,
                network=network,
                results=results,
                log_group_name=log_group_name,
                tags=tags,
            ).create()
        case "kubernetes":
            return JobPods(job=job, place=place, parent=parent, cluster=cluster, results=results, tags=tags).create()
        case kind:
            raise ValueError(f"nothing is created for a job on {kind}")
