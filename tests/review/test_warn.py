"""Warnings: of runs that meet themselves, a change of the clocks, or one another."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.clock_changes import affected, clock_changes
from review.compare import Revision, review
from review.warn import warnings
from spec.run_length import longest_run_seconds
from spec.schedule import parse_schedule
from spec.stack import StackSpec
from tests.definitions.samples import job
from tests.review.changes import START

YEAR = timedelta(days=366)
BIG = {"cpu": 4096, "memory": 8192, "timeout": "1m"}


def warned(*jobs: dict[str, object]) -> list[str]:
    made = tuple(job(**{"name": f"job{index}", **fields}) for index, fields in enumerate(jobs))
    return warnings(StackSpec(project="acme", name="dev", jobs=made), START)


@pytest.mark.parametrize(
    ("schedule", "timeout"), [("rate(1 hour)", "61m"), ("cron(0 * * * ? *)", "2h"), ("cron(0 22,23 * * ? *)", "61m")]
)
def test_a_run_that_may_outlast_its_interval_is_warned_of(schedule: str, timeout: str) -> None:
    [warning] = warned({"schedule": schedule, "timeout": timeout})

    assert "due 1h after its start" in warning


@pytest.mark.parametrize("schedule", ["rate(1 hour)", "cron(0 * * * ? *)", "at(2027-01-01T00:00:00)"])
def test_a_run_that_ends_in_time_is_not(schedule: str) -> None:
    assert not warned({"schedule": schedule, "timeout": "1h"})


def test_what_starts_nothing_by_itself_is_never_warned_of() -> None:
    assert not warned({"timeout": "10d"}, {"timeout": "10d", "schedule": "rate(1 hour)", "enabled": False})


def test_retries_and_their_waits_count() -> None:
    # Three attempts of an hour, 10 and 15 minutes between them: the second wait would be 20 minutes but for the limit.
    fields = {"timeout": "1h", "retries": {"attempts": 2, "interval": "10m", "backoffRate": 2, "maxInterval": "15m"}}

    assert longest_run_seconds(job(**fields)) == 3 * 3600 + 25 * 60
    assert warned({**fields, "schedule": "rate(3 hours)", "overlap": "skip"}) == [
        "job0: a run may last 3h25m (3 attempts of 1h and the waits between them), and the next one can be due "
        "3h after its start: the later one is skipped"
    ]
    assert not warned({**fields, "schedule": "rate(4 hours)"})


def test_what_aws_itself_adds_to_a_run_is_not_warned_of() -> None:
    assert not warned({"schedule": "rate(1 day)", "timeout": "1d", "startRetries": {"attempts": 5}})


@pytest.mark.parametrize(
    ("overlap", "then"),
    [
        ("skip", "the later one is skipped"),
        ("queue", "the later one waits"),
        ("replace", "the later one stops the other"),
        ("allow", "two may run at once"),
    ],
)
def test_what_becomes_of_the_run_that_is_due_meanwhile_is_said(overlap: str, then: str) -> None:
    [warning] = warned({"schedule": "rate(1 hour)", "timeout": "2h", "overlap": overlap})

    assert warning.endswith(f"due 1h after its start: {then}")


# https://www.timeanddate.com/time/change/germany/berlin and /usa/new-york
@pytest.mark.parametrize(
    ("zone", "schedule", "expected"),
    [
        ("Europe/Berlin", "cron(30 2 * * ? *)", ["2027-03-28 02:30", "2027-10-31 02:30"]),
        ("America/New_York", "cron(30 2 * * ? *)", ["2027-03-14 02:30"]),
        ("America/New_York", "cron(30 1 * * ? *)", ["2027-11-07 01:30"]),
        ("Europe/Berlin", "cron(0 3 * * ? *)", []),
        ("Europe/Berlin", "cron(30 2 ? * MON-FRI *)", []),
        ("Europe/Berlin", "at(2027-03-28T02:00:00)", ["2027-03-28 02:00"]),
        ("Asia/Kolkata", "cron(30 2 * * ? *)", []),
        # Half an hour, and in the other half of the year: from 2:00 to 2:30 on 3 October 2027, back on 4 April.
        ("Australia/Lord_Howe", "cron(15 2 * * ? *)", ["2027-10-03 02:15"]),
        ("Australia/Lord_Howe", "cron(45 1 * * ? *)", ["2027-04-04 01:45"]),
    ],
)
def test_times_that_a_clock_change_skips_or_repeats(zone: str, schedule: str, expected: list[str]) -> None:
    found = warned({"schedule": schedule, "timezone": zone, "timeout": "1m"})

    assert [warning.split(": ")[1].split(f" in {zone}")[0] for warning in found] == expected


def test_several_times_of_one_change_are_one_warning() -> None:
    found = warned({"schedule": "cron(0/15 1-4 * * ? *)", "timezone": "Europe/Berlin", "timeout": "1m"})

    assert found == [
        "job0: 2027-03-28 02:00 to 02:45 in Europe/Berlin do not exist, clocks go forward: 4 runs are skipped",
        "job0: 2027-10-31 02:00 to 02:45 in Europe/Berlin come twice, clocks go back: each of the 4 runs starts once",
    ]


def _offset(local_time: datetime, zone: str, fold: int) -> timedelta:
    return local_time.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() or timedelta(0)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(2024, 2034),
)
def test_exactly_the_local_times_that_no_or_two_instants_show_are_affected(
    zone: str, hour: int, minute: int, year: int
) -> None:
    local_times = [
        datetime.combine(date(year, 1, 1) + timedelta(days=day), datetime.min.time()).replace(hour=hour, minute=minute)
        for day in range(365)
    ]
    # Of a time in a gap the first offset is the smaller one, of a time that comes twice the larger: PEP 495.
    expected = {
        one: before < after
        for one in local_times
        if (before := _offset(one, zone, 0)) != (after := _offset(one, zone, 1))
    }

    start, end = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=1), datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    found = affected(parse_schedule(f"cron({minute} {hour} * * ? {year})"), zone, start, end)

    assert {one: met.skipped for met in found for one in met.local_times} == expected


def test_clock_changes_of_a_year() -> None:
    changes = list(clock_changes(ZoneInfo("Europe/Dublin"), START, START + YEAR))

    assert [(change.skipped, change.first, change.end) for change in changes] == [
        (True, datetime(2027, 3, 28, 1), datetime(2027, 3, 28, 2)),
        (False, datetime(2027, 10, 31, 1), datetime(2027, 10, 31, 2)),
    ]


def test_big_jobs_at_the_same_minute_are_warned_of() -> None:
    # Nine in the morning of Berlin's winter is eight in UTC.
    found = warned(
        {**BIG, "schedule": "cron(0 9 * * ? *)", "timezone": "Europe/Berlin"}, {**BIG, "schedule": "cron(0 8 1 * ? *)"}
    )

    assert found == ["job0 (4 vCPU) and job1 (4 vCPU) start at the same minute, first at 2026-12-01 08:00 UTC"]


@pytest.mark.parametrize(
    "other",
    [
        {**BIG, "schedule": "cron(1 8 * * ? *)"},
        {**BIG, "schedule": "cron(0 8 * * ? *)", "cpu": 2048},
        {**BIG, "schedule": "cron(0 8 * * ? *)", "enabled": False},
        # When it fires depends on when it is deployed.
        {**BIG, "schedule": "rate(1 day)"},
    ],
)
def test_other_jobs_are_not(other: dict[str, object]) -> None:
    assert not warned({**BIG, "schedule": "cron(0 8 * * ? *)"}, other)


@pytest.mark.parametrize(
    ("policies", "then"),
    [
        (("skip", "skip"), "the later one is skipped"),
        (("replace", "replace"), "the later one stops the other"),
        (("skip", "queue"), "as the later one, job0 is skipped and job1 waits"),
    ],
)
def test_jobs_of_a_group_at_the_same_minute_are_warned_of(policies: tuple[str, str], then: str) -> None:
    fields = {"schedule": "cron(0 8 * * ? *)", "timeout": "1m"}

    found = warned(*({**fields, "overlap": {"group": "loads", "policy": policy}} for policy in policies))

    assert found == [
        f"job0 and job1 of the group loads start at the same minute, first at 2026-11-25 08:00 UTC: {then}"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # They wait for each other, however big they are.
        ({"group": "loads", "policy": "queue"}, {"group": "loads", "policy": "queue"}),
        ({"group": "loads"}, {"group": "sweeps"}),
        ({"group": "loads"}, {}),
    ],
)
def test_other_groups_and_queues_are_not(one: dict[str, str], other: dict[str, str]) -> None:
    fields = {"schedule": "cron(0 8 * * ? *)", "timeout": "1m"}
    big = BIG if one == other else {}

    assert not warned({**fields, **big, "overlap": one}, {**fields, **big, "overlap": other})


def test_a_review_shows_new_warnings_alone() -> None:
    risky = {"schedule": "rate(1 hour)", "timeout": "2h"}
    old = StackSpec(project="acme", name="dev", jobs=(job(name="old", **risky),))
    new = old.model_copy(update={"jobs": (*old.jobs, job(name="new", **risky))})

    found = review(Revision(old), Revision(new), START)

    assert [warning.partition(":")[0] for warning in found.warnings] == ["new"]
