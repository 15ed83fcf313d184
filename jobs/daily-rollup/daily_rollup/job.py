"""The run: list the partition, add its rows up, put one result object."""

import os
from typing import Any

import boto3

from daily_rollup.outcome import Exit, JobError, log
from daily_rollup.partition import Source, fingerprint, list_partition, rows
from daily_rollup.settings import Settings
from daily_rollup.totals import HeaderError, Rollup, RowError, read_header

REJECTED_ROWS_LOGGED = 10


def roll_up(settings: Settings) -> None:
    """Rolls one day up and returns when the result is in S3.

    Raises JobError or an error of botocore; then nothing was written.
    """
    s3 = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    partition = f"s3://{settings.source_bucket}/{settings.partition_prefix}"
    sources = list_partition(s3, settings.source_bucket, settings.partition_prefix)
    run = {"execution": os.environ.get("LONGHAUL_EXECUTION"), "attempt": os.environ.get("LONGHAUL_ATTEMPT")}
    log("info", f"reading {len(sources)} objects of {partition}", day=str(settings.day), **run)
    if not sources:
        raise JobError(Exit.NO_INPUT, f"{partition} has no CSV object")

    rollup = Rollup(settings.day)
    rejected = sum(_add_object(s3, settings.source_bucket, source, rollup) for source in sources)
    _refuse_bad_partition(settings, partition, rollup, rejected)
    if fingerprint(list_partition(s3, settings.source_bucket, settings.partition_prefix)) != fingerprint(sources):
        raise JobError(Exit.TEMPORARY, f"{partition} changed while it was read")
    _write(s3, settings, rollup, sources, rejected)
    log(
        "info",
        f"rolled up {rollup.flights} flights of {settings.day}",
        result=f"s3://{settings.result_bucket}/{settings.result_key}",
        flights=rollup.flights,
        groups=len(rollup.groups),
        rejectedRows=rejected,
    )


def _add_object(s3: Any, bucket: str, source: Source, rollup: Rollup) -> int:
    """Adds one object's rows and returns how many were rejected."""
    place = f"s3://{bucket}/{source.key}"
    lines = rows(s3, bucket, source)
    header = next(lines, None)
    if header is None:
        log("warning", "object is empty", object=place)
        return 0
    try:
        layout = read_header(header)
    except HeaderError as error:
        raise JobError(Exit.DATA, f"{place}: {error}") from None
    rejected = 0
    number = 0
    for number, row in enumerate(lines, 1):
        try:
            rollup.add(layout, row)
        except RowError as error:
            rejected += 1
            if rejected <= REJECTED_ROWS_LOGGED:
                log("warning", f"rejected row: {error}", object=place, row=number)
    log("info", "object read", object=place, rows=number, rejectedRows=rejected)
    return rejected


def _refuse_bad_partition(settings: Settings, partition: str, rollup: Rollup, rejected: int) -> None:
    """A result that is missing tells more than one that is wrong."""
    total = rollup.flights + rejected
    if not total:
        raise JobError(Exit.NO_INPUT, f"{partition} has no rows")
    percent = 100 * rejected / total
    if percent > settings.max_rejected_percent:
        raise JobError(
            Exit.DATA,
            f"{partition}: {rejected} of {total} rows ({percent:.2f} %) were rejected,"
            f" more than MAX_REJECTED_PERCENT {settings.max_rejected_percent:g}",
        )


def _write(s3: Any, settings: Settings, rollup: Rollup, sources: tuple[Source, ...], rejected: int) -> None:
    """One put of one object: S3 shows the old result or the new one, and what it was made of goes with it."""
    s3.put_object(
        Bucket=settings.result_bucket,
        Key=settings.result_key,
        Body=rollup.to_csv().encode(),
        ContentType="text/csv; charset=utf-8",
        Metadata={
            "source-objects": str(len(sources)),
            "source-fingerprint": fingerprint(sources),
            "flights": str(rollup.flights),
            "rejected-rows": str(rejected),
        },
    )
