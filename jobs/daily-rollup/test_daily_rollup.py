"""The job against a real S3 endpoint: what it writes, with which rights, and how it ends when it cannot."""

from __future__ import annotations

import csv
import io
import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any

import boto3
import pytest
from daily_rollup.job import roll_up
from daily_rollup.outcome import Exit, JobError, run
from daily_rollup.settings import read_settings

from sandbox.seed import partition_objects, recorded_week

# A Friday: the recorded one had the beginning of a blizzard, so there is something of everything in it.
DAY = date(2026, 11, 20)
SCHEDULED = {"LONGHAUL_SCHEDULED_TIME": "2026-11-21T03:15:00Z"}
HEADER = "year,month,day,dep_time,dep_delay,arr_delay,carrier,origin,distance\n"
ROW = "2026,11,20,900,10,12,UA,EWR,500\n"

# The Bureau of Transportation Statistics' definitions, in another language than the job's.
ORACLE = """
    SELECT origin, carrier, count(*), sum(dep_time = 'NA'), sum(dep_delay <> 'NA' AND cast(dep_delay AS integer) >= 15),
        avg(CASE WHEN dep_delay <> 'NA' THEN cast(dep_delay AS integer) END),
        avg(CASE WHEN arr_delay <> 'NA' THEN cast(arr_delay AS integer) END),
        sum(CASE WHEN dep_time <> 'NA' THEN cast(distance AS integer) ELSE 0 END)
    FROM flights GROUP BY origin, carrier ORDER BY origin, carrier
"""


class Place:
    """A source and a result bucket, and the job's environment and rights for them."""

    def __init__(self, s3: Any, source: str, result: str) -> None:
        self.s3 = s3
        self.source = source
        self.result = result
        self.environment = {
            "SOURCE_BUCKET": source,
            "SOURCE_PREFIX": "flights/",
            "RESULT_BUCKET": result,
            "RESULT_PREFIX": "rollups/",
            **SCHEDULED,
        }
        self.permissions = [
            {"actions": ["s3:ListBucket"], "resources": [f"arn:aws:s3:::{source}"]},
            {"actions": ["s3:GetObject"], "resources": [f"arn:aws:s3:::{source}/flights/*"]},
            {"actions": ["s3:PutObject"], "resources": [f"arn:aws:s3:::{result}/rollups/*"]},
        ]

    def put(self, name: str, text: str | bytes) -> None:
        self.s3.put_object(Bucket=self.source, Key=f"flights/day={DAY}/{name}", Body=text)

    def results(self, day: date = DAY) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.result).get("Contents", [])
        assert {entry["Key"] for entry in found} <= {f"rollups/day={day}/departures.csv"}
        return [self.s3.get_object(Bucket=self.result, Key=entry["Key"])["Body"].read().decode() for entry in found]


@pytest.fixture
def place(local_aws, new_bucket) -> Place:
    return Place(local_aws.client("s3"), new_bucket("flights"), new_bucket("reports"))


@pytest.fixture
def run_here(place, monkeypatch, capsys):
    """Runs the job in this process, which is quicker, and returns its exit code and what it printed."""

    def run_with(**environment: str) -> tuple[Exit, str]:
        for name, value in {**place.environment, **environment}.items():
            monkeypatch.setenv(name, value)
        return run(lambda: roll_up(read_settings(os.environ)), after_sigterm=""), capsys.readouterr().out

    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return run_with


def put_recorded_day(place: Place) -> list[dict[str, str]]:
    rows = []
    for name, body in partition_objects(DAY, recorded_week()):
        place.s3.put_object(Bucket=place.source, Key=f"flights/{name}", Body=body)
        rows += csv.DictReader(io.StringIO(body.decode()))
    return rows


