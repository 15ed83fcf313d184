"""The role that the code of a job has, as an ECS task or in a pod."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.documents import document
from components.results import Results
from components.roles import GrantedRole, create_role
from definitions.place import Place
from definitions.policies import task_role_policy
from spec.job import JobSpec
from spec.step_containers import needs_bucket


def create_task_role(
    rights: JobSpec,
    job: JobSpec,
    place: Place,
    *,
    parent: pulumi.Resource,
    trust: Mapping[str, Any],
    results: Results | None,
    tags: Mapping[str, str],
) -> GrantedRole:
    """Create the role of those containers of a job that have the rights of `rights`."""
    bucket_arn = results.bucket_arn if results and needs_bucket(job) else None
    needed = bool(rights.permissions) or bucket_arn is not None
    return create_role(
        f"{place.name(rights.name)}-task",
        parent=parent,
        description=f"What the code of {rights.name} may do",
        trust=trust,
        policy=document(
            lambda results_bucket_arn: task_role_policy(rights, job, results_bucket_arn=results_bucket_arn) or {},
            results_bucket_arn=bucket_arn,
        )
        if needed
        else None,
        tags=tags,
    )
