"""Lines written for crontab and Quartz: translated where the times are exactly the same, and never otherwise."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec.schedule import ScheduleError, parse_schedule, times


def offered(line: str) -> str | None:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule(line)
    return str(refused.value).partition("nearest valid form: ")[2].partition(" (")[0] or None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 3 * * *", "cron(0 3 * * ? *)"),
        ("cron(0 3 * * *)", "cron(0 3 * * ? *)"),
        ("30 6 1 * *", "cron(30 6 1 * ? *)"),
        ("0 3 * * 0", "cron(0 3 ? * SUN *)"),
        ("0 3 * * 7", "cron(0 3 ? * SUN *)"),
        ("0 3 * * 1-5", "cron(0 3 ? * MON-FRI *)"),
        ("0 3 * * Mon,wed", "cron(0 3 ? * MON,WED *)"),
        ("0 3 * * */2", "cron(0 3 ? * SUN,TUE,THU,SAT *)"),
        ("0 3 * * 5-7", "cron(0 3 ? * SUN,FRI,SAT *)"),
        ("*/10 8-18/2 * JAN-MAR *", "cron(*/10 8-18/2 * JAN-MAR ? *)"),
        ("0 0 */5 * *", "cron(0 0 */5 * ? *)"),
        ("@daily", "cron(0 0 * * ? *)"),
        ("@weekly", "cron(0 0 ? * SUN *)"),
        # Quartz: seconds first.
        ("0 0 12 * * ?", "cron(0 12 * * ? *)"),
        ("cron(0 15 10 ? * MON-FRI)", "cron(15 10 ? * MON-FRI *)"),
        ("0 0 9 ? * 6L 2027", "cron(0 9 ? * 6L 2027)"),
    ],
)
def test_translated(line, expected):
    assert offered(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "0 3 1 * 1",  # either day
        "0 0 */2 * 1",
        "5/10 * * * *",  # crontab takes it for minute 5 alone
        "*/60 * * * *",
        "0 3 * * 5-1",
        "0 3 * * 8",
        "@reboot",
        "30 0 12 * * ?",  # at second 30
        "0 0 12 L-3 * ?",
        "0 25 * * *",
    ],
)
def test_not_translated_where_nothing_is_equal(line):
    assert offered(line) is None


def test_a_line_with_both_day_fields_says_why():
    with pytest.raises(ScheduleError, match="either of two day fields, which takes two schedules"):
        parse_schedule("0 3 1 * 1")


def crontab_field(low: int, high: int):
    """A field as crontab has it, with the values it stands for, worked out here."""
    number = st.integers(low, high)
    span = st.tuples(number, number).map(sorted)
    step = st.integers(1, high - low)
    term = st.one_of(
        number.map(lambda value: (str(value), {value})),
        span.map(lambda ends: (f"{ends[0]}-{ends[1]}", set(range(ends[0], ends[1] + 1)))),
        st.tuples(span, step).map(
            lambda both: (f"{both[0][0]}-{both[0][1]}/{both[1]}", set(range(both[0][0], both[0][1] + 1, both[1])))
        ),
        step.map(lambda by: (f"*/{by}", set(range(low, high + 1, by)))),
    )
    listed = st.lists(term, min_size=1, max_size=3).map(
        lambda terms: (",".join(text for text, _ in terms), set().union(*(values for _, values in terms)))
    )
    return st.one_of(st.just(("*", set(range(low, high + 1)))), listed)


@given(crontab_field(0, 59), crontab_field(0, 23), crontab_field(1, 31), crontab_field(1, 12), crontab_field(0, 7))
@settings(max_examples=150)
def test_a_translation_fires_exactly_when_crontab_does(minute, hour, day, month, weekday):
    line = " ".join(text for text, _ in (minute, hour, day, month, weekday))
    translation = offered(line)
    if translation is None:
        return
    start = datetime(2027, 2, 25, tzinfo=UTC)
    window = [start + timedelta(minutes=minutes) for minutes in range(8 * 24 * 60)]
    expected = [
        time
        for time in window
        if time.minute in minute[1]
        and time.hour in hour[1]
        and time.day in day[1]
        and time.month in month[1]
        and time.isoweekday() % 7 in {number % 7 for number in weekday[1]}
    ]
    fired = []
    for time in times(parse_schedule(translation), start - timedelta(seconds=1)):
        if time > window[-1]:
            break
        fired.append(time)
    assert fired == expected
