"""The role of a job's Lambda function: what its code may do, and what Lambda needs to run it."""

from typing import Any

from definitions.place import Place
from definitions.policies.secret_rights import read_secrets
from definitions.policies.statements import allow, policy
from definitions.policies.task_role import task_role_policy
from spec.job import JobSpec

_NETWORK_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"""


def function_role_policy(
    rights: JobSpec, job: JobSpec, place: Place, *, results_bucket_arn: str | None, in_vpc: bool
) -> dict[str, Any]:
    """The policy of the role that functions of a job have.

    Args:
        rights: what their code may do, and which secrets they have: the job, or a step as a job by itself.
        job: the job.
        place: its stack.
        results_bucket_arn: the stack's bucket for results; None where no job of the stack leaves any.
        in_vpc: whether they are in a VPC.
    """
    granted = task_role_policy(rights, job, results_bucket_arn=results_bucket_arn)
    streams = place.arn("logs", f"log-group:{place.log_group_prefix(job.name)}-*:log-stream:*")
    statements = [
        *(granted["Statement"] if granted else []),
        *read_secrets(rights, place),
        allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], streams),
    ]
    if in_vpc:
        # Interfaces belong to no function by name.
        statements.append(allow("ConnectToVpc", _NETWORK_ACTIONS, "*"))
        statements.append(
            {
                # Lambda itself connects a function, and its code has no business there.
                # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
                "Sid": "NotByItsCode",
                "Effect": "Deny",
                "Action": _NETWORK_ACTIONS,
                "Resource": "*",
                "Condition": {"ArnLike": {"lambda:SourceFunctionArn": place.function_arn("*")}},
            }
        )
    return policy(statements)


def function_images_policy(place: Place) -> dict[str, Any]:
    """The policy of the image repository that lets Lambda read the images of the stack's functions.

    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    """
    return policy(
        [
            {
                "Sid": "FunctionsOfTheStack",
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                # The one key that AWS documents there; the account is in it.
                "Condition": {"ArnLike": {"aws:SourceArn": place.function_arn("*")}},
            }
        ]
    )
