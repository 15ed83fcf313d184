"""The tags by which everything that belongs to a job is found and paid for."""

from definitions.place import Place
from spec.job import JobSpec
from spec.step_containers import job_of

STACK_TAG = "longhaul:stack"
JOB_TAG = "longhaul:job"
RUN_ON_TAG = "longhaul:runOn"
PACKAGE_TAG = "longhaul:package"


def job_tags(job: JobSpec, place: Place) -> dict[str, str]:
    """The tags of one job's resources: those the job asks for, the two that name its stack and job, and one that says
    where the job runs, unless that is on Fargate; of a function that is made from an archive, one that says so.

    Returns:
        name to value, sorted by name. Our own win: `ops` finds resources by them.
    """
    kind = job.run_on.kind
    where = {} if kind == "fargate" else {RUN_ON_TAG: kind}
    made_from = {PACKAGE_TAG: job.run_on.package} if job.run_on.is_zip else {}
    own = {STACK_TAG: place.stack, JOB_TAG: job_of(job), **where, **made_from}
    return dict(sorted({**job.tags, **own}.items()))
