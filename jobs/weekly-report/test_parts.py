"""The steps by themselves: what each reads and leaves, and how it ends when it cannot."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
import pytest
from weekly_report.outcome import Exit, JobError, run
from weekly_report.settings import read_settings
from weekly_report.steps import STEPS
from weekly_report.totals import Totals, table
from weekly_report.week import week_of

HEADER = "year,month,day,dep_time,dep_delay,arr_delay,carrier,distance\n"
ROW = "2026,11,20,900,20,12,UA,500\n"
DAY = {"day": "2026-11-20", "files": ["flights/day=2026-11-20/a.csv"]}
# 1 flight, not cancelled, late, delays of 20 and 12 minutes, 500 miles.
SUMS = [1, 0, 1, 1, 20, 1, 12, 500]
COMBINED = {
    "firstDay": "2026-11-14",
    "lastDay": "2026-11-20",
    "flights": 1,
    "rejectedRows": 0,
    "airlines": {"UA": SUMS},
    "days": {"2026-11-20": SUMS},
}


class Place:
    """Three buckets, and the steps in this process, which is quicker."""

    def __init__(self, s3: Any, new_bucket: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.s3 = s3
        self.source, self.reports, self.handed = (new_bucket(word) for word in ("flights", "reports", "handed"))
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.environment = {
            "SOURCE_BUCKET": self.source,
            "SOURCE_PREFIX": "flights/",
            "REPORT_BUCKET": self.reports,
            "REPORT_PREFIX": "weekly/",
            "LONGHAUL_EXECUTION": "this-run",
            "LONGHAUL_SCHEDULED_TIME": "2026-11-21T06:00:00Z",
            "LONGHAUL_RESULT_URL": f"s3://{self.handed}/result.json",
        }

    def step(self, name: str, given: Any, **environment: str) -> tuple[Exit, str]:
        """Its exit code, and what it logged."""
        for variable, value in {"LONGHAUL_INPUT": json.dumps(given), **self.environment, **environment}.items():
            self._monkeypatch.setenv(variable, value)
        self.s3.delete_object(Bucket=self.handed, Key="result.json")
        exit_code = run(lambda: STEPS[name](read_settings(os.environ)), after_sigterm="")
        return exit_code, self._capsys.readouterr().out

    def result(self) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.handed, Key="result.json")["Body"].read())

    def put(self, text: str | bytes, key: str = "flights/day=2026-11-20/a.csv") -> None:
        self.s3.put_object(Bucket=self.source, Key=key, Body=text)

    def reported(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.reports).get("Contents", ())]


@pytest.fixture
def place(local_aws, new_bucket, monkeypatch, capsys) -> Place:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in local_aws.environment.items():
        monkeypatch.setenv(name, value)
    return Place(local_aws.client("s3"), new_bucket, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("given", "scheduled", "first", "last"),
    [
        (None, "2026-11-23T06:00:00Z", "2026-11-16", "2026-11-22"),
        ({}, "2026-03-01T00:00:00Z", "2026-02-22", "2026-02-28"),
        # Days are UTC's: half past midnight in Paris is still the day before.
        (None, "2026-11-23T00:30:00+01:00", "2026-11-15", "2026-11-21"),
        ({"lastDay": "2024-03-01"}, "", "2024-02-24", "2024-03-01"),
        ({"lastDay": None}, "2026-11-23T06:00:00Z", "2026-11-16", "2026-11-22"),
    ],
)
def test_the_week_is_the_seven_days_before_or_the_one_asked_for(given, scheduled, first, last) -> None:
    days = week_of(given, {"LONGHAUL_SCHEDULED_TIME": scheduled}).days
    assert (str(days[0]), str(days[-1]), len(set(days))) == (first, last, 7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1], "input: expected an object, found list"),
        ({"date": "2026-11-20"}, "input: expected only the key 'lastDay', found 'date'"),
        ({"lastDay": "Friday"}, "input.lastDay: expected YYYY-MM-DD, found 'Friday'"),
        ({"lastDay": 20}, "input.lastDay: expected YYYY-MM-DD, found 20"),
        (None, "LONGHAUL_SCHEDULED_TIME: expected a time such as"),
    ],
)
def test_a_wrong_input_of_the_run_is_64(given, said) -> None:
    with pytest.raises(JobError) as caught:
        week_of(given, {})
    assert caught.value.exit_code == 64
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SOURCE_BUCKET", ""), ("REPORT_BUCKET", " "), ("LONGHAUL_EXECUTION", ""), ("MAX_REJECTED_PERCENT", "nan")],
)
def test_a_wrong_setting_is_64_and_named(name, value) -> None:
    good = {"SOURCE_BUCKET": "a", "REPORT_BUCKET": "b", "LONGHAUL_EXECUTION": "c"}
    assert read_settings(good).max_rejected_percent == 1
    with pytest.raises(JobError, match=f"^{name}: expected a ") as caught:
        read_settings({**good, name: value})
    assert caught.value.exit_code == 64


def test_lists_the_files_of_each_day_and_nothing_else(place: Place) -> None:
    for number in range(14, 21):
        for name in ("a.csv", "_SUCCESS", "b.csv"):
            place.put("", f"flights/day=2026-11-{number}/{name}")
    place.put("", "flights/day=2026-11-13/a.csv")

    assert place.step("list", None)[0] == 0

    days = place.result()["days"]
    assert [item["day"] for item in days] == [f"2026-11-{number}" for number in range(14, 21)]
    assert days[0]["files"] == ["flights/day=2026-11-14/a.csv", "flights/day=2026-11-14/b.csv"]


def test_a_day_without_a_file_is_66(place: Place) -> None:
    for number in range(14, 20):
        place.put("", f"flights/day=2026-11-{number}/a.csv")
    place.put("", "flights/day=2026-11-20/_SUCCESS")
    exit_code, output = place.step("list", None)
    assert exit_code == 66
    assert "flights/day=2026-11-20/ has no CSV object" in output


BAD_ROWS = {
    "2026,11,20,900,20,12,UA\n": "expected 8 fields, found 7",
    "2026,11,19,900,20,12,UA,500\n": "expected a flight of 2026-11-20, found one of 2026-11-19",
    "2026,11,20,900,ten,12,UA,500\n": "dep_delay: expected a whole number, found 'ten'",
    "2026,11,20,900,20,12,United,500\n": "carrier: expected [A-Z0-9]{2}, found 'United'",
    "2026,11,20,900,20,12,UA,NA\n": "distance: expected a whole number, found 'NA'",
}


def test_bad_rows_are_named_and_left_out_up_to_the_share_that_is_tolerated(place: Place) -> None:
    place.put(HEADER + "".join(BAD_ROWS) + "\n" + ROW * 95)

    exit_code, output = place.step("add-up", DAY, MAX_REJECTED_PERCENT="4.99")
    assert exit_code == 65
    assert "5 of 100 rows (5.00 %) were rejected, more than MAX_REJECTED_PERCENT 4.99" in output

    exit_code, output = place.step("add-up", DAY, MAX_REJECTED_PERCENT="5")
    assert exit_code == 0
    assert all(f"rejected row: {reason}" in output for reason in BAD_ROWS.values())
    assert place.result() == {
        "day": "2026-11-20",
        "rejectedRows": 5,
        "airlines": {"UA": [95 * number for number in SUMS]},
    }


def test_a_cancelled_flight_counts_no_miles(place: Place) -> None:
    place.put(HEADER + "2026,11,20,NA,NA,,UA,500\n")
    assert place.step("add-up", DAY)[0] == 0
    assert place.result()["airlines"] == {"UA": [1, 1, 0, 0, 0, 0, 0, 0]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the columns year, "),
        ("year,month,day\n", "missing: ['dep_time', 'dep_delay', 'arr_delay', 'carrier', 'distance']"),
        ((HEADER + ROW).encode() + b"2026,11,20,\xff", "expected UTF-8 CSV"),
        (HEADER + '"' + ROW + ROW, "expected UTF-8 CSV"),
    ],
)
def test_a_file_that_is_no_such_csv_is_65(place: Place, text, said) -> None:
    place.put(text)
    exit_code, output = place.step("add-up", DAY)
    assert exit_code == 65
    assert said in output


def test_a_file_that_has_gone_since_it_was_listed_is_66(place: Place) -> None:
    exit_code, output = place.step("add-up", DAY)
    assert exit_code == 66
    assert "a.csv is not there any more" in output


def test_combines_days_by_airline_and_by_day(place: Place) -> None:
    other = {"day": "2026-11-19", "rejectedRows": 2, "airlines": {"UA": SUMS, "AA": [1] * 8}}
    found = [{"day": "2026-11-20", "rejectedRows": 1, "airlines": {"UA": SUMS}}, other]

    assert place.step("combine", {"expected": ["2026-11-20", "2026-11-19"], "found": found})[0] == 0

    result = place.result()
    assert (result["firstDay"], result["lastDay"], result["flights"], result["rejectedRows"]) == (
        "2026-11-19",
        "2026-11-20",
        3,
        3,
    )
    assert result["airlines"] == {"UA": [2 * number for number in SUMS], "AA": [1] * 8}
    assert result["days"] == {"2026-11-20": SUMS, "2026-11-19": [1 + number for number in SUMS]}


@pytest.mark.parametrize(
    ("step", "given", "said"),
    [
        ("add-up", {"day": "2026-11-20"}, "input: expected an object with day, files, found {'day': '2026-11-20'}"),
        ("add-up", {"day": "x", "files": []}, "input.day: expected YYYY-MM-DD, found 'x'"),
        ("combine", {"expected": ["2026-11-20"], "found": []}, "input: expected the days ['2026-11-20'], found []"),
        (
            "combine",
            {"expected": [], "found": [{"day": "d", "rejectedRows": 0, "airlines": {"UA": [1]}}]},
            "d.UA: expected 8 whole numbers, found [1]",
        ),
        ("publish", None, "input: expected an object with lastDay, flights, airlines, days, found None"),
    ],
)
def test_an_input_that_no_step_before_it_leaves_is_65(place: Place, step, given, said) -> None:
    exit_code, output = place.step(step, given)
    assert exit_code == 65
    assert said in output


def test_an_input_that_ecs_does_not_take_is_read_from_s3(place: Place) -> None:
    place.s3.put_object(Bucket=place.handed, Key="input.json", Body=json.dumps(COMBINED))
    exit_code, _ = place.step("publish", "not this", LONGHAUL_INPUT_URL=f"s3://{place.handed}/input.json")
    assert exit_code == 0
    assert place.result() == {"report": f"s3://{place.reports}/weekly/to=2026-11-20.json", "flights": 1}


def test_a_later_report_takes_the_place_of_an_earlier_one(place: Place) -> None:
    for execution in ("one", "two"):
        assert place.step("publish", COMBINED, LONGHAUL_EXECUTION=execution)[0] == 0
    folder = "weekly/to=2026-11-20/"
    assert set(place.reported()) == {
        "weekly/to=2026-11-20.json",
        *(f"{folder}{execution}/{name}.csv" for execution in ("one", "two") for name in ("airlines", "days")),
    }
    report = json.loads(place.s3.get_object(Bucket=place.reports, Key="weekly/to=2026-11-20.json")["Body"].read())
    assert report["airlines"] == f"{folder}two/airlines.csv"


def test_cleaning_up_takes_away_what_is_not_published(place: Place) -> None:
    failed = {"week": {"lastDay": "2026-11-20"}, "failed": "publish"}
    assert place.step("publish", COMBINED, LONGHAUL_EXECUTION="good")[0] == 0
    whole = place.reported()
    place.s3.put_object(Bucket=place.reports, Key="weekly/to=2026-11-20/this-run/airlines.csv", Body=b"")

    exit_code, output = place.step("clean-up", failed)

    assert exit_code == 0
    assert "removed 1 objects after the failure of publish" in output
    assert place.reported() == whole
    # The run that published and failed after that.
    assert place.step("clean-up", failed, LONGHAUL_EXECUTION="good")[0] == 0
    assert place.reported() == whole


def test_tables_are_the_same_whatever_the_order() -> None:
    one, two = Totals(*SUMS), Totals(flights=1, cancelled=1)
    assert table("airline", {"UA": one, "AA": two}) == table("airline", {"AA": two, "UA": one})
    assert table("airline", {"AA": two, "UA": one}).splitlines()[1:] == ["AA,1,1,0,,,0", "UA,1,0,1,20.00,12.00,500"]


def test_an_unknown_command_is_64(processes) -> None:
    environment = {"SOURCE_BUCKET": "a", "REPORT_BUCKET": "b", "LONGHAUL_EXECUTION": "c"}
    finished = processes.run("weekly-report", environment, command=["ad-up"])
    assert finished.exit_code == 64
    assert finished.last_message == ("command: expected one of list, add-up, combine, publish, clean-up, found 'ad-up'")
