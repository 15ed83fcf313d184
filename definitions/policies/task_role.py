"""The role of the job's own code: what the job's `permissions` grant, to leave its results, and nothing else."""

from typing import Any

from definitions.policies.statements import allow, policy
from definitions.run_task import INPUT_FILE
from spec.job import JobSpec
from spec.permission import PermissionSpec
from spec.step_containers import containers, takes_large_inputs, task_rights


def task_role_policy(
    rights: JobSpec, job: JobSpec | None = None, *, results_bucket_arn: str | None
) -> dict[str, Any] | None:
    """The policy of a task role, or None when it needs none: a policy needs a statement.

    Args:
        rights: what the role may do: a job, or a step as a job by itself.
        job: the job that it belongs to, where it is a step's.
        results_bucket_arn: the stack's bucket for results; None where no job of the stack leaves any.
    """
    job = job or rights
    statements = [_statement(permission) for permission in rights.permissions]
    of_role = [container for container in containers(job) if task_rights(job, container).name == rights.name]
    if any(container.results for container in of_role):
        statements.append(allow("LeaveResults", ["s3:PutObject"], f"{results_bucket_arn}/{job.name}/*"))
    if takes_large_inputs(job):
        inputs = f"{results_bucket_arn}/{job.name}/*/{INPUT_FILE}"
        statements.append(allow("ReadLargeInputs", ["s3:GetObject"], inputs))
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
