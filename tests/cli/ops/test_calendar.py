"""`longhaul calendar`: what it prints of plain data, and a process that asks the local AWS."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from cli.ops.calendar_table import print_table, rows
from ops.calendar import Calendar
from ops.coming import Entry
from ops.stack import DeployedJob, Trigger
from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated

THREE = datetime(2026, 11, 30, 3, tzinfo=UTC)
KEYS = [
    "job",
    "time",
    "localTime",
    "timezone",
    "schedule",
    "windowMinutes",
    "executionArn",
    "expectedSeconds",
    "expectedEnd",
    "startsWith",
    "meets",
    "overlapsItself",
]


def entry(job: str, minutes: float = 0, length: float | None = None, **more: object) -> Entry:
    time = THREE + timedelta(minutes=minutes)
    expected = None if length is None else timedelta(minutes=length)
    end = None if expected is None else time + expected
    at_work = (time, end or time + timedelta(minutes=1))
    given: dict[str, object] = {"timezone": "UTC", "overlaps_itself": False, "expected_end": end, **more}
    return Entry(job=job, time=time, expected=expected, at_work=at_work, **given)  # type: ignore[arg-type]


def printed(capsys: pytest.CaptureFixture[str], *entries: Entry, off: tuple[DeployedJob, ...] = ()) -> str:
    found = Calendar(entries=entries, off=off, untold=())
    print_table(found, entries, {each.job for each in entries} | {job.name for job in off}, utc=True)
    return capsys.readouterr().out


def test_runs_that_meet_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    many = tuple(f"job-{letter}" for letter in "abcde")
    shown = printed(
        capsys,
        entry("rollup", 0, 90, timezone="Europe/Paris", starts_with=many, window_minutes=15),
        entry("late", 30, 1, meets=("rollup",), overlaps_itself=True),
        entry("quiet", 200),
    )
    lines = {line.split()[3]: line for line in shown.splitlines() if line.strip().startswith("2026")}
    assert re.search(r"2026-11-30 03:00:00 UTC +rollup +2026-11-30 04:00 Europe/Paris +1 h 30 min ", lines["rollup"])
    assert lines["rollup"].rstrip().endswith("up to 15 min later, starts with job-a, job-b, job-c, 2 more")
    assert lines["late"].rstrip().endswith("2026-11-30 03:31:00 UTC   meets rollup, longer than its interval")
    assert re.search(r"2026-11-30 06:20 UTC +- +- +- *$", lines["quiet"])
    assert "At most 2 runs at once, first at 2026-11-30 03:30:00 UTC: late, rollup" in shown


def test_runs_that_go_on_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(
        capsys,
        entry("soon", 0, 30, running="arn:aws:states:::execution:soon:one"),
        entry("overdue", 0, 30, running="arn:aws:states:::execution:overdue:one", expected_end=None),
        entry("new", 0, running="arn:aws:states:::execution:new:one"),
    )
    assert re.search(r" soon .* 03:30:00 UTC +goes on *\n", shown)
    assert re.search(r" overdue .* 30 min 00 s +- +goes on, longer than usual *\n", shown)
    assert re.search(r" new .* - +- +goes on *\n", shown)


def test_a_job_that_runs_often_has_a_row_for_its_runs(capsys: pytest.CaptureFixture[str]) -> None:
    often = [entry("often", minutes) for minutes in range(0, 60, 5)]
    again = [entry("often", minutes) for minutes in (120, 130, 135, 149)]
    quarterly = [entry("quarterly", minutes) for minutes in range(0, 60, 15)]
    few = [entry("few", minutes) for minutes in (0, 1, 2)]
    by_time = sorted((*often, *again, *quarterly, *few), key=lambda each: (each.time, each.job))
    assert [(row.first.job, len(row.entries)) for row in rows(by_time)] == [
        ("few", 1),
        ("often", 12),
        ("quarterly", 1),
        ("few", 1),
        ("few", 1),
        ("quarterly", 1),
        ("quarterly", 1),
        ("quarterly", 1),
        ("often", 4),
    ]
    shown = printed(capsys, *by_time)
    assert "every 5 min, 12 times until 2026-11-30 03:55:00 UTC" in shown
    assert "every 5 to 14 min, 4 times until 2026-11-30 05:29:00 UTC" in shown


def test_what_is_off_is_named_beneath(capsys: pytest.CaptureFixture[str]) -> None:
    trigger = Trigger(
        kind="rule",
        name="acme-night-idle",
        group=None,
        arn="arn:aws:events:eu-west-1:123456789012:rule/acme-night-idle",
        expression="rate(1 hour)",
        timezone="UTC",
        enabled=False,
        description="",
    )
    idle = DeployedJob(name="idle", resource_name="acme-night-idle", state_machine_arn="arn", trigger=trigger)
    assert printed(capsys, off=(idle,)) == "Nothing runs in that time.\nidle is switched off: every hour\n"


def test_json_has_all_of_it(operated: Operated, operate: Longhaul) -> None:
    operated.run("obeys")
    operated.run("obeys-in-line")
    year = datetime.now(UTC).year + 1
    # A Friday of summer, when Paris is two hours before UTC.
    day = next(day for day in range(1, 8) if datetime(year, 7, day).weekday() == 4)
    begin = f"{year}-07-{day:02}"
    done = operate("calendar", "--from", begin, "--hours", "12", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert list(found) == ["from", "to", "runs", "off", "untold", "busiest"]
    assert (found["from"], found["to"]) == (f"{begin}T00:00:00Z", f"{begin}T12:00:00Z")
    obeys, alone = found["runs"]
    assert list(obeys) == KEYS
    assert (obeys["job"], obeys["time"], alone["job"], alone["time"]) == (
        "obeys",
        f"{begin}T03:15:00Z",
        "obeys-alone",
        f"{begin}T04:00:00Z",
    )
    assert (alone["localTime"], alone["timezone"]) == (f"{begin}T06:00:00+02:00", "Europe/Paris")
    assert obeys["expectedSeconds"] > 0
    assert (obeys["executionArn"], obeys["overlapsItself"], obeys["meets"]) == (None, False, [])
    assert found["off"] == [{"job": "idle", "schedule": "rate(1 hour)", "timezone": "UTC"}]
    assert found["untold"] == []
    assert found["busiest"] == {"time": f"{begin}T03:15:00Z", "runs": 1, "jobs": ["obeys"]}


def test_only_the_jobs_that_are_named_as_csv(operate: Longhaul) -> None:
    done = operate("calendar", "obeys", "--hours", "48", "--no-ledger", "--output", "csv")
    rows_of_it = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows_of_it[0]) == KEYS
    assert {row["job"] for row in rows_of_it if not row["executionArn"]} == {"obeys"}


def test_wrong_use_is_one_clear_line(operate: Longhaul) -> None:
    for arguments, says in (
        (("oebys",), "did you mean obeys?"),
        (("--from", "2026-01-01"), "--from: expected a time to come, found '2026-01-01'"),
        (("--from", "tomorrow"), "expected a time such as 2026-11-24T03:15:00Z, found 'tomorrow'"),
        (("--hours", "8760"), "840"),
        (("--hours", "0"), "1"),
    ):
        done = operate("calendar", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert says in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
