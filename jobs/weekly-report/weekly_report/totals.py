"""Sums that can be added up again: whole numbers, of which means are made at the very end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import Any

from weekly_report.outcome import Exit, JobError

COLUMNS_WRITTEN = (
    "flights",
    "cancelled",
    "departed_late",
    "mean_departure_delay_minutes",
    "mean_arrival_delay_minutes",
    "miles",
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of flights, delays in minutes, distance in miles."""

    flights: int = 0
    cancelled: int = 0
    departed_late: int = 0
    departures_timed: int = 0
    departure_delay_minutes: int = 0
    arrivals_timed: int = 0
    arrival_delay_minutes: int = 0
    miles: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def as_json(self) -> list[int]:
        """A list and no object: a result of few letters fits into the input of the next step."""
        return list(astuple(self))

    @classmethod
    def of_json(cls, value: Any, name: str) -> Totals:
        """Reads it again; raises JobError(DATA)."""
        width = len(fields(cls))
        if not isinstance(value, list) or len(value) != width or not all(type(item) is int for item in value):
            raise JobError(Exit.DATA, f"{name}: expected {width} whole numbers, found {value!r}")
        return cls(*value)


def total(several: Iterable[Totals]) -> Totals:
    """All of them together."""
    return sum(several, Totals())


def table(heading: str, groups: dict[str, Totals]) -> str:
    """CSV with a line for each group, in the order of their names: the same flights give the same text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((heading, *COLUMNS_WRITTEN))
    for name, totals in sorted(groups.items()):
        writer.writerow(
            (
                name,
                totals.flights,
                totals.cancelled,
                totals.departed_late,
                _mean(totals.departure_delay_minutes, totals.departures_timed),
                _mean(totals.arrival_delay_minutes, totals.arrivals_timed),
                totals.miles,
            )
        )
    return text.getvalue()


def _mean(sum_of_all: int, count: int) -> str:
    return f"{sum_of_all / count:.2f}" if count else ""
