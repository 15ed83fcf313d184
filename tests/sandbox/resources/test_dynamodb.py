"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.resources.registry import handler_for

TABLE = "aws:dynamodb/table:Table"
KEY = {"hashKey": "key", "attributes": [{"name": "key", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
EXPIRES = {"attributeName": "expires", "enabled": True}


@pytest.fixture
def change(aws):
    """Change a table to other inputs, as the engine does; gives it with its new outputs."""

    def update(made, inputs):
        handler = handler_for(TABLE)
        return made._replace(outputs=handler.update(aws, made, handler.check(inputs, "unused", b"")))

    return update


def described(aws, made):
    return aws.client("dynamodb").describe_table(TableName=made.id)["Table"]


def time_to_live(aws, made):
    return aws.client("dynamodb").describe_time_to_live(TableName=made.id)["TimeToLiveDescription"]


def recovery(aws, made):
    backups = aws.client("dynamodb").describe_continuous_backups(TableName=made.id)["ContinuousBackupsDescription"]
    return backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def test_a_table_is_made_as_asked_and_deleted(aws, make, delete, unique):
    made = make(TABLE, {**KEY, "name": unique, "ttl": EXPIRES, "tags": {"a": "b"}})
    table = described(aws, made)
    assert made.id == made.outputs["name"] == unique
    assert made.outputs["arn"] == table["TableArn"]
    assert made.outputs["arn"] == f"arn:aws:dynamodb:{aws.region}:{aws.account}:table/{unique}"
    assert table["KeySchema"] == [{"AttributeName": "key", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": "key", "AttributeType": "S"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert time_to_live(aws, made) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    tags = aws.client("dynamodb").list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    delete(TABLE, made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        described(aws, made)


def test_what_nobody_asks_for_is_off(aws, make, unique):
    made = make(TABLE, {**KEY, "name": unique})
    assert time_to_live(aws, made)["TimeToLiveStatus"] == recovery(aws, made) == "DISABLED"
    assert not described(aws, made)["DeletionProtectionEnabled"]
    assert "SSEDescription" not in described(aws, made)


def test_a_table_without_a_name_gets_one(make, unique):
    made = make(TABLE, KEY)
    assert made.id.startswith(f"{unique}-")
    assert len(made.id) == len(unique) + 8


def test_the_provider_bills_provisioned_capacity_unless_told_otherwise(make, unique):
    inputs = {name: value for name, value in KEY.items() if name != "billingMode"}
    assert handler_for(TABLE).check(inputs, unique, b"")["billingMode"] == "PROVISIONED"
    # Which needs a capacity, and the sandbox has none.
    with pytest.raises(ClientError, match="ProvisionedThroughput must be specified"):
        make(TABLE, {**inputs, "name": unique})


def test_a_protected_table_is_deleted_only_without_its_protection(aws, make, change, delete, unique):
    made = make(TABLE, {**KEY, "name": unique, "deletionProtectionEnabled": True})
    with pytest.raises(ClientError, match="ValidationException"):
        delete(TABLE, made)
    delete(TABLE, change(made, {**KEY, "name": unique}))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        described(aws, made)


def test_encryption_recovery_and_the_ttl_come_later(aws, make, change, unique):
    made = make(TABLE, {**KEY, "name": unique})
    on = {"ttl": EXPIRES, "pointInTimeRecovery": {"enabled": True}, "serverSideEncryption": {"enabled": True}}
    made = change(made, {**KEY, "name": unique, **on})
    assert {name: made.outputs[name] for name in on} == on
    assert time_to_live(aws, made) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert recovery(aws, made) == "ENABLED"
    assert described(aws, made)["SSEDescription"]["Status"] == "ENABLED"


def test_the_ttl_and_the_recovery_go(aws, make, change, unique, local_aws):
    on = {"ttl": EXPIRES, "pointInTimeRecovery": {"enabled": True}}
    made = make(TABLE, {**KEY, "name": unique, **on})
    # A TTL changes once an hour.
    assert local_aws.clock.wait_idle(30)
    assert local_aws.clock.advance_to(local_aws.clock.now() + 3600)
    off = {"ttl": {"enabled": False}, "pointInTimeRecovery": {"enabled": False}}
    made = change(made, {**KEY, "name": unique, **off})
    assert {name: made.outputs[name] for name in off} == off
    assert time_to_live(aws, made)["TimeToLiveStatus"] == recovery(aws, made) == "DISABLED"


def test_what_is_no_longer_given_stays(aws, make, change, unique):
    """To the provider a block that is missing is none (SuppressMissingOptionalConfigurationBlock, Computed)."""
    on = {"ttl": EXPIRES, "pointInTimeRecovery": {"enabled": True}, "serverSideEncryption": {"enabled": True}}
    made = make(TABLE, {**KEY, "name": unique, **on})
    without = {**KEY, "name": unique, "deletionProtectionEnabled": True}
    assert handler_for(TABLE).differing(made.outputs, without) == {"deletionProtectionEnabled"}
    made = change(made, without)
    assert time_to_live(aws, made)["TimeToLiveStatus"] == recovery(aws, made) == "ENABLED"
    assert described(aws, made)["SSEDescription"]["Status"] == "ENABLED"
    change(made, {**KEY, "name": unique})


def test_a_table_that_cannot_be_finished_is_not_left_behind(aws, make, unique, monkeypatch):
    def refuse(**_request):
        raise ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateTimeToLive")

    monkeypatch.setattr(aws.client("dynamodb")._client, "update_time_to_live", refuse)
    with pytest.raises(ClientError, match="InternalServerError"):
        make(TABLE, {**KEY, "name": unique, "ttl": EXPIRES})
    assert unique not in aws.client("dynamodb").list_tables()["TableNames"]


def test_drift_is_read(aws, make, unique):
    made = make(TABLE, {**KEY, "name": unique})
    dynamodb = aws.client("dynamodb")
    dynamodb.update_table(TableName=unique, DeletionProtectionEnabled=True)
    dynamodb.update_time_to_live(TableName=unique, TimeToLiveSpecification={"AttributeName": "until", "Enabled": True})
    found = handler_for(TABLE).read(aws, made)
    assert found is not None
    assert found["deletionProtectionEnabled"] is True
    assert found["ttl"] == {"attributeName": "until", "enabled": True}
    dynamodb.update_table(TableName=unique, DeletionProtectionEnabled=False)


def test_another_key_is_another_table():
    handler = handler_for(TABLE)
    assert handler.replacing == {"hashKey", "name"}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"ttl": {"enabled": True}}, "'ttl.attributeName' is required if 'ttl.enabled' is true"),
        ({"ttl": {"enabled": False, "attributeName": "expires"}}, "and only then"),
        ({"rangeKey": "sort"}, "does not know the property 'rangeKey'"),
        ({"serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn"}}, r"'serverSideEncryption\.kmsKeyArn'"),
    ],
)  # fmt: skip
def test_what_the_provider_or_the_sandbox_does_not_take_is_refused(make, unique, inputs, message):
    with pytest.raises(SandboxError, match=message):
        make(TABLE, {**KEY, "name": unique, **inputs})


def test_attributes_of_a_table_that_is_there_cannot_change(make, change, unique):
    made = make(TABLE, {**KEY, "name": unique})
    with pytest.raises(SandboxError, match="cannot change attributes"):
        change(made, {**KEY, "name": unique, "attributes": [{"name": "key", "type": "N"}]})
