"""Where runs leave their results: one bucket a stack, which only the jobs themselves write to."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions
from pulumi_aws import s3

from components.documents import document
from components.tags import tags_of_stack
from definitions.place import Place
from definitions.policies import results_bucket_policy
from definitions.results import bucket_name_beginning
from spec.stack import StackSpec

_INCOMPLETE_UPLOAD_DAYS = 1


@dataclass(frozen=True, kw_only=True)
class ResultsArgs:
    """What Results are made from: the stack, and the place it deploys to."""

    stack: StackSpec
    place: Place


class Results(pulumi.ComponentResource):
    """A bucket that nobody outside reaches, encrypted, whose objects expire.

    bucket_name, bucket_arn: of the bucket.
    settings: the resources that must exist before a run may write there.
    """

    bucket_name: Output[str]
    bucket_arn: Output[str]
    settings: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ResultsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("longhaul:index:Results", name, {}, opts)
        place, child = args.place, ResourceOptions(parent=self)
        # The logical name is what Pulumi makes the bucket's name of: within S3's rules, which are narrower than others.
        logical = bucket_name_beginning(place)
        bucket = s3.Bucket(
            logical,
            # What it holds is in the runs' output too.
            force_destroy=True,
            tags=tags_of_stack(args.stack),
            opts=child,
        )
        self.bucket_name, self.bucket_arn = bucket.bucket, bucket.arn
        block = s3.BucketPublicAccessBlock(
            logical,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        encryption = s3.BucketServerSideEncryptionConfiguration(
            logical,
            bucket=bucket.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="AES256"
                        )
                    )
                )
            ],
            opts=child,
        )
        lifecycle = s3.BucketLifecycleConfiguration(
            logical,
            bucket=bucket.bucket,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(days=args.stack.result_retention_days),
                    abort_incomplete_multipart_upload=(
                        s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=_INCOMPLETE_UPLOAD_DAYS
                        )
                    ),
                )
            ],
            opts=child,
        )
        policy = s3.BucketPolicy(
            logical,
            bucket=bucket.bucket,
            policy=document(lambda bucket_arn: results_bucket_policy(place, bucket_arn), bucket_arn=bucket.arn),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=ResourceOptions(parent=self, depends_on=[block]),
        )
        self.settings = [block, encryption, lifecycle, policy]
        self.register_outputs({"bucket_name": self.bucket_name})
