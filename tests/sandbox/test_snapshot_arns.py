"""What policies are asked about a snapshot.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from sandbox.clients import new_client


def ec2_of_a_user_who_may_delete(local_aws, resource: str):
    iam = local_aws.client("iam")
    name = f"user-{uuid.uuid4()}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "ec2:DeleteSnapshot", "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    credentials = (key["AccessKeyId"], key["SecretAccessKey"], None)
    return new_client("ec2", local_aws.endpoint, local_aws.region, credentials)


@pytest.fixture
def snapshot(local_aws) -> str:
    ec2 = local_aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{local_aws.region}a", Size=1)["VolumeId"]
    return ec2.create_snapshot(VolumeId=volume)["SnapshotId"]


def test_a_snapshots_arn_has_no_account(local_aws, snapshot) -> None:
    resource = f"arn:aws:ec2:{local_aws.region}::snapshot/{snapshot}"
    ec2_of_a_user_who_may_delete(local_aws, resource).delete_snapshot(SnapshotId=snapshot)


def test_an_arn_with_an_account_matches_no_snapshot(local_aws, snapshot) -> None:
    ec2 = ec2_of_a_user_who_may_delete(local_aws, f"arn:aws:ec2:*:{local_aws.account}:snapshot/*")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.delete_snapshot(SnapshotId=snapshot)
