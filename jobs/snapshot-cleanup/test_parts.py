"""The job's parts on their own: settings, the reasons to keep a snapshot, paging, and what EC2 refuses to delete."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from snapshot_cleanup import job
from snapshot_cleanup.outcome import JobError
from snapshot_cleanup.selection import reason_to_keep, snapshots_of_image
from snapshot_cleanup.settings import Settings, read_settings

CUTOFF = datetime(2026, 10, 25, 5, 30, tzinfo=UTC)
ENVIRONMENT = {
    "DRY_RUN": "true",
    "OLDER_THAN_DAYS": "30",
    "KEEP_TAG": "longhaul:keep",
    "LONGHAUL_SCHEDULED_TIME": "2026-11-24T05:30:00Z",
}


def old(number: int, **fields) -> dict:
    """An entry of DescribeSnapshots that nothing speaks for."""
    return {
        "SnapshotId": f"snap-{number}",
        "StartTime": CUTOFF - timedelta(days=number),
        "State": "completed",
        "VolumeSize": 8,
        **fields,
    }


def tagged(key: str) -> list[dict[str, str]]:
    return [{"Key": "Name", "Value": "data"}, {"Key": key, "Value": "x"}]


def test_the_cutoff_is_counted_back_from_the_scheduled_time() -> None:
    assert read_settings(ENVIRONMENT) == Settings(cutoff=CUTOFF, keep_tag="longhaul:keep", dry_run=True)


@pytest.mark.parametrize(
    ("dry_run", "text", "expected"),
    [
        (None, None, True),
        ("true", None, True),
        ("false", None, False),
        ("false", "{}", False),
        ("false", '{"dryRun": true}', True),
        ("true", '{"dryRun": false}', False),
    ],
)
def test_it_is_a_dry_run_unless_told_otherwise(dry_run, text, expected) -> None:
    given = {"DRY_RUN": dry_run, "LONGHAUL_INPUT": text}
    base = {name: value for name, value in ENVIRONMENT.items() if name != "DRY_RUN"}
    environment = {**base, **{name: value for name, value in given.items() if value is not None}}
    assert read_settings(environment).dry_run is expected


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DRY_RUN", "False", "DRY_RUN: expected 'true' or 'false', found 'False'"),
        ("DRY_RUN", "", "DRY_RUN: expected 'true' or 'false', found ''"),
        ("OLDER_THAN_DAYS", "0", "OLDER_THAN_DAYS: expected a whole number of days from 1 on, found '0'"),
        ("OLDER_THAN_DAYS", "", "OLDER_THAN_DAYS: expected a whole number of days from 1 on, found ''"),
        ("OLDER_THAN_DAYS", "1e3", "OLDER_THAN_DAYS: expected a whole number of days from 1 on, found '1e3'"),
        ("KEEP_TAG", "", "KEEP_TAG: expected the key of a tag, found none"),
        ("LONGHAUL_SCHEDULED_TIME", "", "LONGHAUL_SCHEDULED_TIME: expected a time such as"),
        ("LONGHAUL_INPUT", "yes", "LONGHAUL_INPUT: expected JSON"),
        ("LONGHAUL_INPUT", "[]", "LONGHAUL_INPUT: expected an object, found list"),
        ("LONGHAUL_INPUT", '{"dry": true}', "LONGHAUL_INPUT: expected only the key 'dryRun', found 'dry'"),
        ("LONGHAUL_INPUT", '{"dryRun": "false"}', "LONGHAUL_INPUT.dryRun: expected true or false, found 'false'"),
    ],
)
def test_a_wrong_setting_is_64_and_named_with_what_was_expected(name, value, said) -> None:
    with pytest.raises(JobError) as caught:
        read_settings({**ENVIRONMENT, name: value})
    assert caught.value.exit_code == 64
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"Tags": tagged("Environment")}, None),
        ({"StartTime": CUTOFF}, "recent"),
        ({"StartTime": CUTOFF - timedelta(microseconds=1)}, None),
        ({"State": "pending"}, "not completed"),
        ({"State": "error"}, "not completed"),
        ({"Tags": tagged("longhaul:keep")}, "tagged to keep"),
        ({"Tags": tagged("aws:backup:source-resource")}, "managed by AWS Backup"),
        ({"Tags": tagged("aws:dlm:lifecycle-policy-id")}, "managed by Data Lifecycle Manager"),
    ],
)
def test_why_a_snapshot_stays(fields, reason) -> None:
    assert reason_to_keep(old(1, **fields), cutoff=CUTOFF, keep_tag="longhaul:keep") == reason


def test_an_image_is_made_of_the_snapshots_of_all_its_devices() -> None:
    devices = [
        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1"}},
        {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-2"}},
        {"DeviceName": "/dev/sdc", "Ebs": {"VolumeSize": 8}},
        {"DeviceName": "/dev/sdd", "VirtualName": "ephemeral0"},
    ]
    assert snapshots_of_image({"BlockDeviceMappings": devices}) == {"snap-1", "snap-2"}
    assert snapshots_of_image({}) == set()


@pytest.fixture
def stubbed_ec2():
    ec2 = boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(ec2) as stub:
        yield ec2, stub
        stub.assert_no_pending_responses()


SNAPSHOTS = {"OwnerIds": ["self"], "MaxResults": 1000}
IMAGES = {"Owners": ["self"], "IncludeDeprecated": True, "IncludeDisabled": True, "MaxResults": 1000}


def test_all_pages_of_snapshots_and_images_are_seen_and_the_oldest_goes_first(stubbed_ec2) -> None:
    ec2, stub = stubbed_ec2
    recent = old(9, StartTime=CUTOFF)
    stub.add_response("describe_snapshots", {"Snapshots": [old(1), recent], "NextToken": "s"}, SNAPSHOTS)
    stub.add_response("describe_snapshots", {"Snapshots": [old(3), old(2)]}, {**SNAPSHOTS, "NextToken": "s"})
    stub.add_response("describe_images", {"Images": [], "NextToken": "i"}, IMAGES)
    image = {"BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-2"}}]}
    stub.add_response("describe_images", {"Images": [image]}, {**IMAGES, "NextToken": "i"})

    outcomes: Counter[str] = Counter()
    found = job.find_candidates(ec2, read_settings(ENVIRONMENT), outcomes)

    assert [snapshot["SnapshotId"] for snapshot in found] == ["snap-3", "snap-1"]
    assert outcomes == {"recent": 1, "used by an AMI": 1}


@pytest.fixture
def clean_up_with(stubbed_ec2, monkeypatch, capsys):
    """Runs the job on two old snapshots, of which EC2 refuses to delete the first; returns how it ended and its log."""
    ec2, stub = stubbed_ec2

    def run(code: str, status: int, *, goes_on: bool) -> tuple[Exception | None, str]:
        stub.add_response("describe_snapshots", {"Snapshots": [old(2), old(1)]}, SNAPSHOTS)
        stub.add_response("describe_images", {"Images": []}, IMAGES)
        for name in ("snap-2", "snap-1") if goes_on else ("snap-2",):
            attribute = {"SnapshotId": name, "Attribute": "createVolumePermission"}
            stub.add_response("describe_snapshot_attribute", {"CreateVolumePermissions": []}, attribute)
            if name == "snap-2":
                stub.add_client_error("delete_snapshot", code, "no", status, expected_params={"SnapshotId": name})
            else:
                stub.add_response("delete_snapshot", {}, {"SnapshotId": name})
        monkeypatch.setattr(boto3, "client", lambda *_, **__: ec2)
        try:
            job.clean_up(read_settings({**ENVIRONMENT, "DRY_RUN": "false"}))
        except Exception as error:
            return error, capsys.readouterr().out
        return None, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("code", "outcome"), [("InvalidSnapshot.NotFound", "gone"), ("InvalidSnapshot.InUse", "used by an AMI")]
)
def test_a_snapshot_that_changed_meanwhile_is_no_failure(clean_up_with, code, outcome) -> None:
    error, output = clean_up_with(code, 400, goes_on=True)
    assert error is None
    assert f"snap-2: {outcome}" in output
    assert "deleted 1 of 2 snapshots (volumes of 8 GiB)" in output


def test_a_snapshot_that_ec2_will_not_delete_is_named_the_others_go_and_the_run_ends_with_75(clean_up_with) -> None:
    error, output = clean_up_with("OperationNotPermitted", 400, goes_on=True)
    assert isinstance(error, JobError)
    assert error.exit_code == 75
    assert "could not delete snap-2" in output
    assert "deleted 1 of 2 snapshots" in output


@pytest.mark.parametrize(("code", "status"), [("UnauthorizedOperation", 403), ("RequestLimitExceeded", 503)])
def test_an_error_that_is_not_of_one_snapshot_ends_the_run(clean_up_with, code, status) -> None:
    error, _ = clean_up_with(code, status, goes_on=False)
    assert isinstance(error, ClientError)
