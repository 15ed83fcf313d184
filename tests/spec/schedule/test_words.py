"""Schedules in words; the meaning column of AWS's own examples is the measure."""

import pytest

from spec.schedule import in_words, parse_schedule


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(15 3 * * ? *)", "at 03:15 UTC every day"),
        ("cron(15 3 ? * * *)", "at 03:15 UTC every day"),
        ("cron(0 18 ? * MON-FRI *)", "at 18:00 UTC every Monday to Friday"),
        ("cron(0 8 1 * ? *)", "at 08:00 UTC on day 1 of the month"),
        ("cron(0/15 * * * ? *)", "every 15 minutes"),
        ("cron(* * * * ? *)", "every minute"),
        ("cron(0 * * * ? *)", "every hour"),
        ("cron(20 * * * ? *)", "at minute 20 of every hour"),
        ("cron(*/25 * * * ? *)", "at minutes 0, 25 and 50 of every hour"),
        ("cron(0/10 * ? * MON-FRI *)", "every 10 minutes every Monday to Friday (UTC)"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "every 5 minutes from 08:00 to 17:55 UTC every Monday to Friday"),
        ("cron(0/30 20-2 * * ? *)", "every 30 minutes from 00:00 to 02:30 and from 20:00 to 23:30 UTC every day"),
        ("cron(5,35 14 * * ? *)", "at 14:05 and 14:35 UTC every day"),
        ("cron(0 */2 * * ? *)", "every 2 hours from 00:00 to 22:00 UTC every day"),
        ("cron(0 */6 * * ? *)", "at 00:00, 06:00, 12:00 and 18:00 UTC every day"),
        ("cron(1,2 9-17 * * ? *)", "at minutes 1 and 2 of each hour from 09:01 to 17:02 UTC every day"),
        ("cron(15 10 ? * 6L 2019-2022)", "at 10:15 UTC on the last Friday of the month in 2019 to 2022"),
        ("cron(0 0 ? * 3#2 *)", "at 00:00 UTC on the second Tuesday of the month"),
        ("cron(0 0 L * ? *)", "at 00:00 UTC on the last day of the month"),
        ("cron(0 0 LW * ? *)", "at 00:00 UTC on the last weekday (Monday to Friday) of the month"),
        ("cron(0 0 3W * ? *)", "at 00:00 UTC on the weekday (Monday to Friday) nearest day 3 of the month"),
        ("cron(0 0 ? * FRI-MON *)", "at 00:00 UTC every Friday to Monday"),
        ("cron(0 0 ? * SAT,SUN *)", "at 00:00 UTC every Saturday and Sunday"),
        ("cron(0 0 1 NOV-FEB ? *)", "at 00:00 UTC on day 1 of the month in November to February"),
        ("cron(0 0 1,15 1,7 ? *)", "at 00:00 UTC on days 1 and 15 of the month in January and July"),
        ("rate(1 day)", "every day"),
        ("rate(5 minutes)", "every 5 minutes"),
        ("at(2026-11-24T03:15:00)", "once, at 03:15 UTC on 24 November 2026"),
        ("at(2026-11-24T03:15:30)", "once, at 03:15:30 UTC on 24 November 2026"),
    ],
)
def test_in_words(expression, words):
    assert in_words(parse_schedule(expression)) == words


def test_the_time_zone_is_named():
    assert in_words(parse_schedule("cron(15 3 * * ? *)"), "Europe/Paris") == "at 03:15 Europe/Paris every day"
    assert (
        in_words(parse_schedule("cron(0/10 * ? * SUN *)"), "Asia/Tokyo") == "every 10 minutes every Sunday (Asia/Tokyo)"
    )
