"""What a state machine's role needs to run its job, by where that runs.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
"""

from collections.abc import Sequence
from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow
from definitions.policies.task_start_rights import task_start_statements, tasks_of_cluster
from spec.job import JobSpec
from spec.step_containers import containers

_MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"
"""The rule through which `ecs:runTask.sync` hears that a task has stopped. AWS owns it and its name is fixed."""


def run_statements(
    job: JobSpec, place: Place, *, cluster_arn: str, passed_role_arns: Sequence[str]
) -> list[dict[str, Any]]:
    """The statements for running the job's containers; none for a job that only runs other jobs.

    The arguments are those of `state_machine_role_policy`.
    """
    if not containers(job):
        return []
    match job.run_on.kind:
        case "fargate" | "ec2":
            return _task_statements(job, place, cluster_arn, passed_role_arns)
        case "kubernetes":
            # The cluster gives them, not IAM: `definitions.kubernetes.access`.
            return []
        case "lambda":
            # Every version, as of task definitions. A function that was invoked cannot be stopped.
            versions = f"{place.function_arn(f'{job.name}_*' if job.steps else job.name)}:*"
            return [allow("RunTheJob", ["lambda:InvokeFunction"], versions)]
        case kind:
            raise ValueError(f"no state machine runs a job on {kind}")


def rule_heard_by(job: JobSpec) -> str | None:
    """The rule of AWS's own through which Step Functions hears that what it runs has ended; None where it asks."""
    return _MANAGED_RULE if containers(job) and job.run_on.kind in ("fargate", "ec2") else None


def left_over_statements(job: JobSpec, *, cluster_arn: str) -> list[dict[str, Any]]:
    """Those for seeing what another run left behind to its end: a function is waited for."""
    return [] if job.run_on.kind == "lambda" else [_look_for_tasks(cluster_arn)]


def _look_for_tasks(cluster_arn: str) -> dict[str, Any]:
    # Lists have no resource but the cluster that they are asked of.
    return allow("LookForItsTasks", ["ecs:ListTasks"], "*", {"ArnEquals": {"ecs:cluster": cluster_arn}})


def _task_statements(
    job: JobSpec, place: Place, cluster_arn: str, passed_role_arns: Sequence[str]
) -> list[dict[str, Any]]:
    # The families of steps begin with the job's name, and no other job's does before an underscore.
    family = place.task_family_arn(f"{job.name}_*" if job.steps else job.name)
    run, *others = task_start_statements(family, place, cluster_arn=cluster_arn, passed_role_arns=passed_role_arns)
    # Without StopTask an execution that is aborted or timed out leaves its task running, at its price.
    watch = allow(
        "WatchAndStopIt",
        ["ecs:DescribeTasks", "ecs:StopTask"],
        tasks_of_cluster(place, cluster_arn),
        {"ArnEquals": {"ecs:cluster": cluster_arn}},
    )
    # Of a job that must not overlap, the statements of its lock have it.
    looks = job.run_on.kind == "ec2" and not job.overlap.is_exclusive
    look = [_look_for_tasks(cluster_arn)] if looks else []
    return [run, watch, *look, *others]
