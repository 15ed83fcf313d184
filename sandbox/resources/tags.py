"""Tags, in the form each service takes them; without any, none are sent: several services refuse an empty set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sandbox.resources.aws import Aws


@dataclass(frozen=True)
class Tagging:
    """How the tags of a resource that is there are read and changed.

    Each takes the account and the resource, which services name by its ARN or, without `by_arn`, by its id.
    """

    by_arn: bool
    read: Callable[[Aws, str], dict[str, str]]
    add: Callable[[Aws, str, dict[str, str]], Any]
    remove: Callable[[Aws, str, list[str]], Any]

    def replace(self, aws: Aws, resource: str, tags: dict[str, str]) -> None:
        """Leave the resource with exactly these tags."""
        present = self.read(aws, resource)
        missing = {name: value for name, value in tags.items() if present.get(name) != value}
        superfluous = sorted(present.keys() - tags.keys())
        if superfluous:
            self.remove(aws, resource, superfluous)
        if missing:
            self.add(aws, resource, missing)


def tag_list(inputs: dict[str, Any], argument: str = "Tags", key: str = "Key", value: str = "Value") -> dict[str, Any]:
    """The call's argument as a list of objects; `key` and `value` are spelt differently by some services."""
    tags = inputs.get("tags") or {}
    return {argument: [{key: name, value: text} for name, text in tags.items()]} if tags else {}


def lower_case_tag_list(inputs: dict[str, Any]) -> dict[str, Any]:
    """As tag_list, for the services that write `tags`, `key` and `value`: ECS, Step Functions."""
    return tag_list(inputs, "tags", "key", "value")


def tag_map(inputs: dict[str, Any]) -> dict[str, Any]:
    """The call's argument `tags` as one object."""
    return {"tags": inputs["tags"]} if inputs.get("tags") else {}


