"""What the jobs find in the sandbox, and that it is what was recorded."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import seed as seeding
from sandbox.data import extract
from sandbox.errors import SandboxError
from sandbox.seed import HISTORY, partition_objects, recorded_week, seed

WEEK = timedelta(days=7)


def as_rows(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode())))


@pytest.fixture(scope="module")
def recorded() -> list[list[str]]:
    """The vendored file, read without the code under test."""
    data = gzip.decompress(extract.TARGET.read_bytes())
    assert hashlib.sha256(data).hexdigest() == extract.CSV_SHA256
    return as_rows(data)


def test_the_readme_counts_and_dates_the_recorded_flights(recorded) -> None:
    _, *rows = recorded
    readme = (Path(extract.__file__).parent / "README.md").read_text()
    assert f"all {len(rows):,} flights" in readme
    days = {date(*map(int, row[:3])) for row in rows}
    assert days == {date(2013, 2, day) for day in range(4, 11)}


def test_another_package_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the package with SHA-256"):
        extract.extract(b"another")


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2028, 2, 29), date(2013, 2, 8)])
def test_a_day_is_the_recorded_day_of_its_weekday_with_nothing_but_its_date_moved(recorded, day) -> None:
    header, *rows = recorded
    expected = sorted(
        [str(day.year), str(day.month), str(day.day), *row[3:]]
        for row in rows
        if date(*map(int, row[:3])).isoweekday() == day.isoweekday()
    )
    objects = dict(partition_objects(day, recorded_week()))
    assert set(objects) == {f"day={day}/{origin}.csv" for origin in ("EWR", "JFK", "LGA")}
    found = []
    for name, body in objects.items():
        its_header, *its_rows = as_rows(body)
        assert its_header == header
        assert {row[header.index("origin")] for row in its_rows} == {name[-7:-4]}
        found += its_rows
    assert sorted(found) == expected


class World:
    """A client a service in a region that no other test uses, and a clock that can be moved."""

    def __init__(self, local_aws: Any, region: str) -> None:
        self._aws = local_aws
        self._region = region
        self.clock = local_aws.clock

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=self._region,
            endpoint_url=self._aws.endpoint,
            aws_access_key_id=self._aws.access_key,
            aws_secret_access_key=self._aws.secret_key,
        )


JOBS = {
    "daily-rollup": {
        "SOURCE_BUCKET": "seeded-flights",
        "SOURCE_PREFIX": "departures/",
        "RESULT_BUCKET": "seeded-results",
    },
    "bucket-inventory": {"BUCKET": "seeded-flights", "REPORT_BUCKET": "seeded-inventories"},
    "snapshot-cleanup": {"KEEP_TAG": "do-not-delete"},
    "of one's own": {"ARCHIVE_BUCKET": "seeded-archive", "BUCKET_LIST": "no bucket"},
}


@pytest.fixture(scope="module")
def seeded(local_aws) -> tuple[World, datetime, datetime]:
    """Seeds three days ahead in us-east-1, where buckets are made in another way than in all other regions."""
    world = World(local_aws, "us-east-1")
    today = datetime.fromtimestamp(local_aws.clock.now(), UTC).replace(hour=6, minute=0, second=0, microsecond=0)
    first = today + HISTORY + timedelta(days=1)
    last = first + timedelta(days=3)
    seed(world.client, JOBS, first, last, world.clock.advance_to)
    return world, first, last


def test_the_clock_stands_at_the_beginning_of_the_window(seeded) -> None:
    world, first, last = seeded
    assert first.timestamp() <= world.clock.now() < last.timestamp()


def test_buckets_are_those_of_the_jobs_environment(seeded) -> None:
    world, *_ = seeded
    names = {bucket["Name"] for bucket in world.client("s3").list_buckets()["Buckets"]}
    assert {"seeded-flights", "seeded-results", "seeded-inventories", "seeded-archive"} <= names
    assert "no bucket" not in names


def test_each_day_that_a_schedule_of_the_window_looks_back_to_is_there_with_its_age(seeded) -> None:
    world, first, last = seeded
    found = world.client("s3").list_objects_v2(Bucket="seeded-flights", Prefix="departures/day=")["Contents"]
    by_day: dict[date, list[dict[str, Any]]] = {}
    for entry in found:
        by_day.setdefault(date.fromisoformat(entry["Key"].split("/")[1].removeprefix("day=")), []).append(entry)

    needed = {last.date() - timedelta(days=days) for days in range(1, (last - first).days + 2)}
    assert needed <= set(by_day)
    assert max(by_day) == last.date() - timedelta(days=1)
    assert all(len(objects) == 3 for objects in by_day.values())
    for day, objects in by_day.items():
        complete = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        for entry in objects:
            # Objects appear when their day is over; those of days to come are there when the window begins.
            assert min(complete, first) <= entry["LastModified"] < min(complete, first) + timedelta(hours=1)
            age_days = (first - entry["LastModified"]).days
            expected = "GLACIER_IR" if age_days >= 90 else "STANDARD_IA" if age_days >= 30 else "STANDARD"
            assert entry["StorageClass"] == expected


def test_snapshots_are_of_every_kind_that_cleanup_tells_apart(seeded) -> None:
    world, first, _ = seeded
    ec2 = world.client("ec2")
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert sorted(round((first - snapshot["StartTime"]) / timedelta(days=1)) for snapshot in snapshots) == [
        1,
        10,
        40,
        45,
        60,
        80,
        95,
        97,
    ]
    (tagged,) = [s for s in snapshots if {"Key": "do-not-delete", "Value": "true"} in s.get("Tags", [])]
    images = ec2.describe_images(Owners=["self"])["Images"]
    used = [mapping["Ebs"]["SnapshotId"] for image in images for mapping in image["BlockDeviceMappings"]]
    shared = [
        snapshot["SnapshotId"]
        for snapshot in snapshots
        if ec2.describe_snapshot_attribute(SnapshotId=snapshot["SnapshotId"], Attribute="createVolumePermission")[
            "CreateVolumePermissions"
        ]
    ]
    assert len(used) == len(shared) == 1
    assert len({tagged["SnapshotId"], *used, *shared}) == 3
    # The volumes are gone: what is left over from them is what cleanup is about.
    assert ec2.describe_volumes()["Volumes"] == []


def test_a_stack_without_these_jobs_gets_nothing(monkeypatch) -> None:
    first = datetime(2026, 11, 24, tzinfo=UTC)
    moves: list[float] = []

    def no_client(service: str) -> Any:
        raise AssertionError(f"nothing is to be made in {service}")

    monkeypatch.setattr(seeding, "recorded_week", no_client)
    seed(no_client, {"another": {"COLOUR": "x"}}, first, first + WEEK, lambda moment: moves.append(moment) is None)
    assert moves == [first.timestamp()]


def test_a_clock_that_cannot_be_moved_is_said(local_aws) -> None:
    first = datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(SandboxError, match="the clock could not be moved to 2026-08-16T00:00:00Z"):
        seed(local_aws.client, JOBS, first, first + WEEK, lambda _: False)
