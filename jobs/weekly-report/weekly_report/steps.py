"""The steps: each reads what those before it left, does its part, and leaves what the next ones need."""

import os
from collections.abc import Callable
from typing import Any

import boto3

from weekly_report.flights import add_file
from weekly_report.handover import leave, read_input
from weekly_report.outcome import Exit, JobError, log
from weekly_report.report import read_combined, remove_unpublished, write_report
from weekly_report.settings import Settings
from weekly_report.totals import Totals, total
from weekly_report.week import read_day, week_of


def list_files(settings: Settings) -> None:
    """Which files each day of the week has. A day without any is late."""
    s3 = _s3()
    week = week_of(read_input(s3, os.environ), os.environ)
    days = []
    for day in week.days:
        prefix = f"{settings.source_prefix}day={day}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.source_bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        files = [key for key in keys if key.endswith(".csv")]
        if not files:
            raise JobError(Exit.NO_INPUT, f"s3://{settings.source_bucket}/{prefix} has no CSV object")
        days.append({"day": str(day), "files": files})
    leave(s3, os.environ, {"days": days})
    log("info", f"listed {sum(len(item['files']) for item in days)} files of the week to {week.last}")


def add_up(settings: Settings) -> None:
    """One day's flights by airline."""
    s3 = _s3()
    item = _object(read_input(s3, os.environ), "day", "files")
    day = read_day(item["day"], "input.day", Exit.DATA)
    airlines: dict[str, Totals] = {}
    rejected = sum(add_file(s3, settings.source_bucket, key, day, airlines) for key in item["files"])
    flights = total(airlines.values()).flights
    _refuse_bad_rows(settings, str(day), flights, rejected)
    sums = {carrier: totals.as_json() for carrier, totals in airlines.items()}
    leave(s3, os.environ, {"day": str(day), "rejectedRows": rejected, "airlines": sums})
    log("info", f"added up {flights} flights of {day}", rejectedRows=rejected)


def combine(_settings: Settings) -> None:
    """The days' sums together, by airline and by day."""
    s3 = _s3()
    given = _object(read_input(s3, os.environ), "expected", "found")
    days: dict[str, Totals] = {}
    airlines: dict[str, Totals] = {}
    rejected = 0
    for item in given["found"]:
        one = _object(item, "day", "rejectedRows", "airlines")
        sums = {name: Totals.of_json(value, f"{one['day']}.{name}") for name, value in one["airlines"].items()}
        for name, totals in sums.items():
            airlines[name] = airlines.get(name, Totals()) + totals
        days[one["day"]] = total(sums.values())
        rejected += one["rejectedRows"]
    # A report that is missing tells more than one that is wrong.
    if sorted(days) != sorted(given["expected"]):
        raise JobError(Exit.DATA, f"input: expected the days {given['expected']}, found {sorted(days)}")
    flights = total(days.values()).flights
    result = {
        "firstDay": min(days),
        "lastDay": max(days),
        "flights": flights,
        "rejectedRows": rejected,
        "airlines": {name: totals.as_json() for name, totals in airlines.items()},
        "days": {name: totals.as_json() for name, totals in days.items()},
    }
    leave(s3, os.environ, result)
    log("info", f"combined {flights} flights of {len(days)} days")


def publish(settings: Settings) -> None:
    """Writes the report, and then that this is the week's report."""
    s3 = _s3()
    combined = read_combined(_object(read_input(s3, os.environ), "lastDay", "flights", "airlines", "days"))
    key = write_report(s3, settings, combined)
    url = f"s3://{settings.report_bucket}/{key}"
    leave(s3, os.environ, {"report": url, "flights": combined.facts["flights"]})
    log("info", f"published {combined.facts['flights']} flights of the week to {combined.last_day}", report=url)


def clean_up(settings: Settings) -> None:
    """After a failure: takes away what the run has written and not published."""
    s3 = _s3()
    given = _object(read_input(s3, os.environ), "week", "failed")
    week = week_of(given["week"], os.environ)
    removed = remove_unpublished(s3, settings, str(week.last))
    log("info", f"removed {removed} objects after the failure of {given['failed']}")


def _refuse_bad_rows(settings: Settings, day: str, flights: int, rejected: int) -> None:
    rows = flights + rejected
    percent = 100 * rejected / rows if rows else 0
    if percent > settings.max_rejected_percent:
        raise JobError(
            Exit.DATA,
            f"{day}: {rejected} of {rows} rows ({percent:.2f} %) were rejected,"
            f" more than MAX_REJECTED_PERCENT {settings.max_rejected_percent:g}",
        )


def _object(value: Any, *keys: str) -> dict[str, Any]:
    """The input, if it is an object with these keys: another step has left it, so that nobody mistyped it."""
    if not isinstance(value, dict) or not set(keys) <= set(value):
        raise JobError(Exit.DATA, f"input: expected an object with {', '.join(keys)}, found {str(value)[:200]}")
    return value


def _s3() -> Any:
    return boto3.client("s3", region_name=os.environ.get("AWS_REGION"))


STEPS: dict[str, Callable[[Settings], None]] = {
    "list": list_files,
    "add-up": add_up,
    "combine": combine,
    "publish": publish,
    "clean-up": clean_up,
}
