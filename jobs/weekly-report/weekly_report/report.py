"""The report in S3: two tables in a folder of the run that made them, and an object that says which folder counts.

S3 puts one object at a time. Who reads a week begins with that, and finds the tables of before or the new ones, never
one of each.
"""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from weekly_report.settings import Settings
from weekly_report.totals import Totals, table


@dataclass(frozen=True)
class Combined:
    """A week's sums, and what is said of them."""

    facts: dict[str, Any]
    tables: dict[str, str]

    @property
    def last_day(self) -> str:
        return self.facts["lastDay"]


def read_combined(given: dict[str, Any]) -> Combined:
    """What the step before has left; raises JobError(DATA)."""
    tables = {}
    for heading, part in (("airline", "airlines"), ("day", "days")):
        sums = {name: Totals.of_json(value, f"{part}.{name}") for name, value in given[part].items()}
        tables[part] = table(heading, sums)
    return Combined({name: value for name, value in given.items() if name not in tables}, tables)


def write_report(s3: Any, settings: Settings, combined: Combined) -> str:
    """Writes the tables, then which of them are the week's, and returns the key of that."""
    keys = {name: f"{_folder(settings, combined.last_day)}{name}.csv" for name in combined.tables}
    for name, text in combined.tables.items():
        s3.put_object(
            Bucket=settings.report_bucket, Key=keys[name], Body=text.encode(), ContentType="text/csv; charset=utf-8"
        )
    key = _report_key(settings, combined.last_day)
    body = json.dumps({**combined.facts, **keys}).encode()
    s3.put_object(Bucket=settings.report_bucket, Key=key, Body=body, ContentType="application/json")
    return key


def remove_unpublished(s3: Any, settings: Settings, last_day: str) -> int:
    """Removes what this run has written of the report, unless it is the week's by now; returns how many objects."""
    folder = _folder(settings, last_day)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.report_bucket, Prefix=folder)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    if not keys or set(keys) & _published(s3, settings, last_day):
        return 0
    for key in keys:
        s3.delete_object(Bucket=settings.report_bucket, Key=key)
    return len(keys)


def _published(s3: Any, settings: Settings, last_day: str) -> set[str]:
    """The keys of the tables that count."""
    try:
        body = s3.get_object(Bucket=settings.report_bucket, Key=_report_key(settings, last_day))["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return set()
        raise
    return {value for value in json.loads(body).values() if isinstance(value, str)}


def _folder(settings: Settings, last_day: str) -> str:
    return f"{settings.report_prefix}to={last_day}/{settings.execution}/"


def _report_key(settings: Settings, last_day: str) -> str:
    return f"{settings.report_prefix}to={last_day}.json"
