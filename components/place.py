"""Where the program deploys to, asked of the provider once so that every ARN can be written as plain text."""

import pulumi_aws as aws

from definitions.place import Place
from spec.stack import StackSpec


def current_place(stack: StackSpec) -> Place:
    """The stack in the partition, region and account that the AWS provider is configured for."""
    return Place(
        project=stack.project,
        stack=stack.name,
        partition=aws.get_partition().partition,
        region=aws.get_region().region,
        account=aws.get_caller_identity().account_id,
    )
