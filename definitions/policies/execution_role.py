"""The task execution role: with it ECS itself pulls the image, reads the secrets and writes the log.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

import re
from typing import Any

from definitions.place import Place
from definitions.policies.secret_rights import read_secrets
from definitions.policies.statements import allow, policy
from definitions.task_definition import CONTAINER_NAME, LOG_STREAM_PREFIX
from spec.job import JobSpec

# By IPv4, with FIPS, and by IPv6 too (on.aws): https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_PRIVATE_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)"
)


def needs_own_execution_role(job: JobSpec) -> bool:
    """Whether a job needs more than the stack's shared execution role grants.

    True for a job with secrets, or with an `image` in a private ECR repository other than the stack's.
    """
    return bool(job.secrets) or _named_repository(job) is not None


def execution_role_policy(place: Place, *, repository_arn: str | None, job: JobSpec | None) -> dict[str, Any]:
    """The policy of an execution role.

    Args:
        place: the stack.
        repository_arn: the stack's image repository; None when the role need not pull from it.
        job: the job whose own role this is: it may write that job's log and read that job's secrets.
            None is the role that all jobs without secrets share: it may write the logs of all of them.
    """
    repositories = [repository_arn] if repository_arn is not None else []
    if job is not None and (named := _named_repository(job)) is not None:
        account, region, repository = named
        repositories.append(f"arn:{place.partition}:ecr:{region}:{account}:repository/{repository}")

    statements: list[dict[str, Any]] = []
    if repositories:
        # GetAuthorizationToken knows no resources.
        statements.append(allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], "*"))
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        statements.append(allow("PullImage", pull, repositories))
    statements.append(allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], _log_streams(place, job)))
    if job is not None:
        statements += read_secrets(job, place)
    return policy(statements)


def _named_repository(job: JobSpec) -> tuple[str, str, str] | None:
    """Account, Region and repository of an `image` in a private ECR registry."""
    match = _PRIVATE_ECR_IMAGE.match(job.image) if job.image is not None else None
    return (match["account"], match["region"], match["repository"]) if match else None


def _log_streams(place: Place, job: JobSpec | None) -> str:
    group = f"{place.stack_log_group_prefix}*" if job is None else f"{place.log_group_prefix(job.name)}-*"
    return place.arn("logs", f"log-group:{group}:log-stream:{LOG_STREAM_PREFIX}/{CONTAINER_NAME}/*")
