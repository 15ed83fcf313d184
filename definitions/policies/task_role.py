"""The role of the job's own code: what the job's `permissions` grant, and nothing else."""

from typing import Any

from definitions.policies.statements import policy
from spec.job import JobSpec
from spec.permission import PermissionSpec


def task_role_policy(job: JobSpec) -> dict[str, Any] | None:
    """The policy of a job's task role, or None when the job has no permissions: a policy needs a statement."""
    if not job.permissions:
        return None
    return policy([_statement(permission) for permission in job.permissions])


def _statement(permission: PermissionSpec) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": permission.effect,
        "Action": list(permission.actions),
        "Resource": list(permission.resources),
    }
    if permission.conditions:
        statement["Condition"] = {
            operator: {key: list(values) for key, values in keys.items()}
            for operator, keys in permission.conditions.items()
        }
    return statement
