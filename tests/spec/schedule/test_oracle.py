"""Generated cron expressions against an oracle that walks every minute and asks each field by itself."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from spec.schedule import ScheduleError, in_words, parse_schedule, times

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]


def circle(first: int, last: int, low: int, high: int) -> list[int]:
    """From first to last, walking on from high to low."""
    walked = [first]
    while walked[-1] != last:
        walked.append(low if walked[-1] == high else walked[-1] + 1)
    return walked


def values_field(
    low: int,
    high: int,
    largest_step: int | None,
    wraps: bool = True,
    names: list[str] | None = None,
    every: range | None = None,
):
    """Text of a field and the values it stands for; `every` are what `*` is, if not low to high."""

    def spelt(value: int, name: bool) -> str:
        return names[value - low] if names and name else str(value)

    number = st.integers(low, high)
    one = st.tuples(number, st.booleans()).map(lambda drawn: (spelt(*drawn), [drawn[0]]))
    ends = st.tuples(number, number).map(lambda drawn: drawn if wraps else tuple(sorted(drawn)))
    span = st.tuples(ends, st.booleans()).map(
        lambda drawn: (
            f"{spelt(drawn[0][0], drawn[1])}-{spelt(drawn[0][1], drawn[1])}",
            circle(drawn[0][0], drawn[0][1], low, high),
        )
    )
    plain = st.one_of(one, span)
    if largest_step is None:
        term = plain
    else:
        step = st.integers(1, largest_step)
        everything = st.just(("*", list(range(low, high + 1))))
        open_start = number.map(lambda value: (str(value), list(range(value, high + 1))))
        stepped = st.tuples(st.one_of(span, everything, open_start), step).map(
            lambda drawn: (f"{drawn[0][0]}/{drawn[1]}", drawn[0][1][:: drawn[1]])
        )
        term = st.one_of(plain, stepped)
    listed = st.lists(term, min_size=1, max_size=3).map(
        lambda terms: (",".join(text for text, _ in terms), {value for _, values in terms for value in values})
    )
    return st.one_of(st.just(("*", set(every or range(low, high + 1)))), listed)


def is_workday(day: datetime) -> bool:
    return day.isoweekday() <= 5


def last_day(day: datetime) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def is_nearest_workday(day: datetime, target: int) -> bool:
    """By distance: of the workdays of the month, none is nearer the target day."""
    if target > last_day(day) or not is_workday(day):
        return False
    workdays = [number for number in range(1, last_day(day) + 1) if is_workday(day.replace(day=number))]
    return day.day == min(workdays, key=lambda number: abs(number - target))


def weekday_number(day: datetime) -> int:
    return day.isoweekday() % 7 + 1


days_of_month = st.one_of(
    values_field(1, 31, 31).map(lambda field: (field[0], "?", lambda day: day.day in field[1])),
    st.just(("L", "?", lambda day: day.day == last_day(day))),
    st.just(
        (
            "LW",
            "?",
            lambda day: (
                is_workday(day)
                and not any(is_workday(day.replace(day=later)) for later in range(day.day + 1, last_day(day) + 1))
            ),
        )
    ),
    st.integers(1, 31).map(lambda target: (f"{target}W", "?", lambda day: is_nearest_workday(day, target))),
)
days_of_week = st.one_of(
    values_field(1, 7, None, names=WEEKDAYS).map(
        lambda field: ("?", field[0], lambda day: weekday_number(day) in field[1])
    ),
    st.just(("?", "L", lambda day: weekday_number(day) == 7)),
    st.integers(1, 7).map(
        lambda weekday: (
            "?",
            f"{weekday}L",
            lambda day: weekday_number(day) == weekday and (day + timedelta(days=7)).month != day.month,
        )
    ),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(
        lambda drawn: (
            "?",
            f"{drawn[0]}#{drawn[1]}",
            lambda day: weekday_number(day) == drawn[0] and (day.day - 1) // 7 + 1 == drawn[1],
        )
    ),
)
days = st.one_of(days_of_month, days_of_week)
minutes, hours = values_field(0, 59, 59), values_field(0, 23, 23)
months = values_field(1, 12, 12, names=MONTHS)
years = values_field(2026, 2030, None, wraps=False, every=range(1970, 2200))


def expression(minute, hour, day, month, year) -> str:
    return f"cron({minute[0]} {hour[0]} {day[0]} {month[0]} {day[1]} {year[0]})"


def fired_until(text: str, start: datetime, end: datetime, zone: str = "UTC") -> list[datetime] | None:
    """The times in [start, end), or None if the expression is refused."""
    try:
        schedule = parse_schedule(text)
    except ScheduleError as refused:
        if "never fires" not in str(refused):
            raise
        return None
    assert in_words(schedule, zone)
    fired = []
    for time in times(schedule, start - timedelta(seconds=1), zone):
        if time >= end:
            break
        fired.append(time)
    return fired


@given(minutes, hours, days, months, years, st.sampled_from(ZONES), st.integers(0, 364), st.booleans())
@settings(max_examples=120)
def test_fires_as_a_walk_over_all_minutes_finds(minute, hour, day, month, year, zone, day_of_year, near_a_clock_change):
    local = ZoneInfo(zone)
    first = (
        datetime(2026, 3, 28, tzinfo=UTC)
        if near_a_clock_change and day_of_year % 2
        else datetime(2026, 10, 24, tzinfo=UTC)
    )
    start = first if near_a_clock_change else datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day_of_year)
    end = start + timedelta(days=3)
    expected, time = [], start
    while time < end:
        wall = time.astimezone(local)
        matches = (
            wall.minute in minute[1]
            and wall.hour in hour[1]
            and wall.month in month[1]
            and wall.year in year[1]
            and wall.fold == 0
            and day[2](wall.replace(tzinfo=None))
        )
        if matches:
            expected.append(time)
        time += timedelta(minutes=1)
    fired = fired_until(expression(minute, hour, day, month, year), start, end, zone)
    assert (fired or []) == expected


@given(days, months, years)
@settings(max_examples=120)
def test_fires_on_the_days_a_walk_over_five_years_finds(day, month, year):
    start, expected = datetime(2026, 1, 1, 5, 7, tzinfo=UTC), []
    for passed in range(5 * 365 + 1):
        date = start + timedelta(days=passed)
        if date.month in month[1] and date.year in year[1] and day[2](date.replace(tzinfo=None)):
            expected.append(date)
    fired = fired_until(
        expression(("7", {7}), ("5", {5}), day, month, year), start, start + timedelta(days=5 * 365 + 1)
    )
    assert (fired or []) == expected


@given(st.text(alphabet="cronateL#W?*/,-0123456789 ()MOFRIJAN\n", max_size=40) | st.text(max_size=20))
@settings(max_examples=300)
def test_any_text_is_read_or_refused_with_one_message(text):
    try:
        schedule = parse_schedule(text)
    except ScheduleError:
        return
    assert schedule.text == text
    assert in_words(schedule)
