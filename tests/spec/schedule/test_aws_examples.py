"""The examples of AWS's own documentation, with the times it says they run.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from datetime import UTC, datetime
from itertools import islice

import pytest

from spec.schedule import parse_schedule, times

FRIDAY_NIGHT = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)


def upcoming(expression: str, count: int, after: datetime = FRIDAY_NIGHT) -> list[str]:
    return [f"{time:%a %d %b %Y %H:%M}" for time in islice(times(parse_schedule(expression), after), count)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # Run at 10:00 am every day
        ("cron(0 10 * * ? *)", ["Sat 28 Nov 2026 10:00", "Sun 29 Nov 2026 10:00"]),
        # Run at 12:15 pm every day
        ("cron(15 12 * * ? *)", ["Sat 28 Nov 2026 12:15", "Sun 29 Nov 2026 12:15"]),
        # Run at 6:00 pm every Monday through Friday
        ("cron(0 18 ? * MON-FRI *)", ["Mon 30 Nov 2026 18:00", "Tue 01 Dec 2026 18:00"]),
        # Run at 8:00 am every 1st day of the month
        ("cron(0 8 1 * ? *)", ["Tue 01 Dec 2026 08:00", "Fri 01 Jan 2027 08:00"]),
        # Run every 15 minutes
        ("cron(0/15 * * * ? *)", ["Sat 28 Nov 2026 00:00", "Sat 28 Nov 2026 00:15", "Sat 28 Nov 2026 00:30"]),
        # Run every 10 minutes Monday through Friday
        ("cron(0/10 * ? * MON-FRI *)", ["Mon 30 Nov 2026 00:00", "Mon 30 Nov 2026 00:10"]),
        # Run every day at 2:05 pm and 2:35 pm
        ("cron(5,35 14 * * ? *)", ["Sat 28 Nov 2026 14:05", "Sat 28 Nov 2026 14:35", "Sun 29 Nov 2026 14:05"]),
        # 1/10: every tenth minute from the first minute of the hour, the 11th, 21st and 31st
        ("cron(1/10 0 * * ? *)", [f"Sat 28 Nov 2026 00:{minute}" for minute in ("01", "11", "21", "31", "41", "51")]),
        # 3W: the weekday closest to the third day of the month (3 January 2027 is a Sunday)
        ("cron(0 0 3W * ? *)", ["Thu 03 Dec 2026 00:00", "Mon 04 Jan 2027 00:00"]),
        # 3#2: the second Tuesday of the month
        ("cron(0 0 ? * 3#2 *)", ["Tue 08 Dec 2026 00:00", "Tue 12 Jan 2027 00:00"]),
        # L: the last day of the month, or of the week
        ("cron(0 0 L * ? *)", ["Mon 30 Nov 2026 00:00", "Thu 31 Dec 2026 00:00"]),
        ("cron(0 0 ? * L *)", ["Sat 28 Nov 2026 00:00", "Sat 05 Dec 2026 00:00"]),
        # JAN,FEB,MAR
        ("cron(0 0 1 JAN,FEB,MAR ? *)", ["Fri 01 Jan 2027 00:00", "Mon 01 Feb 2027 00:00", "Mon 01 Mar 2027 00:00"]),
    ],
)
def test_runs_when_the_documentation_says(expression, expected):
    assert upcoming(expression, len(expected)) == expected


def test_every_five_minutes_of_working_hours():
    """Run every 5 minutes Monday through Friday between 8:00 am and 5:55 pm."""
    a_day = upcoming("cron(0/5 8-17 ? * MON-FRI *)", 121)
    assert a_day[:2] == ["Mon 30 Nov 2026 08:00", "Mon 30 Nov 2026 08:05"]
    assert a_day[119] == "Mon 30 Nov 2026 17:55"
    assert a_day[120] == "Tue 01 Dec 2026 08:00"


def test_hours_that_wrap_around_midnight():
    """20-2 is the hours from 20 to 2; each field is matched by itself, so 0 to 2 are hours of the same day."""
    assert upcoming("cron(0/30 20-2 ? * MON-FRI *)", 8) == [
        *(f"Mon 30 Nov 2026 {clock}" for clock in ("00:00", "00:30", "01:00", "01:30", "02:00", "02:30")),
        *(f"Mon 30 Nov 2026 {clock}" for clock in ("20:00", "20:30")),
    ]


def test_last_friday_in_the_years_named():
    """Runs at 10:15 am on the last Friday of each month during the years 2019 to 2022."""
    before = datetime(2022, 10, 29, tzinfo=UTC)
    assert upcoming("cron(15 10 ? * 6L 2019-2022)", 3, before) == ["Fri 25 Nov 2022 10:15", "Fri 30 Dec 2022 10:15"]


@pytest.mark.parametrize(
    "expression", ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(5 hours)", "rate(1 day)"]
)
def test_rates_that_are_valid(expression):
    assert parse_schedule(expression).text == expression
