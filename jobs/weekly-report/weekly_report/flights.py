"""Rows of flights as one file after the other has them, added up by airline."""

import csv
import io
import re
from collections.abc import Generator, Sequence
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from weekly_report.outcome import Exit, JobError, log
from weekly_report.totals import Totals

COLUMNS_READ = ("year", "month", "day", "dep_time", "dep_delay", "arr_delay", "carrier", "distance")
# The US Bureau of Transportation Statistics counts a flight as late from 15 minutes on.
LATE_FROM_MINUTES = 15
REJECTED_ROWS_LOGGED = 10
READ_BUFFER_BYTES = 1024 * 1024

# How the data set writes a value that is not known.
_MISSING = ("", "NA")
# Codes are checked so that a garbled file cannot make an airline of every row.
_CARRIER = re.compile(r"[A-Z0-9]{2}")
_INTEGER = re.compile(r"-?[0-9]{1,9}")


class RowError(ValueError):
    """One row that cannot be counted; says which column and what was expected."""


def add_file(s3: Any, bucket: str, key: str, day: date, airlines: dict[str, Totals]) -> int:
    """Adds the flights of a file to `airlines`, and returns how many of its rows could not be counted."""
    place = f"s3://{bucket}/{key}"
    lines = _rows(s3, bucket, key)
    header = next(lines, [])
    if missing := [name for name in COLUMNS_READ if name not in header]:
        raise JobError(Exit.DATA, f"{place}: expected the columns {', '.join(COLUMNS_READ)}; missing: {missing}")
    rejected = number = 0
    for number, row in enumerate(lines, 1):
        try:
            carrier, flight = _flight(row, header, day)
        except RowError as error:
            rejected += 1
            if rejected <= REJECTED_ROWS_LOGGED:
                log("warning", f"rejected row: {error}", object=place, row=number)
        else:
            airlines[carrier] = airlines.get(carrier, Totals()) + flight
    log("info", "file read", object=place, rows=number, rejectedRows=rejected)
    return rejected


def _flight(row: Sequence[str], header: Sequence[str], day: date) -> tuple[str, Totals]:
    """The airline of one flight, and its share in all totals."""
    if len(row) != len(header):
        raise RowError(f"expected {len(header)} fields, found {len(row)}")
    fields = dict(zip(header, row, strict=True))
    found = tuple(_integer(fields, name) for name in ("year", "month", "day"))
    if found != (day.year, day.month, day.day):
        raise RowError(f"expected a flight of {day}, found one of {'-'.join(map(str, found))}")
    if not _CARRIER.fullmatch(fields["carrier"]):
        raise RowError(f"carrier: expected {_CARRIER.pattern}, found {fields['carrier'][:40]!r}")
    departed = fields["dep_time"] not in _MISSING
    departure, arrival = (_optional_integer(fields, name) for name in ("dep_delay", "arr_delay"))
    return fields["carrier"], Totals(
        flights=1,
        cancelled=int(not departed),
        departed_late=int(departure is not None and departure >= LATE_FROM_MINUTES),
        departures_timed=int(departure is not None),
        departure_delay_minutes=departure or 0,
        arrivals_timed=int(arrival is not None),
        arrival_delay_minutes=arrival or 0,
        miles=_integer(fields, "distance") if departed else 0,
    )


def _optional_integer(fields: dict[str, str], name: str) -> int | None:
    return None if fields[name] in _MISSING else _integer(fields, name)


def _integer(fields: dict[str, str], name: str) -> int:
    if not _INTEGER.fullmatch(fields[name]):
        raise RowError(f"{name}: expected a whole number, found {fields[name][:40]!r}")
    return int(fields[name])


def _rows(s3: Any, bucket: str, key: str) -> Generator[list[str]]:
    """The file's lines as lists of fields, the header first; blank lines are none. It is never in memory as a whole."""
    place = f"s3://{bucket}/{key}"
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            raise JobError(Exit.NO_INPUT, f"{place} is not there any more") from error
        raise
    with body:
        lines = io.TextIOWrapper(io.BufferedReader(body, READ_BUFFER_BYTES), encoding="utf-8-sig", newline="")
        # Strict: read leniently, one stray quote would swallow the rows up to the next as a single bad row.
        reader = csv.reader(lines, strict=True)
        try:
            yield from filter(None, reader)
        except (csv.Error, UnicodeDecodeError) as error:
            raise JobError(
                Exit.DATA, f"{place} after line {reader.line_num}: expected UTF-8 CSV, found {error}"
            ) from error