def tag_specifications(resource_type: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The call's argument `TagSpecifications`, which in EC2 says what kind of thing is tagged."""
    tags = tag_list(inputs)
    return {"TagSpecifications": [{"ResourceType": resource_type, **tags}]} if tags else {}


def tags_all(inputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs `tags` and `tagsAll` of a taggable resource (the sandbox has no provider-wide default tags)."""
    tags = inputs.get("tags") or {}
    return {"tags": tags, "tagsAll": tags}


def _pairs(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def _mapping(pairs: list[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {pair[key]: pair[value] for pair in pairs}


def _bucket_tags(aws: Aws, bucket: str) -> dict[str, str]:
    try:
        return _mapping(aws.client("s3").get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise


def _put_bucket_tags(aws: Aws, bucket: str, tags: dict[str, str]) -> None:
    if tags:
        aws.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": _pairs(tags)})
    else:
        aws.client("s3").delete_bucket_tagging(Bucket=bucket)


def _by_arn(service: str, arn: str, tags: str, keys: str, key: str = "Key", value: str = "Value") -> Tagging:
    """For the services with TagResource, UntagResource and ListTagsForResource, which spell their arguments apart."""
    return Tagging(
        by_arn=True,
        read=lambda aws, resource: _mapping(
            aws.client(service).list_tags_for_resource(**{arn: resource})[tags], key, value
        ),
        add=lambda aws, resource, added: aws.client(service).tag_resource(
            **{arn: resource, tags: _pairs(added, key, value)}
        ),
        remove=lambda aws, resource, names: aws.client(service).untag_resource(**{arn: resource, keys: names}),
    )


ECR = _by_arn("ecr", "resourceArn", "tags", "tagKeys")
ECS = _by_arn("ecs", "resourceArn", "tags", "tagKeys", "key", "value")
EKS = Tagging(
    by_arn=True,
    read=lambda aws, arn: aws.client("eks").list_tags_for_resource(resourceArn=arn)["tags"],
    add=lambda aws, arn, tags: aws.client("eks").tag_resource(resourceArn=arn, tags=tags),
    # One by one: MiniStack takes the first of several.
    remove=lambda aws, arn, names: [
        aws.client("eks").untag_resource(resourceArn=arn, tagKeys=[name]) for name in names
    ],
)
EVENTS = _by_arn("events", "ResourceARN", "Tags", "TagKeys")
SCHEDULER = _by_arn("scheduler", "ResourceArn", "Tags", "TagKeys")
STATES = _by_arn("stepfunctions", "resourceArn", "tags", "tagKeys", "key", "value")
EC2 = Tagging(
    by_arn=False,
    read=lambda aws, resource: _mapping(
        aws.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
    ),
    add=lambda aws, resource, tags: aws.client("ec2").create_tags(Resources=[resource], Tags=_pairs(tags)),
    remove=lambda aws, resource, names: aws.client("ec2").delete_tags(
        Resources=[resource], Tags=[{"Key": name} for name in names]
    ),
)
IAM_ROLE = Tagging(
    by_arn=False,
    read=lambda aws, role: _mapping(aws.client("iam").list_role_tags(RoleName=role)["Tags"]),
    add=lambda aws, role, tags: aws.client("iam").tag_role(RoleName=role, Tags=_pairs(tags)),
    remove=lambda aws, role, names: aws.client("iam").untag_role(RoleName=role, TagKeys=names),
)
DYNAMODB = Tagging(
    by_arn=True,
    read=lambda aws, arn: _mapping(aws.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]),
    add=lambda aws, arn, tags: aws.client("dynamodb").tag_resource(ResourceArn=arn, Tags=_pairs(tags)),
    remove=lambda aws, arn, names: aws.client("dynamodb").untag_resource(ResourceArn=arn, TagKeys=names),
)
LOGS = Tagging(
    by_arn=True,
    read=lambda aws, arn: aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"],
    add=lambda aws, arn, tags: aws.client("logs").tag_resource(resourceArn=arn, tags=tags),
    remove=lambda aws, arn, names: aws.client("logs").untag_resource(resourceArn=arn, tagKeys=names),
)
LAMBDA = Tagging(
    by_arn=True,
    read=lambda aws, arn: aws.client("lambda").list_tags(Resource=arn)["Tags"],
    add=lambda aws, arn, tags: aws.client("lambda").tag_resource(Resource=arn, Tags=tags),
    remove=lambda aws, arn, names: aws.client("lambda").untag_resource(Resource=arn, TagKeys=names),
)
CLOUDWATCH = _by_arn("cloudwatch", "ResourceARN", "Tags", "TagKeys")
SNS = _by_arn("sns", "ResourceArn", "Tags", "TagKeys")
KMS = Tagging(
    by_arn=False,
    read=lambda aws, key: _mapping(aws.client("kms").list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue"),
    add=lambda aws, key, tags: aws.client("kms").tag_resource(KeyId=key, Tags=_pairs(tags, "TagKey", "TagValue")),
    remove=lambda aws, key, names: aws.client("kms").untag_resource(KeyId=key, TagKeys=names),
)
S3 = Tagging(
    by_arn=False,
    read=lambda aws, bucket: _bucket_tags(aws, bucket),
    # The call replaces the whole set.
    add=lambda aws, bucket, tags: _put_bucket_tags(aws, bucket, {**_bucket_tags(aws, bucket), **tags}),
    remove=lambda aws, bucket, names: _put_bucket_tags(
        aws, bucket, {name: tag for name, tag in _bucket_tags(aws, bucket).items() if name not in names}
    ),
)
SQS = Tagging(
    by_arn=False,
    read=lambda aws, url: aws.client("sqs").list_queue_tags(QueueUrl=url).get("Tags", {}),
    add=lambda aws, url, tags: aws.client("sqs").tag_queue(QueueUrl=url, Tags=tags),
    remove=lambda aws, url, names: aws.client("sqs").untag_queue(QueueUrl=url, TagKeys=names),
)
