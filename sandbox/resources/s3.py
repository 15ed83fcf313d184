"""S3: buckets, and what is set on them."""

from abc import abstractmethod
from typing import Any, ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.fields import Fields, Nested, observed
from sandbox.resources.handler import Created, Handler, Properties, undone_on_error
from sandbox.resources.tags import S3, tag_list, tags_all

_DEFAULT_REGION = "us-east-1"


class Bucket(Handler):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    token = "aws:s3/bucket:Bucket"
    others = frozenset({"bucket", "forceDestroy"})
    defaults: ClassVar = {"forceDestroy": False}
    flags = frozenset({"forceDestroy"})
    tagging = S3
    auto_named = "bucket"
    max_name_length = 63

    def generated_name(self, prefix: str | None, logical_name: str, seed: bytes) -> str:
        """As Handler.generated_name, in lower case: the provider writes the logical name so."""
        return super().generated_name(prefix, logical_name.lower(), seed)

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the bucket's name."""
        s3, name = aws.client("s3"), inputs["bucket"]
        where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        s3.create_bucket(Bucket=name, **({} if aws.region == _DEFAULT_REGION else where))
        with undone_on_error(lambda: s3.delete_bucket(Bucket=name)):
            if inputs.get("tags"):
                s3.put_bucket_tagging(Bucket=name, Tagging=tag_list(inputs, "TagSet"))
        return Created(name, {**inputs, **tags_all(inputs), "arn": f"arn:{aws.partition}:s3:::{name}"})

    def look(self, aws: Aws, made: Created) -> Properties:
        """Whether the bucket is there; all else is of other types."""
        aws.client("s3").get_bucket_location(Bucket=made.id)
        return {"bucket": made.id}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the bucket; what is in it only with `forceDestroy`, and AWS deletes no bucket with anything in it."""
        s3 = aws.client("s3")
        if made.outputs["forceDestroy"]:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=made.id):
                for found in page.get("Contents", ()):
                    s3.delete_object(Bucket=made.id, Key=found["Key"])
        s3.delete_bucket(Bucket=made.id)


class _OfBucket(Handler):
    """Something that is set on a bucket as a whole, of which a bucket has one. The id is the bucket's name."""

    required = frozenset({"bucket"})
    replace_on = frozenset({"bucket"})
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """Set it."""
        self.put(aws, inputs)
        return Created(inputs["bucket"], dict(inputs))

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Set it anew: the call replaces all of it."""
        self.put(aws, inputs)

    @abstractmethod
    def put(self, aws: Aws, inputs: Properties) -> None:
        """The call that sets it."""


class BucketPolicy(_OfBucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""

    token = "aws:s3/bucketPolicy:BucketPolicy"
    fields: ClassVar = {"bucket": "Bucket", "policy": "Policy"}
    required = frozenset({"bucket", "policy"})
    json_properties = ("policy",)

    def put(self, aws: Aws, inputs: Properties) -> None:
        """PutBucketPolicy."""
        aws.client("s3").put_bucket_policy(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetBucketPolicy tells."""
        return {"policy": aws.client("s3").get_bucket_policy(Bucket=made.id)["Policy"]}

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the bucket without a policy."""
        aws.client("s3").delete_bucket_policy(Bucket=made.id)


class BucketPublicAccessBlock(_OfBucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html"""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    fields: ClassVar = {
        "blockPublicAcls": "BlockPublicAcls",
        "blockPublicPolicy": "BlockPublicPolicy",
        "ignorePublicAcls": "IgnorePublicAcls",
        "restrictPublicBuckets": "RestrictPublicBuckets",
    }
    others = frozenset({"bucket"})
    defaults: ClassVar = dict.fromkeys(fields, False)

    def put(self, aws: Aws, inputs: Properties) -> None:
        """PutPublicAccessBlock."""
        aws.client("s3").put_public_access_block(
            Bucket=inputs["bucket"], PublicAccessBlockConfiguration=self.request(inputs)
        )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetPublicAccessBlock tells."""
        answer = aws.client("s3").get_public_access_block(Bucket=made.id)
        return observed(answer["PublicAccessBlockConfiguration"], self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Block nothing any more."""
        aws.client("s3").delete_public_access_block(Bucket=made.id)


class _RulesOfBucket(_OfBucket):
    """A list of rules."""

    others = frozenset({"bucket"})
    required = frozenset({"bucket", "rules"})

    def rules(self, inputs: Properties) -> list[dict[str, Any]]:
        """The rules as the API takes them."""
        return self.request(inputs)["Rules"]

    def observed_rules(self, answer: list[dict[str, Any]]) -> Properties:
        """The rules as the provider has them."""
        return observed({"Rules": answer}, self.fields)


class BucketServerSideEncryptionConfiguration(_RulesOfBucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html"""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    fields: ClassVar[Fields] = {
        "rules": Nested(
            "Rules",
            {
                "applyServerSideEncryptionByDefault": Nested(
                    "ApplyServerSideEncryptionByDefault", {"sseAlgorithm": "SSEAlgorithm"}
                ),
            },
        )
    }

    def put(self, aws: Aws, inputs: Properties) -> None:
        """PutBucketEncryption."""
        aws.client("s3").put_bucket_encryption(
            Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": self.rules(inputs)}
        )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetBucketEncryption tells."""
        answer = aws.client("s3").get_bucket_encryption(Bucket=made.id)
        return self.observed_rules(answer["ServerSideEncryptionConfiguration"]["Rules"])

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the bucket with S3's own default."""
        aws.client("s3").delete_bucket_encryption(Bucket=made.id)


class BucketLifecycleConfiguration(_RulesOfBucket):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html"""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    fields: ClassVar[Fields] = {
        "rules": Nested(
            "Rules",
            {
                "id": "ID",
                "status": "Status",
                "filter": Nested("Filter", {"prefix": "Prefix"}),
                "expiration": Nested("Expiration", {"days": "Days"}),
                "abortIncompleteMultipartUpload": Nested(
                    "AbortIncompleteMultipartUpload", {"daysAfterInitiation": "DaysAfterInitiation"}
                ),
            },
        )
    }

    def put(self, aws: Aws, inputs: Properties) -> None:
        """PutBucketLifecycleConfiguration."""
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": self.rules(inputs)}
        )

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetBucketLifecycleConfiguration tells."""
        return self.observed_rules(aws.client("s3").get_bucket_lifecycle_configuration(Bucket=made.id)["Rules"])

    def delete(self, aws: Aws, made: Created) -> None:
        """Let nothing expire any more."""
        aws.client("s3").delete_bucket_lifecycle(Bucket=made.id)
