"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.test_dynamodb import Table
from tests.sandbox.test_dynamodb import table as table

HOUR, DAY = 3600, 86_400


def jump(aws: LocalAws, seconds: float) -> None:
    assert aws.clock.wait_idle(30)
    assert aws.clock.advance_to(aws.clock.now() + seconds)


def change(table: Table, attribute: str, *, enabled: bool) -> None:
    specification = {"AttributeName": attribute, "Enabled": enabled}
    table.client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)


def described(table: Table) -> dict[str, Any]:
    return table.client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]


def refusal(table: Table, attribute: str, *, enabled: bool) -> str:
    with pytest.raises(ClientError) as refused:
        change(table, attribute, enabled=enabled)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return refused.value.response["Error"]["Message"]


def put(table: Table, key: str, **attributes: Any) -> None:
    table.client.put_item(TableName=table.name, Item={"key": {"S": key}, **attributes})


def test_what_has_expired_is_there_for_two_days_and_then_goes(local_aws: LocalAws, table: Table) -> None:
    """ "Items that have expired and not been deleted will still show up in reads." """
    change(table, "expires", enabled=True)
    soon = round(local_aws.clock.now()) + HOUR
    put(table, "soon", expires={"N": str(soon)})
    put(table, "later", expires={"N": str(soon + 30 * DAY)})
    put(table, "text", expires={"S": str(soon)})
    put(table, "never")
    jump(local_aws, 2 * DAY - HOUR)
    assert table.item("soon") is not None
    jump(local_aws, 3 * HOUR)
    assert table.item("soon") is None
    # "The item must contain the attribute, as a number."
    assert all(table.item(key) for key in ("later", "text", "never"))


def test_without_a_ttl_nothing_goes(local_aws: LocalAws, table: Table) -> None:
    put(table, "old", expires={"N": "1"})
    jump(local_aws, 3 * DAY)
    assert table.item("old") is not None


def test_the_setting_says_whether_and_by_which_attribute(local_aws: LocalAws, table: Table) -> None:
    assert described(table) == {"TimeToLiveStatus": "DISABLED"}
    assert refusal(table, "expires", enabled=False) == "TimeToLive is already disabled"
    change(table, "expires", enabled=True)
    assert described(table) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert refusal(table, "expires", enabled=True) == "TimeToLive is already enabled"
    assert refusal(table, "until", enabled=True) == (
        "TimeToLive is active on a different AttributeName: current AttributeName is expires"
    )
    jump(local_aws, HOUR)
    change(table, "expires", enabled=False)
    assert described(table) == {"TimeToLiveStatus": "DISABLED"}


def test_the_setting_changes_once_an_hour(local_aws: LocalAws, table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html"""
    change(table, "expires", enabled=True)
    reason = "Time to live has been modified multiple times within a fixed interval"
    assert refusal(table, "expires", enabled=False) == reason
    jump(local_aws, HOUR)
    change(table, "expires", enabled=False)
    assert refusal(table, "until", enabled=True) == reason
    # Another table of this name has no past.
    table.client.delete_table(TableName=table.name)
    table.client.create_table(
        TableName=table.name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    change(table, "until", enabled=True)


def test_ministack_s_own_deletions_have_ended(local_aws: LocalAws) -> None:
    """Its thread would delete beside the calls, by the machine's minutes."""
    from ministack.services import dynamodb

    assert local_aws.endpoint
    reaped: list[str] = []

    def reap() -> None:
        with dynamodb._lock:
            reaped.append(threading.current_thread().name)

    threads = [threading.Thread(target=reap, name=name, daemon=True) for name in ("dynamodb-ttl-reaper", "another")]
    for thread in threads:
        thread.start()
    threads[1].join(30)
    assert reaped == ["another"]
    assert threads[0].is_alive()
