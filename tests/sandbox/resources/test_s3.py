"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.resources.registry import handler_for

BUCKET, POLICY = "aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"

ALL_BLOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)


def lifecycle(days):
    abort = {"daysAfterInitiation": 1}
    rule = {"id": "expire", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": days}}
    return [{**rule, "abortIncompleteMultipartUpload": abort}]


def document(bucket, action):
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_bucket_gets_a_name_in_lower_case_and_its_tags(aws, make, delete):
    made = make(BUCKET, {"tags": {"a": "b"}}, logical_name="Longhaul-Results")
    assert made.id == made.outputs["bucket"]
    assert made.id.startswith("longhaul-results-")
    assert len(made.id) == len("longhaul-results-") + 7
    assert made.outputs["arn"] == f"arn:aws:s3:::{made.id}"
    s3 = aws.client("s3")
    assert s3.get_bucket_tagging(Bucket=made.id)["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_bucket_location(Bucket=made.id)["LocationConstraint"] == aws.region
    delete(BUCKET, made)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.get_bucket_location(Bucket=made.id)
    assert handler_for(BUCKET).read(aws, made) is None


def test_a_name_that_s3_has_no_room_for_is_refused(make):
    with pytest.raises(SandboxError, match="maximum length 63"):
        make(BUCKET, {}, logical_name="x" * 56)


def test_tags_of_a_bucket_change_and_go(aws, make, change):
    made = make(BUCKET, {"tags": {"a": "b", "c": "d"}})
    change(BUCKET, made, {"bucket": made.id, "tags": {"a": "z", "e": "f"}})
    tags = aws.client("s3").get_bucket_tagging(Bucket=made.id)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "z", "e": "f"}
    change(BUCKET, made._replace(outputs={**made.outputs, "tags": {"a": "z", "e": "f"}}), {"bucket": made.id})
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        aws.client("s3").get_bucket_tagging(Bucket=made.id)


@pytest.mark.parametrize("force", [True, False])
def test_a_bucket_goes_with_what_is_in_it_only_by_force(aws, make, delete, force):
    made = make(BUCKET, {"forceDestroy": force})
    aws.client("s3").put_object(Bucket=made.id, Key="some", Body=b"text")
    if force:
        delete(BUCKET, made)
        return
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        delete(BUCKET, made)
    aws.client("s3").delete_object(Bucket=made.id, Key="some")


def test_a_policy_is_put_changed_and_deleted(aws, make, change, delete):
    bucket = make(BUCKET, {}).id
    made = make(POLICY, {"bucket": bucket, "policy": document(bucket, "s3:PutObject")})
    assert made.id == bucket
    change(POLICY, made, {"bucket": bucket, "policy": document(bucket, "s3:DeleteObject")})
    found = json.loads(aws.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    assert found["Statement"][0]["Action"] == "s3:DeleteObject"
    delete(POLICY, made)
    assert handler_for(POLICY).read(aws, made) is None


def test_public_access_is_blocked_as_asked_and_by_default_not(aws, make, change, delete):
    bucket = make(BUCKET, {}).id
    made = make(BLOCK, {"bucket": bucket})
    s3 = aws.client("s3")
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {False}
    assert change(BLOCK, made, {"bucket": bucket, **ALL_BLOCKED}).items() >= ALL_BLOCKED.items()
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    delete(BLOCK, made)
    assert handler_for(BLOCK).read(aws, made) is None


def test_objects_are_encrypted_as_asked(aws, make):
    bucket = make(BUCKET, {}).id
    make(
        ENCRYPTION,
        {"bucket": bucket, "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    )
    assert aws.client("s3").put_object(Bucket=bucket, Key="some", Body=b"text")["ServerSideEncryption"] == "AES256"
    aws.client("s3").delete_object(Bucket=bucket, Key="some")


def test_a_lifecycle_is_set_changed_and_taken_away(aws, make, change, delete):
    bucket = make(BUCKET, {}).id
    made = make(LIFECYCLE, {"bucket": bucket, "rules": lifecycle(90)})
    change(LIFECYCLE, made, {"bucket": bucket, "rules": lifecycle(7)})
    (rule,) = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["Expiration"]["Days"], rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]) == (7, 1)
    delete(LIFECYCLE, made)
    assert handler_for(LIFECYCLE).read(aws, made) is None


def test_what_is_set_on_another_bucket_is_another_resource():
    for token in (POLICY, BLOCK, ENCRYPTION, LIFECYCLE):
        assert handler_for(token).replacing == {"bucket"}
