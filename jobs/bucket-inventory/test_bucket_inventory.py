"""The job against a real S3 endpoint: what it reports, with which rights, and how it ends when it cannot."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import socket
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from bucket_inventory.inventory import Entry
from bucket_inventory.job import take_inventory
from bucket_inventory.outcome import run
from bucket_inventory.settings import read_settings

SCHEDULED = "2026-11-24T06:00:00Z"
# More than a page, so that the second page's part of a prefix must be added to the first's.
OBJECTS_BELOW_MANY = 1001


class Place:
    """A bucket to count and one for reports, and the job's environment and rights for them."""

    def __init__(self, s3: Any, bucket: str, reports: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.reports = reports
        self.environment = {
            "BUCKET": bucket,
            "REPORT_BUCKET": reports,
            "REPORT_PREFIX": "inventory/",
            "LONGHAUL_SCHEDULED_TIME": SCHEDULED,
        }
        self.permissions = [
            {"actions": ["s3:ListBucket"], "resources": [f"arn:aws:s3:::{bucket}"]},
            {
                "actions": ["s3:PutObject", "s3:AbortMultipartUpload"],
                "resources": [f"arn:aws:s3:::{reports}/inventory/*"],
            },
        ]

    def put(self, key: str, size_bytes: int = 0, storage_class: str = "STANDARD") -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=bytes(size_bytes), StorageClass=storage_class)

    def reported(self) -> dict[str, bytes]:
        found = self.s3.list_objects_v2(Bucket=self.reports).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=self.reports, Key=entry["Key"])["Body"].read() for entry in found
        }

    def report(self, below: str = "") -> tuple[dict[str, Any], list[dict[str, str]]]:
        """The summary and the CSV's rows, after checking that there is nothing else and that they belong together."""
        folder = f"inventory/{self.bucket}/{below}2026-11-24T06-00-00Z"
        objects = self.reported()
        assert set(objects) == {f"{folder}/objects.csv", f"{folder}/summary.json"}
        summary = json.loads(objects[f"{folder}/summary.json"])
        content = objects[f"{folder}/objects.csv"]
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert summary["csv"] == {
            "key": f"{folder}/objects.csv",
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": len(rows),
        }
        return summary, rows


@pytest.fixture
def place(local_aws, new_bucket) -> Place:
    return Place(local_aws.client("s3"), new_bucket("counted"), new_bucket("reports"))


@pytest.fixture
def run_here(place, monkeypatch, capsys):
    """Runs the job in this process, which is quicker, and returns its exit code and its log."""

    def run_with(**environment: str) -> tuple[int, list[dict[str, Any]]]:
        for name, value in {**place.environment, **environment}.items():
            monkeypatch.setenv(name, value)
        exit_code = run(lambda: take_inventory(read_settings(os.environ)), after_sigterm="")
        return exit_code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return run_with


def counts(rows: list[dict[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(row["prefix"], row["storage_class"]): (int(row["objects"]), int(row["bytes"])) for row in rows}


def test_counts_a_bucket_of_more_than_a_page_by_prefix_and_storage_class(place, processes) -> None:
    for number in range(OBJECTS_BELOW_MANY):
        place.put(f"many/{number:04}", 1)
    place.put("few/a", 10)
    place.put("few/b", 20, "STANDARD_IA")
    place.put("few/deeper/c", 30)
    place.put("at the root", 40)
    place.put("zü/ö", 50)

    finished = processes.run("bucket-inventory", place.environment, place.permissions)

    assert finished.exit_code == 0
    total = OBJECTS_BELOW_MANY + 150
    assert finished.last_message == f"counted 1006 objects, {total} bytes in s3://{place.bucket}/"
    summary, rows = place.report()
    assert counts(rows) == {
        ("", "STANDARD"): (1, 40),
        ("few/", "STANDARD"): (2, 40),
        ("few/", "STANDARD_IA"): (1, 20),
        ("many/", "STANDARD"): (OBJECTS_BELOW_MANY, OBJECTS_BELOW_MANY),
        ("zü/", "STANDARD"): (1, 50),
    }
    assert (summary["objects"], summary["bytes"]) == (1006, total)
    assert (summary["bucket"], summary["as_of"]) == (place.bucket, SCHEDULED)
    by_class = {name: (found["objects"], found["bytes"]) for name, found in summary["by_storage_class"].items()}
    assert by_class == {"STANDARD": (1005, total - 20), "STANDARD_IA": (1, 20)}


def test_a_second_run_of_the_same_time_replaces_the_report(place, run_here) -> None:
    place.put("a/1", 5)
    assert run_here()[0] == 0
    place.put("a/2", 6)
    assert run_here()[0] == 0
    _, rows = place.report()
    assert counts(rows) == {("a/", "STANDARD"): (2, 11)}


def test_counts_the_part_that_the_input_names(place, run_here) -> None:
    place.put("a/x/1", 5)
    place.put("a/y/1", 6)
    place.put("b/1", 7)
    assert run_here(LONGHAUL_INPUT='{"prefix": "a/"}', PREFIX_DEPTH="2")[0] == 0
    summary, rows = place.report(below="a/")
    assert counts(rows) == {("a/x/", "STANDARD"): (1, 5), ("a/y/", "STANDARD"): (1, 6)}
    assert summary["objects"] == 2


def test_an_empty_bucket_has_an_empty_report(place, run_here) -> None:
    assert run_here()[0] == 0
    summary, rows = place.report()
    assert (rows, summary["objects"], summary["by_storage_class"]) == ([], 0, {})


def test_a_report_larger_than_one_part_goes_up_whole(place, run_here, monkeypatch) -> None:
    keys = [f"{number:04}{'x' * 1000}/a" for number in range(9000)]
    listed = datetime(2026, 11, 1, tzinfo=UTC)
    monkeypatch.setattr("bucket_inventory.job.entries", lambda _: (Entry(key, "STANDARD", 1, listed) for key in keys))
    calls: Counter[str] = Counter()
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register("after-call.s3", lambda model, **_: calls.update([model.name]))
    assert run_here()[0] == 0
    assert (calls["CompleteMultipartUpload"], calls["PutObject"]) == (1, 1)
    _, rows = place.report()
    assert len(rows) == len(keys)


def test_without_the_permission_to_list_it_is_77_and_reports_nothing(place, processes) -> None:
    finished = processes.run("bucket-inventory", place.environment, place.permissions[1:])
    assert finished.exit_code == 77
    assert "s3:ListBucket" in finished.last_message
    assert place.reported() == {}


def test_without_the_permission_to_put_it_is_77_and_reports_nothing(place, processes) -> None:
    finished = processes.run("bucket-inventory", place.environment, place.permissions[:1])
    assert finished.exit_code == 77
    assert "s3:PutObject" in finished.last_message
    assert place.reported() == {}


def test_a_report_that_cannot_be_written_has_no_summary(place, run_here) -> None:
    place.put("a/1")
    exit_code, log = run_here(REPORT_BUCKET="no-such-bucket-anywhere")
    assert exit_code == 64
    assert "NoSuchBucket" in log[-1]["message"]
    assert place.reported() == {}


def test_sigterm_ends_it_at_once_with_143(place, processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        environment = {**place.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        process = processes.start("bucket-inventory", processes.environment(environment, ()))
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGTERM)
            finished = processes.finish(process)
    assert finished.exit_code == 143
    assert finished.log[-1]["exitCode"] == 143
