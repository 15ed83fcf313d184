"""Reads one partition from S3: which objects it has, and their rows one after the other, never a whole object."""

import csv
import hashlib
import io
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from daily_rollup.outcome import Exit, JobError

READ_BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One CSV object of the partition, in the version that was listed."""

    key: str
    etag: str


def list_partition(s3: Any, bucket: str, prefix: str) -> tuple[Source, ...]:
    """The partition's CSV objects in the order of their keys; other objects (markers, manifests) are none of it."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return tuple(
        Source(entry["Key"], entry["ETag"])
        for page in pages
        for entry in page.get("Contents", ())
        if entry["Key"].endswith(".csv")
    )


def fingerprint(sources: tuple[Source, ...]) -> str:
    """One SHA-256 for these objects in these versions."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(f"{source.key}\n{source.etag}\n".encode())
    return digest.hexdigest()


def rows(s3: Any, bucket: str, source: Source) -> Generator[list[str]]:
    """The object's lines as lists of fields, the header first; blank lines are none.

    Raises JobError: TEMPORARY if the object is no longer the one that was listed, DATA if it is not UTF-8 CSV at all.
    """
    try:
        body = s3.get_object(Bucket=bucket, Key=source.key, IfMatch=source.etag)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "NoSuchKey"):
            raise JobError(
                Exit.TEMPORARY, f"s3://{bucket}/{source.key} changed while the partition was read"
            ) from error
        raise
    with body:
        lines = io.TextIOWrapper(io.BufferedReader(body, READ_BUFFER_BYTES), encoding="utf-8-sig", newline="")
        # Strict: read leniently, one stray quote would swallow the rows up to the next as a single bad row.
        reader = csv.reader(lines, strict=True)
        try:
            yield from filter(None, reader)
        except (csv.Error, UnicodeDecodeError) as error:
            place = f"s3://{bucket}/{source.key} after line {reader.line_num}"
            raise JobError(Exit.DATA, f"{place}: expected UTF-8 CSV, found {error}") from error
