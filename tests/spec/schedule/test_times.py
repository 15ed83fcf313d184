"""When schedules fire: clock changes, sparse schedules, rates and one-time schedules."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from spec.schedule import parse_schedule, times

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"


def instants(expression: str, after: str, count: int, timezone: str = "UTC", anchor: str | None = None) -> list[str]:
    moments = times(
        parse_schedule(expression),
        datetime.fromisoformat(after),
        timezone,
        datetime.fromisoformat(anchor) if anchor else None,
    )
    return [moment.isoformat().replace("+00:00", "Z") for moment in islice(moments, count)]


@pytest.mark.parametrize(
    ("timezone", "after", "expected"),
    [
        # Clocks go from 02:00 to 03:00, so 02:30 does not exist that day.
        (PARIS, "2026-03-27T12:00:00Z", ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]),
        (NEW_YORK, "2026-03-06T12:00:00Z", ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"]),
        # Clocks go from 03:00 back to 02:00 in Paris: 02:30 comes twice and fires once.
        (PARIS, "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        (PARIS, "2026-10-25T00:30:00Z", ["2026-10-26T01:30:00Z"]),
        (PARIS, "2026-10-25T01:10:00Z", ["2026-10-26T01:30:00Z"]),  # asked between the two
    ],
)
def test_half_past_two_on_the_days_clocks_change(timezone, after, expected):
    assert instants("cron(30 2 * * ? *)", after, len(expected), timezone) == expected


def test_a_repeated_hour_in_new_york_fires_once():
    fired = instants("cron(30 1 * * ? *)", "2026-10-31T12:00:00Z", 2, NEW_YORK)
    assert fired == ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]


def test_every_quarter_of_an_hour_runs_once_through_the_repeated_hour():
    fired = instants("cron(0/15 2-3 * * ? *)", "2026-10-25T00:00:00Z", 5, PARIS)
    assert fired == [
        "2026-10-25T00:15:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T00:45:00Z",
        "2026-10-25T02:00:00Z",  # 03:00, after the second 02:00 to 03:00
        "2026-10-25T02:15:00Z",
    ]


def test_a_zone_that_moves_by_half_an_hour():
    """Lord Howe goes from 02:00 to 02:30 on 4 October 2026."""
    fired = instants("cron(0/15 2 * * ? *)", "2026-10-03T15:00:00Z", 2, "Australia/Lord_Howe")
    assert fired == ["2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z"]


def test_a_day_that_a_zone_left_out_is_skipped():
    """Samoa went from 29 to 31 December 2011."""
    fired = instants("cron(0 12 * * ? *)", "2011-12-29T00:00:00Z", 2, "Pacific/Apia")
    assert fired == ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"]


def test_sparse_schedules():
    assert instants("cron(0 0 29 2 ? *)", "2097-01-01T00:00:00Z", 1) == ["2104-02-29T00:00:00Z"]
    assert instants("cron(0 0 ? * 2#5 *)", "2026-11-24T00:00:00Z", 2) == [
        "2026-11-30T00:00:00Z",
        "2027-03-29T00:00:00Z",
    ]
    assert instants("cron(0 0 1 1 ? 2030,2199)", "2030-01-01T00:00:00Z", 9) == ["2199-01-01T00:00:00Z"]
    assert instants("cron(15 10 ? * 6L 2019-2022)", "2026-11-24T00:00:00Z", 9) == []


def test_weekdays_nearest_a_day_stay_in_their_month():
    """1 August 2026 is a Saturday, 31 January 2027 a Sunday."""
    assert instants("cron(0 0 1W 8 ? *)", "2026-07-01T00:00:00Z", 1) == ["2026-08-03T00:00:00Z"]
    assert instants("cron(0 0 31W 1 ? *)", "2027-01-01T00:00:00Z", 1) == ["2027-01-29T00:00:00Z"]
    assert instants("cron(0 0 LW * ? *)", "2027-01-01T00:00:00Z", 2) == ["2027-01-29T00:00:00Z", "2027-02-26T00:00:00Z"]


def test_strictly_after():
    assert instants("cron(0 3 * * ? *)", "2026-11-24T03:00:00Z", 1) == ["2026-11-25T03:00:00Z"]
    assert instants("cron(0 3 * * ? *)", "2026-11-24T02:59:59.5Z", 1) == ["2026-11-24T03:00:00Z"]


def test_a_rate_counts_from_its_anchor_in_days_of_24_hours():
    assert instants("rate(2 hours)", "2026-11-24T08:20:00Z", 2) == ["2026-11-24T10:20:00Z", "2026-11-24T12:20:00Z"]
    anchored = instants("rate(2 hours)", "2026-11-24T08:20:00Z", 2, anchor="2026-11-20T01:00:00Z")
    assert anchored == ["2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z"]
    later = instants("rate(1 day)", "2026-11-24T08:20:00Z", 2, anchor="2026-11-26T01:00:00Z")
    assert later == ["2026-11-26T01:00:00Z", "2026-11-27T01:00:00Z"]
    over_a_clock_change = instants("rate(1 day)", "2026-10-24T10:00:00Z", 2, PARIS)
    assert over_a_clock_change == ["2026-10-25T10:00:00Z", "2026-10-26T10:00:00Z"]


def test_a_one_time_schedule_is_read_in_its_zone():
    assert instants("at(2026-11-24T03:15:30)", "2026-01-01T00:00:00Z", 2, PARIS) == ["2026-11-24T02:15:30Z"]
    assert instants("at(2026-11-24T03:15:30)", "2026-11-24T02:15:30Z", 2, PARIS) == []
    assert instants("at(2026-03-29T02:30:00)", "2026-01-01T00:00:00Z", 2, PARIS) == []


def test_ends_with_the_calendar():
    assert instants("cron(0 0 31 12 ? *)", "2199-01-01T00:00:00Z", 3) == ["2199-12-31T00:00:00Z"]
    assert len(instants("rate(900000 days)", "2026-11-24T00:00:00Z", 9)) == 3


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        times(parse_schedule("rate(1 day)"), datetime(2026, 11, 24))


def test_the_first_of_many_years_does_not_walk_minutes():
    """Looks at months: a schedule for 29 February every 400 years is found without visiting its hours."""
    schedule = parse_schedule("cron(0 0 29 2 ? 2000,2160)")
    first = next(times(schedule, datetime(2000, 3, 1, tzinfo=UTC)))
    assert first - datetime(2000, 3, 1, tzinfo=UTC) > timedelta(days=58_000)
