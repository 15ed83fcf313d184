"""A job that runs as ECS tasks: task definitions, and the roles that they name."""

from typing import Any

from definitions import policies
from definitions.rendered.stand_ins import Containers, StandIns, of_job_or_steps
from definitions.task_definition import task_definition
from definitions.trust import trust_policy
from spec.job import JobSpec
from spec.step_containers import containers, task_rights


def tasks(given: StandIns) -> Containers:
    """The task definitions of the job, if it has a container at all."""
    job, place = given.job, given.place
    roles = {
        container.name: {
            "execution_role_arn": given.role_arn(f"{_execution_role_name(container)}execution"),
            "task_role_arn": given.role_arn(f"{task_rights(job, container).name}-task"),
        }
        for container in containers(job)
    }
    definitions = {
        container.name: task_definition(
            container,
            place,
            image=given.image(container),
            log_group_name=given.log_group_name,
            **roles[container.name],
        )
        for container in containers(job)
    }
    return Containers(
        documents={"task-definition": of_job_or_steps(job, definitions)},
        policies=_policies(given),
        what_runs={name: place.arn("ecs", f"task-definition/{place.name(name)}:1") for name in definitions},
        passed_role_arns=[arn for of_one in roles.values() for arn in of_one.values()],
    )


def _policies(given: StandIns) -> dict[str, dict[str, Any]]:
    """The documents of the roles that the containers have: the job's, and the steps' own."""
    job, place = given.job, given.place
    found: dict[str, dict[str, Any]] = {}
    trust = trust_policy("ecs-tasks", place)
    for container in containers(job):
        own, rights = policies.needs_own_execution_role(container), task_rights(job, container)
        of_step = "" if container is job else f" {container.name}"
        reader = container.model_copy(update={"name": job.name})
        repository_arn = given.repository_arn if container.build else None
        found[f"execution-role{of_step if own else ''}"] = {
            "trust": trust,
            "policy": policies.execution_role_policy(place, repository_arn=repository_arn, job=reader if own else None),
        }
        granted = policies.task_role_policy(rights, job, results_bucket_arn=given.results_bucket_arn)
        found[f"task-role{'' if rights is job else of_step}"] = {
            "trust": trust,
            **({"policy": granted} if granted else {}),
        }
    return found


def _execution_role_name(container: JobSpec) -> str:
    return f"{container.name}-" if policies.needs_own_execution_role(container) else ""
