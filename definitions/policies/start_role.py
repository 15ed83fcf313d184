"""The role with which a rule or a schedule starts the task of a job that has no state machine."""

from collections.abc import Sequence
from typing import Any

from definitions.place import Place
from definitions.policies.statements import allow, policy
from definitions.policies.task_start_rights import task_start_statements
from spec.job import JobSpec


def start_role_policy(
    job: JobSpec, place: Place, *, cluster_arn: str, passed_role_arns: Sequence[str], dead_letter_arn: str | None
) -> dict[str, Any]:
    """The policy of a role of the job's own: unlike the one that the other triggers share, it passes roles.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html

    Args:
        job: the job.
        place: its stack.
        cluster_arn: the only cluster on which the task may run.
        passed_role_arns: the execution role and the task role of the task definition.
        dead_letter_arn: the SQS queue, of a job with a schedule, which sends there with this role; None of one with a
            rule, which sends by the queue's own policy.
    """
    family = place.task_family_arn(job.name)
    start = task_start_statements(family, place, cluster_arn=cluster_arn, passed_role_arns=passed_role_arns)
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    keep = [] if dead_letter_arn is None else [allow("KeepWhatCouldNotStart", ["sqs:SendMessage"], dead_letter_arn)]
    return policy([*start, *keep])
