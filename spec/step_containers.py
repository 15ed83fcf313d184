"""The containers that a job runs: its own, or one for each of its steps that has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from spec.container import ContainerSpec
from spec.model import Loc, Spec
from spec.steps import StepSpec, all_steps

if TYPE_CHECKING:
    from spec.job import JobSpec

Model = TypeVar("Model", bound=Spec)


def containers(job: JobSpec) -> tuple[JobSpec, ...]:
    """What runs as a task of the job, each as a job by itself: the job, or one for each step that has a container."""
    return tuple(container for _, _, container in placed_containers(job)) if job.steps else (job,)


def job_of(container: JobSpec) -> str:
    """The name of the job that a container belongs to: no job's name has an underscore."""
    return container.name.partition("_")[0]


def placed_containers(job: JobSpec) -> Iterator[tuple[Loc, StepSpec, JobSpec]]:
    """The steps that have a container, each with its place in the job and what it runs."""
    for key, part in (("steps", job.steps), ("onFailure", job.on_failure)):
        for loc, step in all_steps(part, (key,)):
            if step.is_container:
                yield loc, step, step_container(job, step)


def task_rights(job: JobSpec, container: JobSpec) -> JobSpec:
    """Whose role a container has: the job's, or its own where it may do other things than the job.

    The role of a function reads its secrets, too.
    """
    same_secrets = job.run_on.kind != "lambda" or container.secrets == job.secrets
    return job if container.permissions == job.permissions and same_secrets else container


def uses_results(job: JobSpec) -> bool:
    """Whether any of the job's containers leaves a result."""
    return any(container.results for container in containers(job))


def takes_large_inputs(job: JobSpec) -> bool:
    """Whether its containers get an input that ECS does not take through S3: those of steps, and of a count."""
    return bool(containers(job)) and (bool(job.steps) or job.count is not None)


def needs_bucket(job: JobSpec) -> bool:
    """Whether the job needs the stack's bucket: for results, or for large inputs."""
    return uses_results(job) or takes_large_inputs(job)


def _steps(job: JobSpec) -> Iterator[StepSpec]:
    for part in (job.steps, job.on_failure):
        for _, step in all_steps(part):
            yield step


def jobs_run_by(job: JobSpec) -> tuple[str, ...]:
    """The names of the other jobs that its steps run, each once."""
    return tuple(dict.fromkeys(step.job for step in _steps(job) if step.job is not None))


def runs_distributed(job: JobSpec) -> bool:
    """Whether any of it is run in a map run, as executions of their own."""
    many = [job.count, *(step.for_each for step in _steps(job))]
    return any(one is not None and one.is_distributed for one in many)


def writes_down_items(job: JobSpec) -> bool:
    """Whether any map run of it, which leaves no results, has its items and how they ended written down in S3."""
    of_steps = any(
        step.for_each is not None and step.for_each.is_distributed and not has_result(job, step) for step in _steps(job)
    )
    return of_steps or (job.count is not None and job.count.is_distributed and not job.results)


def buckets_listed_by(job: JobSpec) -> tuple[str, ...]:
    """The names of the buckets whose objects its steps run for, each once."""
    many = (step.for_each for step in _steps(job))
    return tuple(dict.fromkeys(one.objects.bucket for one in many if one is not None and one.objects is not None))


def has_result(job: JobSpec, step: StepSpec) -> bool:
    """Whether a step's result can be read. Of a step that runs another job, that job tells; the stack looks at it."""
    return step.job is not None or (step.is_container and step_container(job, step).results)


def step_container(job: JobSpec, step: StepSpec) -> JobSpec:
    """What a step runs, as a job by itself, named `<job>_<step>`: no job's name has an underscore.

    What the step does not say, the job says: maps merge, lists and single values replace, `image` and `build` replace
    each other.
    """
    said = step.model_fields_set & ContainerSpec.model_fields.keys()
    without = {"image": "build", "build": "image"}
    replaced = {other: None for field, other in without.items() if field in said and other not in said}
    container = _laid_over(job, step, said).model_copy(
        update={**replaced, "name": f"{job.name}_{step.name}", "steps": (), "on_failure": (), "count": None}
    )
    return _without_what_has_no_effect(container, step)


def _without_what_has_no_effect(container: JobSpec, step: StepSpec) -> JobSpec:
    """The container without what the job says and the step has taken the ground from."""
    capacity, retries = container.capacity, container.retries
    after = capacity.on_demand_after
    if (
        after is not None
        and "on_demand_after" not in step.capacity.model_fields_set
        and (not capacity.spot or after > container.start_retries.attempts)
    ):
        capacity = capacity.model_copy(update={"on_demand_after": None})
    if not retries.attempts and "on_timeout" not in step.retries.model_fields_set:
        retries = retries.model_copy(update={"on_timeout": False})
    return container.model_copy(update={"capacity": capacity, "retries": retries})


def _laid_over(lower: Model, upper: Spec, fields: set[str]) -> Model:
    values = {}
    for name in fields:
        value, below = getattr(upper, name), getattr(lower, name)
        if isinstance(value, Spec) and isinstance(below, Spec):
            value = _laid_over(below, value, set(value.model_fields_set))
        elif isinstance(value, dict) and isinstance(below, dict):
            value = {**below, **value}
        values[name] = value
    return lower.model_copy(update=values)
