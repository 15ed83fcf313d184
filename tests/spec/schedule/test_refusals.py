"""What AWS refuses, and what the message offers instead."""

import pytest

from spec.schedule import ScheduleError, parse_schedule, time_zone


def message(expression: str) -> str:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule(expression)
    return str(refused.value)


@pytest.mark.parametrize(
    ("expression", "where", "nearest"),
    [
        # The two day fields.
        ("cron(0 3 * * * *)", "'?' in exactly one", "cron(0 3 * * ? *)"),
        ("cron(0 3 ? * ? *)", "'?' in both day fields", "cron(0 3 * * ? *)"),
        ("cron(0 3 * * MON *)", "'?' in exactly one", "cron(0 3 ? * MON *)"),
        ("cron(0 3 15 * * *)", "'?' in exactly one", "cron(0 3 15 * ? *)"),
        ("cron(0 3 1 * MON *)", "a schedule each", None),
        ("cron(? 3 * * ? *)", "'?' in minutes", "cron(* 3 * * ? *)"),
        # Values out of range, and days of the week that count from Sunday = 1.
        ("cron(60 3 * * ? *)", "minutes '60'", "cron(59 3 * * ? *)"),
        ("cron(5,15,75 3 * * ? *)", "minutes '5,15,75'", "cron(5,15,59 3 * * ? *)"),
        ("cron(0 24 * * ? *)", "hours '24'", "cron(0 0 * * ? *)"),
        ("cron(0 3 32 * ? *)", "day-of-month '32'", "cron(0 3 31 * ? *)"),
        ("cron(0 3 0 * ? *)", "day-of-month '0'", "cron(0 3 1 * ? *)"),
        ("cron(0 3 1 13 ? *)", "month '13'", "cron(0 3 1 12 ? *)"),
        ("cron(0 3 ? * 0 *)", "SUN", "cron(0 3 ? * SUN *)"),
        ("cron(0 3 ? * 0-4 *)", "SUN", "cron(0 3 ? * SUN-4 *)"),
        ("cron(0 3 ? * 8 *)", "day-of-week '8'", "cron(0 3 ? * 7 *)"),
        ("cron(0 3 * * ? 1969)", "year '1969'", "cron(0 3 * * ? 1970)"),
        ("cron(0 3 * * ? 2200)", "year '2200'", "cron(0 3 * * ? 2199)"),
        ("cron(0 3 ? * MONDAY *)", "day-of-week 'MONDAY'", "cron(0 3 ? * MON *)"),
        ("cron(0 3 1 JANV ? *)", "month 'JANV'", "cron(0 3 1 JAN ? *)"),
        ("cron(0 MON * * ? *)", "hours 'MON'", None),
        ("cron(-1 3 * * ? *)", "minutes '-1'", None),
        # Steps: AWS refuses minutes in steps of 60, https://github.com/aws/aws-sdk-js/issues/4212
        ("cron(*/60 * * * ? *)", "the step 60", "cron(0 * * * ? *)"),
        ("cron(0 0/24 * * ? *)", "the step 24", "cron(0 0 * * ? *)"),
        ("cron(*/0 * * * ? *)", "the step '0'", None),
        ("cron(/5 * * * ? *)", "no start", "cron(*/5 * * * ? *)"),
        ("cron(0 3 ? * MON/2 *)", "a step", "cron(0 3 ? * MON,WED,FRI *)"),
        # Lists and ranges.
        ("cron(0,,5 3 * * ? *)", "a comma", "cron(0,5 3 * * ? *)"),
        ("cron(*,5 3 * * ? *)", "in a list", "cron(* 3 * * ? *)"),
        ("cron(0 3 * * ? 2030-2026)", "ends before it starts", "cron(0 3 * * ? 2026-2030)"),
        ("cron(0/5, 9-18, ?, *, MON-FRI, *)", "", "cron(0/5 9-18 ? * MON-FRI *)"),
        # L, W and # are the whole field.
        ("cron(0 3 ? * 3#1,6#3 *)", "the whole field", None),
        ("cron(0 3 ? * 3#6 *)", "1 to 5 times", None),
        ("cron(0 3 ? * 3#0 *)", "1 to 5 times", None),
        ("cron(0 3 ? * 6L,2 *)", "the whole field", None),
        ("cron(0 3 15,L * ? *)", "the whole field", None),
        ("cron(0 3 L-3 * ? *)", "the whole field", None),
        ("cron(0 3 1-5W * ? *)", "the whole field", None),
        ("cron(0 3 W * ? *)", "the whole field", None),
        ("cron(0 3 32W * ? *)", "32", "cron(0 3 31W * ? *)"),
        ("cron(0 3 ? * FRIL *)", "FRIL", "cron(0 3 ? * 6L *)"),
        ("cron(0 3 ? * 3W *)", "3W", None),
        # The number of fields.
        ("cron()", "0 fields", None),
        ("cron(0 3 * ? *)", "5 fields", None),
        ("cron(0 10 * * ?)", "5 fields", "cron(0 10 * * ? *)"),
        ("0 10 * * ? *", "expected cron(...)", "cron(0 10 * * ? *)"),
        ("cron(0 3 * * ? *", "expected cron(...)", None),
        ("", "expected cron(...)", None),
        # Never.
        ("cron(0 3 30 2 ? *)", "never fires", None),
        ("cron(0 3 31 4,6,9,11 ? *)", "never fires", None),
        ("cron(0 3 29 2 ? 2025-2027)", "never fires", None),
        ("cron(0 3 30W 2 ? *)", "never fires", None),
        # rate
        ("rate(1 hours)", "singular", "rate(1 hour)"),
        ("rate(5 hour)", "plural", "rate(5 hours)"),
        ("rate(0 minutes)", "1 or more", "rate(1 minute)"),
        ("rate(1.5 hours)", "rate(value unit)", "rate(90 minutes)"),
        ("rate(2 weeks)", "rate(value unit)", "rate(14 days)"),
        ("rate(90min)", "rate(value unit)", "rate(90 minutes)"),
        ("rate(30 seconds)", "rate(value unit)", None),
        ("rate(-5 minutes)", "rate(value unit)", None),
        ("rate(99999999999999 days)", "too large", None),
        # at
        ("at(2026-11-24 03:15:00)", "yyyy-mm-ddThh:mm:ss", "at(2026-11-24T03:15:00)"),
        ("at(2026-11-24T03:15)", "yyyy-mm-ddThh:mm:ss", "at(2026-11-24T03:15:00)"),
        ("at(2026-11-24T03:15:00Z)", "`timezone`", None),
        ("at(2026-02-30T03:15:00)", "no such date", None),
        ("at(tomorrow)", "yyyy-mm-ddThh:mm:ss", None),
        # Too long for the API.
        ("cron(" + ",".join(["1"] * 200) + " 3 * * ? *)", "256", None),
    ],
)
def test_refused_with_the_nearest_valid_form(expression, where, nearest):
    text = message(expression)
    assert where in text
    offered = text.partition("nearest valid form: ")[2]
    assert offered.startswith(nearest) if nearest else offered == ""
    if nearest:
        parse_schedule(nearest)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 0 ? * mon-fri *)",  # as AWS's own workshop writes names
        "cron(0 0 1 Jan ? *)",
        "cron(0 9 ? * MON#1 *)",
        "cron(00 05 * * ? *)",
        "cron(0  3\t* * ? *)",  # white space separates the fields
        "cron(*/5,7 0-6/2,22 */5 NOV-FEB/2 ? 1970-2199/3)",
        "cron(0 22 ? * FRI-MON *)",
        "cron(0 0 25-5 * ? *)",
        "cron(0 0 LW * ? *)",
        "cron(15 10 ? * 6L 2019-2022)",  # in the past, and valid
        # Seen accepted by AWS: https://github.com/localstack/localstack/issues/13572
        "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
        "cron(1-31/30 1-1 ? * 1,7 *)",
    ],
)
def test_accepted(expression):
    assert parse_schedule(expression).text == expression


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Europe/Pari", "Europe/Paris"),
        ("paris", "Europe/Paris"),
        ("New York", "America/New_York"),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_an_unknown_time_zone_names_the_nearest(name, nearest):
    with pytest.raises(ScheduleError, match="IANA") as refused:
        time_zone(name)
    assert (nearest or "IANA") in str(refused.value)