def test_adds_up_a_recorded_day_as_sql_does_and_twice_the_same(place, processes) -> None:
    rows = put_recorded_day(place)
    with sqlite3.connect(":memory:") as database:
        database.execute(f"CREATE TABLE flights ({', '.join(rows[0])})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(f"INSERT INTO flights VALUES ({marks})", [tuple(row.values()) for row in rows])
        expected = database.execute(ORACLE).fetchall()
    database.close()

    first = processes.run("daily-rollup", place.environment, place.permissions)
    assert first.exit_code == 0
    assert first.last_message == f"rolled up {len(rows)} flights of 2026-11-20"
    (text,) = place.results()
    result = list(csv.DictReader(io.StringIO(text)))
    assert [(row["day"], row["origin"], row["carrier"]) for row in result] == [
        ("2026-11-20", origin, carrier) for origin, carrier, *_ in expected
    ]
    for row, (_, _, flights, cancelled, late, departure_delay, arrival_delay, miles) in zip(
        result, expected, strict=True
    ):
        assert [int(row[name]) for name in ("flights", "cancelled", "departed_late", "miles")] == [
            flights,
            cancelled,
            late,
            miles,
        ]
        for name, mean in (
            ("mean_departure_delay_minutes", departure_delay),
            ("mean_arrival_delay_minutes", arrival_delay),
        ):
            assert (row[name] == "") if mean is None else (float(row[name]) == pytest.approx(mean, abs=0.005))

    metadata = place.s3.head_object(Bucket=place.result, Key=f"rollups/day={DAY}/departures.csv")["Metadata"]
    assert (metadata["source-objects"], metadata["flights"], metadata["rejected-rows"]) == ("3", str(len(rows)), "0")

    again = processes.run("daily-rollup", place.environment, place.permissions)
    assert again.exit_code == 0
    assert place.results() == [text]


def test_a_date_in_the_input_is_that_day_for_a_backfill(place, run_here) -> None:
    place.put("one.csv", HEADER + ROW)
    exit_code, _ = run_here(LONGHAUL_SCHEDULED_TIME="2027-01-01T00:00:00Z", LONGHAUL_INPUT='{"date": "2026-11-20"}')
    assert exit_code == 0
    assert len(place.results()) == 1


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({}, "has no CSV object"),
        ({"_SUCCESS": ""}, "has no CSV object"),
        ({"a.csv": HEADER}, "has no rows"),
        ({"a.csv": ""}, "has no rows"),
    ],
)
def test_a_partition_with_nothing_in_it_is_66_and_writes_nothing(place, run_here, objects, said) -> None:
    for name, text in objects.items():
        place.put(name, text)
    exit_code, output = run_here()
    assert exit_code == 66
    assert said in output
    assert place.results() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("year,month,day,origin\n2026,11,20,EWR\n", "missing: dep_time, dep_delay, arr_delay, carrier, distance"),
        ((HEADER + ROW).encode() + b"2026,11,20,\xff", "expected UTF-8 CSV"),
        (HEADER + '"' + ROW + ROW, "expected UTF-8 CSV"),
        (HEADER + ROW + 'x"y\n"a"b,\n', "expected UTF-8 CSV"),
        (HEADER + "x" * 200_000, "expected UTF-8 CSV"),
    ],
)
def test_an_object_that_is_no_such_csv_is_65_and_leaves_the_result_of_before(place, run_here, text, said) -> None:
    place.put("a.csv", HEADER + ROW)
    assert run_here()[0] == 0
    before = place.results()
    place.put("b.csv", text)
    exit_code, output = run_here()
    assert exit_code == 65
    assert said in output
    assert f"day={DAY}/b.csv" in output
    assert place.results() == before


BAD_ROWS = {
    "2026,11,20,900,10,12,UA,EWR\n": "expected 9 fields, found 8",
    "2026,11,19,900,10,12,UA,EWR,500\n": "expected a flight of 2026-11-20, found one of 2026-11-19",
    "2026,11,20,900,ten,12,UA,EWR,500\n": "dep_delay: expected a whole number, found 'ten'",
    "2026,11,20,900,10,1_2,UA,EWR,500\n": "arr_delay: expected a whole number, found '1_2'",
    "2026,11,20,900,10,12,UA,Newark,500\n": "origin: expected [A-Z]{3}, found 'Newark'",
    "2026,11,20,900,10,12,,EWR,500\n": "carrier: expected [A-Z0-9]{2}, found ''",
    "2026,11,20,900,10,12,UA,EWR,NA\n": "distance: expected a whole number, found 'NA'",
    "2026,11,20,900,10,12,UA,EWR,-1\n": "distance: expected no negative number, found -1",
}


