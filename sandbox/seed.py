"""What the jobs find when they run here: buckets with recorded flights, and snapshots of every kind that cleanup knows.

All of it is made through the AWS API, in the order of time: no call sets a StartTime or a LastModified, so the clock is
moved to when each thing was made.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.errors import SandboxError

# How long before the first schedule the oldest of it is made: the clock has to start no later.
HISTORY = timedelta(days=100)

_FLIGHTS = Path(__file__).parent / "data" / "flights.csv.gz"
_RECENT_PARTITIONS = timedelta(days=7)
# What a lifecycle rule would have moved by now: age in days from which an object is in that storage class.
_COLD_STORAGE_CLASSES = ((90, "GLACIER_IR"), (30, "STANDARD_IA"), (0, "STANDARD"))
# An account that is not ours, one of those that AWS's documentation uses.
_OTHER_ACCOUNT = "111122223333"

ClientOf = Callable[[str], Any]


class _Step(NamedTuple):
    """Something made at a moment."""

    moment: datetime
    make: Callable[[], object]


def seed(
    client: ClientOf,
    jobs_environment: Mapping[str, Mapping[str, str]],
    first: datetime,
    last: datetime,
    advance_to: Callable[[float], bool],
) -> None:
    """Makes what the stack's jobs need to run from `first` to `last`, and leaves the clock at `first`.

    Args:
        client: a boto3 client of a service, by boto3's name, as administrator.
        jobs_environment: each job's environment in this stack by the job's name. A bucket is made for each variable
            BUCKET or ..._BUCKET of any job; daily-rollup and weekly-report get partitions, snapshot-cleanup snapshots.
        first: from when on schedules will be played (aware).
        last: until when.
        advance_to: moves the clock forward to a time in epoch seconds (`Clock.advance_to`): False if it may not.

    Raises:
        SandboxError: the clock could not be moved.
    """
    steps = [
        *_buckets(client, jobs_environment, first),
        *_partitions(client, jobs_environment, first, last),
        *_snapshots(client, jobs_environment.get("snapshot-cleanup"), first),
    ]
    for step in sorted(steps, key=lambda step: step.moment):
        _move(advance_to, min(step.moment, first))
        step.make()
    _move(advance_to, first)


def recorded_week() -> dict[int, dict[str, list[list[str]]]]:
    """The recorded flights by weekday (Monday 0) and airport of departure; rows as they are in the file."""
    week: dict[int, dict[str, list[list[str]]]] = defaultdict(lambda: defaultdict(list))
    header, *rows = _recorded_rows()
    origin = header.index("origin")
    for row in rows:
        week[date(*map(int, row[:3])).weekday()][row[origin]].append(row)
    return week


def partition_objects(day: date, week: Mapping[int, Mapping[str, list[list[str]]]]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the objects of a day's partition: the recorded day of that weekday under the day's date."""
    header = next(_recorded_rows())
    for origin, rows in sorted(week[day.weekday()].items()):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([day.year, day.month, day.day, *row[3:]] for row in rows)
        yield f"day={day}/{origin}.csv", text.getvalue().encode()


def _recorded_rows() -> Iterator[list[str]]:
    with gzip.open(_FLIGHTS, "rt", encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _move(advance_to: Callable[[float], bool], moment: datetime) -> None:
    if not advance_to(moment.timestamp()):
        raise SandboxError(f"the clock could not be moved to {moment:%Y-%m-%dT%H:%M:%SZ} for seeding: something runs")


def _buckets(client: ClientOf, jobs_environment: Mapping[str, Mapping[str, str]], first: datetime) -> Iterator[_Step]:
    names = {
        value
        for environment in jobs_environment.values()
        for variable, value in environment.items()
        if variable == "BUCKET" or variable.endswith("_BUCKET")
    }
    for name in sorted(names):
        yield _Step(first - HISTORY, partial(_create_bucket, client("s3"), name))


def _create_bucket(s3: Any, name: str) -> None:
    region = s3.meta.region_name
    # us-east-1 alone must not be named: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)


def _partitions(
    client: ClientOf, jobs_environment: Mapping[str, Mapping[str, str]], first: datetime, last: datetime
) -> Iterator[_Step]:
    """Each day until the one before `last`, a week of them before `first`, and one a week back to the beginning."""
    readers = [jobs_environment[name] for name in ("daily-rollup", "weekly-report") if name in jobs_environment]
    places = {(one["SOURCE_BUCKET"], one.get("SOURCE_PREFIX", "")) for one in readers if "SOURCE_BUCKET" in one}
    if not places:
        return
    week = recorded_week()
    s3 = client("s3")
    oldest, first_day = (first - HISTORY).date(), first.astimezone(UTC).date()
    daily = _days(first_day - _RECENT_PARTITIONS, last.astimezone(UTC).date() - timedelta(days=1))
    weekly = _days(oldest + timedelta(days=1), first_day - _RECENT_PARTITIONS - timedelta(days=1), step_days=7)
    for day in (*weekly, *daily):
        complete = datetime.combine(day + timedelta(days=1), time(0, 30), UTC)
        age_days = (first - complete).days
        storage_class = next((name for days, name in _COLD_STORAGE_CLASSES if age_days >= days), "STANDARD")
        for (name, body), (bucket, prefix) in product(partition_objects(day, week), sorted(places)):
            put = partial(
                s3.put_object,
                Bucket=bucket,
                Key=prefix + name,
                Body=body,
                StorageClass=storage_class,
                ContentType="text/csv; charset=utf-8",
            )
            yield _Step(complete, put)


def _days(first: date, last: date, step_days: int = 1) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=step_days)


def _snapshots(client: ClientOf, environment: Mapping[str, str] | None, first: datetime) -> Iterator[_Step]:
    if environment is None:
        return
    make = partial(_snapshot, client("ec2"))
    keep = {environment["KEEP_TAG"]: "true"} if "KEEP_TAG" in environment else {}
    for age_days, make_it in (
        (97, partial(make, "flights database, weekly")),
        (95, partial(make, "flights database before the move to gp3", tags=keep)),
        (80, partial(make, "web server, root volume", image_name="web-server-1")),
        (60, partial(make, "flights database, weekly")),
        (45, partial(make, "flights database, weekly")),
        (40, partial(make, "reference data for another account", shared_with=_OTHER_ACCOUNT)),
        (10, partial(make, "flights database, weekly")),
        (1, partial(make, "flights database, weekly")),
    ):
        yield _Step(first - timedelta(days=age_days), make_it)


def _snapshot(
    ec2: Any,
    description: str,
    *,
    tags: Mapping[str, str] | None = None,
    image_name: str | None = None,
    shared_with: str | None = None,
) -> None:
    """One snapshot of a volume that is gone since; with a name an AMI is made of it, with an account it is shared."""
    volume = ec2.create_volume(AvailabilityZone=f"{ec2.meta.region_name}a", Size=8, VolumeType="gp3")["VolumeId"]
    specification = [{"ResourceType": "snapshot", "Tags": [{"Key": k, "Value": v} for k, v in (tags or {}).items()]}]
    snapshot = ec2.create_snapshot(
        VolumeId=volume, Description=description, **({"TagSpecifications": specification} if tags else {})
    )["SnapshotId"]
    ec2.delete_volume(VolumeId=volume)
    if image_name:
        ec2.register_image(
            Name=image_name,
            Architecture="x86_64",
            RootDeviceName="/dev/xvda",
            VirtualizationType="hvm",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        )
    if shared_with:
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[shared_with]
        )
