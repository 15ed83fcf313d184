"""A recorded week, and its report by SQL: another language than the job's."""

from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from sandbox.seed import partition_objects, recorded_week

LAST_DAY = date(2026, 11, 22)
# The Bureau of Transportation Statistics' definitions.
ORACLE = """
    SELECT {group}, count(*), sum(dep_time = 'NA'), sum(dep_delay <> 'NA' AND cast(dep_delay AS integer) >= 15),
        avg(CASE WHEN dep_delay <> 'NA' THEN cast(dep_delay AS integer) END),
        avg(CASE WHEN arr_delay <> 'NA' THEN cast(arr_delay AS integer) END),
        sum(CASE WHEN dep_time <> 'NA' THEN cast(distance AS integer) ELSE 0 END)
    FROM flights GROUP BY {group} ORDER BY {group}
"""
GROUPS = {"airlines": "carrier", "days": "printf('%d-%02d-%02d', year, month, day)"}


@dataclass(frozen=True)
class RecordedWeek:
    """Seven days of files, by their names below the prefix, and what a report has to say of them."""

    last_day: date
    files: dict[str, bytes]
    flights: int
    expected: dict[str, list[tuple]]

    def assert_told_by(self, tables: dict[str, str]) -> None:
        """Whether the tables of a report, CSV by their names, say what SQL says."""
        assert set(tables) == set(self.expected)
        for name, text in tables.items():
            _, *rows = csv.reader(io.StringIO(text))
            assert [row[0] for row in rows] == [line[0] for line in self.expected[name]]
            for row, (_, flights, cancelled, late, departure, arrival, miles) in zip(
                rows, self.expected[name], strict=True
            ):
                assert [int(row[place]) for place in (1, 2, 3, 6)] == [flights, cancelled, late, miles]
                for found, mean in zip(row[4:6], (departure, arrival), strict=True):
                    assert (found == "") if mean is None else (float(found) == pytest.approx(mean, abs=0.005))


@pytest.fixture(scope="session")
def week() -> RecordedWeek:
    recorded, files = recorded_week(), {}
    for before in range(7):
        files |= dict(partition_objects(LAST_DAY - timedelta(days=before), recorded))
    rows = [row for body in files.values() for row in csv.DictReader(io.StringIO(body.decode()))]
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE flights ({', '.join(rows[0])})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO flights VALUES ({marks})", [tuple(row.values()) for row in rows])
        expected = {name: database.execute(ORACLE.format(group=group)).fetchall() for name, group in GROUPS.items()}
    database.close()
    return RecordedWeek(LAST_DAY, files, len(rows), expected)
