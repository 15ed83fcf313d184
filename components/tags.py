"""The tags every taggable resource carries, so that costs and permissions can be told apart by stack and by job."""

from definitions.place import Place
from definitions.tags import STACK_TAG, job_tags
from spec.job import JobSpec
from spec.stack import StackSpec


def tags_of_stack(stack: StackSpec) -> dict[str, str]:
    """Tags of a resource that serves the whole stack: the stack's own and the one that names it, which wins."""
    return {**stack.tags, STACK_TAG: stack.name}


def tags_of_job(stack: StackSpec, job: JobSpec, place: Place) -> dict[str, str]:
    """Tags of a resource that serves one job: the stack's, then the job's own, then those that name both, which win."""
    return {**stack.tags, **job_tags(job, place)}