def test_bad_rows_are_named_and_left_out_up_to_the_share_that_is_tolerated(place, run_here) -> None:
    good = 92
    place.put("a.csv", HEADER + "".join(BAD_ROWS) + "\n" + ROW * good)

    exit_code, output = run_here(MAX_REJECTED_PERCENT="7.99")
    assert exit_code == 65
    assert "8 of 100 rows (8.00 %) were rejected, more than MAX_REJECTED_PERCENT 7.99" in output
    assert place.results() == []

    exit_code, output = run_here(MAX_REJECTED_PERCENT="8")
    assert exit_code == 0
    for reason in BAD_ROWS.values():
        assert f"rejected row: {reason}" in output
    (text,) = place.results()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["flights"], row["miles"]) == (str(good), str(good * 500))


def test_a_partition_that_grows_while_it_is_read_is_75_and_writes_nothing(place, run_here) -> None:
    place.put("a.csv", HEADER + ROW)
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register("after-call.s3.GetObject", lambda **_: place.put("b.csv", HEADER + ROW))
    exit_code, output = run_here()
    assert exit_code == 75
    assert "changed while it was read" in output
    assert place.results() == []


def test_an_object_that_is_replaced_before_it_is_read_is_75(place, run_here) -> None:
    place.put("a.csv", HEADER + ROW)
    boto3.setup_default_session()
    boto3.DEFAULT_SESSION.events.register(
        "before-call.s3.GetObject", lambda **_: place.put("a.csv", HEADER + ROW + ROW)
    )
    exit_code, output = run_here()
    assert exit_code == 75
    assert "a.csv changed while the partition was read" in output


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_needs_each_of_its_permissions_and_says_which_is_missing(place, processes, missing) -> None:
    place.put("a.csv", HEADER + ROW)
    left = [statement for index, statement in enumerate(place.permissions) if index != missing]
    finished = processes.run("daily-rollup", place.environment, left)
    assert finished.exit_code == 77
    assert place.permissions[missing]["actions"][0] in finished.last_message
    assert place.results() == []


def test_a_bucket_that_does_not_exist_is_64(run_here) -> None:
    exit_code, output = run_here(SOURCE_BUCKET="no-such-bucket-anywhere")
    assert exit_code == 64
    assert "NoSuchBucket" in output


def test_an_aws_that_is_not_there_is_69(place, processes) -> None:
    # Nobody else can listen there meanwhile.
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        environment = {**place.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{unheard.getsockname()[1]}"}
        assert processes.run("daily-rollup", environment).exit_code == 69


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def test_sigterm_ends_it_at_once_with_143(place, processes, silent_server) -> None:
    environment = {**place.environment, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent_server.getsockname()[1]}"}
    process = processes.start("daily-rollup", processes.environment(environment, ()))
    connection, _ = silent_server.accept()
    with connection:
        process.send_signal(signal.SIGTERM)
        finished = processes.finish(process)
    assert finished.exit_code == 143
    assert finished.log[-1]["exitCode"] == 143
    assert "SIGTERM" in finished.last_message


def test_a_bug_is_70_with_its_traceback_in_one_line(capsys) -> None:
    def broken() -> None:
        raise KeyError("oops")

    assert run(broken, after_sigterm="") == 70
    (line,) = capsys.readouterr().out.splitlines()
    assert "Traceback" in line


def test_a_job_error_keeps_its_exit_code() -> None:
    def refused() -> None:
        raise JobError(Exit.DATA, "no")

    assert run(refused, after_sigterm="") == 65
