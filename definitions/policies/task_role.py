"""The role of the job's own code: what the job's `permissions` grant, to leave its results, and nothing else."""

from typing import Any

from definitions.policies.statements import allow, policy
from spec.job import JobSpec
from spec.permission import PermissionSpec


def task_role_policy(job: JobSpec, *, results_bucket_arn: str | None) -> dict[str, Any] | None:
    """The policy of a job's task role, or None when it needs none: a policy needs a statement.

    Args:
        job: the job.
        results_bucket_arn: the stack's bucket for results; None where no job of the stack leaves any.
    """
    statements = [_statement(permission) for permission in job.permissions]
    if job.results:
        statements.append(allow("LeaveResults", ["s3:PutObject"], f"{results_bucket_arn}/{job.name}/*"))
    return policy(statements) if statements else None


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
