"""Adds flights up by airport of departure and airline. Pure, and its memory grows with the groups, not the rows."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

COLUMNS_READ = ("year", "month", "day", "dep_time", "dep_delay", "arr_delay", "carrier", "origin", "distance")
COLUMNS_WRITTEN = (
    "day",
    "origin",
    "carrier",
    "flights",
    "cancelled",
    "departed_late",
    "mean_departure_delay_minutes",
    "mean_arrival_delay_minutes",
    "miles",
)
# The US Bureau of Transportation Statistics counts a flight as late from 15 minutes on.
LATE_FROM_MINUTES = 15

# How the data set writes a value that is not known.
MISSING = ("", "NA")

# Codes are checked so that a garbled object cannot make a group of every row.
_AIRPORT = re.compile(r"[A-Z]{3}")
_CARRIER = re.compile(r"[A-Z0-9]{2}")
_INTEGER = re.compile(r"-?[0-9]{1,9}")


class HeaderError(ValueError):
    """The header lacks columns: no row under it can be read."""


class RowError(ValueError):
    """One row that cannot be counted; says which column and what was expected."""


@dataclass(frozen=True)
class Layout:
    """How many fields a row has under one header, and where the columns that are read stand."""

    width: int
    position: dict[str, int]


def read_header(header: Sequence[str]) -> Layout:
    """Raises HeaderError, naming the columns that are missing."""
    missing = [name for name in COLUMNS_READ if name not in header]
    if missing:
        raise HeaderError(f"expected the columns {', '.join(COLUMNS_READ)}; missing: {', '.join(missing)}")
    return Layout(len(header), {name: header.index(name) for name in COLUMNS_READ})


@dataclass(slots=True)
class Totals:
    """Sums of one group: counts of flights, delays in minutes, distance in miles."""

    flights: int = 0
    cancelled: int = 0
    departed_late: int = 0
    departures_timed: int = 0
    departure_delay_minutes: int = 0
    arrivals_timed: int = 0
    arrival_delay_minutes: int = 0
    miles: int = 0


class Rollup:
    """Totals of one day by (origin, carrier)."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.groups: dict[tuple[str, str], Totals] = {}

    def add(self, layout: Layout, row: Sequence[str]) -> None:
        """Counts one flight; raises RowError, and then has counted nothing of it."""
        if len(row) != layout.width:
            raise RowError(f"expected {layout.width} fields, found {len(row)}")
        columns = layout.position
        date_found = tuple(_integer(row, columns, name) for name in ("year", "month", "day"))
        if date_found != (self.day.year, self.day.month, self.day.day):
            raise RowError(f"expected a flight of {self.day}, found one of {'-'.join(map(str, date_found))}")
        origin = _code(row, columns, "origin", _AIRPORT)
        carrier = _code(row, columns, "carrier", _CARRIER)
        departed = row[columns["dep_time"]] not in MISSING
        departure_delay = _optional_integer(row, columns, "dep_delay")
        arrival_delay = _optional_integer(row, columns, "arr_delay")
        miles = _integer(row, columns, "distance")
        if miles < 0:
            raise RowError(f"distance: expected no negative number, found {miles}")

        totals = self.groups.setdefault((origin, carrier), Totals())
        totals.flights += 1
        if departed:
            totals.miles += miles
        else:
            totals.cancelled += 1
        if departure_delay is not None:
            totals.departures_timed += 1
            totals.departure_delay_minutes += departure_delay
            totals.departed_late += departure_delay >= LATE_FROM_MINUTES
        if arrival_delay is not None:
            totals.arrivals_timed += 1
            totals.arrival_delay_minutes += arrival_delay

    @property
    def flights(self) -> int:
        """Flights counted so far."""
        return sum(totals.flights for totals in self.groups.values())

    def to_csv(self) -> str:
        """The result, sorted by group: the same flights give the same text, in whatever order they were read."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS_WRITTEN)
        for (origin, carrier), totals in sorted(self.groups.items()):
            writer.writerow(
                (
                    self.day,
                    origin,
                    carrier,
                    totals.flights,
                    totals.cancelled,
                    totals.departed_late,
                    _mean(totals.departure_delay_minutes, totals.departures_timed),
                    _mean(totals.arrival_delay_minutes, totals.arrivals_timed),
                    totals.miles,
                )
            )
        return text.getvalue()


def _mean(total: int, count: int) -> str:
    return f"{total / count:.2f}" if count else ""


def _optional_integer(row: Sequence[str], columns: dict[str, int], name: str) -> int | None:
    return None if row[columns[name]] in MISSING else _integer(row, columns, name)


def _integer(row: Sequence[str], columns: dict[str, int], name: str) -> int:
    text = row[columns[name]]
    if not _INTEGER.fullmatch(text):
        raise RowError(f"{name}: expected a whole number, found {text[:40]!r}")
    return int(text)


def _code(row: Sequence[str], columns: dict[str, int], name: str, pattern: re.Pattern[str]) -> str:
    text = row[columns[name]]
    if not pattern.fullmatch(text):
        raise RowError(f"{name}: expected {pattern.pattern}, found {text[:40]!r}")
    return text
