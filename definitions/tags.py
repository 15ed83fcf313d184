"""The tags by which everything that belongs to a job is found and paid for."""

from definitions.place import Place
from spec.job import JobSpec
from spec.step_containers import job_of

STACK_TAG = "longhaul:stack"
JOB_TAG = "longhaul:job"


def job_tags(job: JobSpec, place: Place) -> dict[str, str]:
    """The tags of one job's resources: those the job asks for and the two that name its stack and job.

    Returns:
        name to value, sorted by name. The two of our own win: `ops` finds resources by them.
    """
    return dict(sorted({**job.tags, STACK_TAG: place.stack, JOB_TAG: job_of(job)}.items()))
