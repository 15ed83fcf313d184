"""The run: list the bucket page by page, count, put the CSV and then the summary that vouches for it."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig

from bucket_inventory.inventory import Entry, Inventory
from bucket_inventory.outcome import log
from bucket_inventory.report import summary, write_csv
from bucket_inventory.settings import Settings

PROGRESS_EVERY_OBJECTS = 10_000


def take_inventory(settings: Settings) -> None:
    """Counts the bucket and returns when CSV and summary are in S3; raises JobError or an error of botocore."""
    s3 = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    run = {"execution": os.environ.get("LONGHAUL_EXECUTION"), "attempt": os.environ.get("LONGHAUL_ATTEMPT")}
    log("info", f"listing s3://{settings.bucket}/{settings.prefix}", prefixDepth=settings.prefix_depth, **run)

    inventory = Inventory(settings.prefix_depth, settings.as_of)
    csv_key = f"{settings.report_folder}objects.csv"
    # A report has as many rows as the bucket has prefixes, so it grows on disk and not in memory.
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as file:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=settings.prefix)
        csv_rows = write_csv(file, inventory.rows(with_progress(entries(pages))))
        file.flush()
        csv_sha256 = _upload(s3, settings, csv_key, file.buffer)
    report = summary(settings, inventory, csv_key=csv_key, csv_sha256=csv_sha256, csv_rows=csv_rows)
    # Last, because it vouches for the CSV: where there is a summary, the report is whole.
    s3.put_object(
        Bucket=settings.report_bucket,
        Key=f"{settings.report_folder}summary.json",
        Body=json.dumps(report, indent=2).encode(),
        ContentType="application/json",
    )
    log(
        "info",
        f"counted {inventory.objects} objects, {inventory.size_bytes} bytes in s3://{settings.bucket}/{settings.prefix}",
        report=f"s3://{settings.report_bucket}/{settings.report_folder}",
        rows=csv_rows,
    )


def entries(pages: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """The objects of ListObjectsV2's pages, one after the other."""
    for page in pages:
        for listed in page.get("Contents", ()):
            yield Entry(listed["Key"], listed.get("StorageClass", "STANDARD"), listed["Size"], listed["LastModified"])


def with_progress(listed: Iterable[Entry]) -> Iterator[Entry]:
    """The same objects, with a line in the log for each ten thousand of them."""
    for count, entry in enumerate(listed, 1):
        yield entry
        if count % PROGRESS_EVERY_OBJECTS == 0:
            log("info", f"{count} objects so far", objects=count, key=entry.key)


def _upload(s3: Any, settings: Settings, key: str, file: Any) -> str:
    """Puts the file and returns its SHA-256. One that goes up in parts is not there before its last part is."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    s3.upload_fileobj(
        file,
        settings.report_bucket,
        key,
        ExtraArgs={"ContentType": "text/csv; charset=utf-8"},
        Config=TransferConfig(max_concurrency=2),
    )
    return digest
