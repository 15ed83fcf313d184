import json

import pytest

from tests.cli.conftest import Longhaul

FROM = ["--from", "2026-03-27T12:00:00Z"]


def test_json_has_utc_and_the_schedule_s_own_time_over_a_clock_change(longhaul: Longhaul) -> None:
    # Paris goes from UTC+1 to UTC+2 on 29 March 2026: https://www.timeanddate.com/time/change/france/paris
    shown = longhaul("next", "--stack", "dev", *FROM, "--count", "3", "--output", "json")
    assert shown.returncode == 0
    firings = json.loads(shown.stdout)
    assert firings[0] == {
        "job": "hello",
        "scheduledTime": "2026-03-28T02:15:00Z",
        "localTime": "2026-03-28T03:15:00+01:00",
        "timezone": "Europe/Paris",
        "schedule": "cron(15 3 * * ? *)",
    }
    assert [firing["scheduledTime"][8:16] for firing in firings] == ["28T02:15", "29T01:15", "30T01:15"]


def test_the_table_shows_the_local_time_as_well(longhaul: Longhaul) -> None:
    shown = longhaul("next", *FROM, "--hours", "24")
    assert "2026-03-28 02:15" in shown.stdout
    assert "2026-03-28 03:15 Europe/Paris" in shown.stdout
    assert "2026-03-28 02:15 GMT" in shown.stdout


def test_hours_limit_what_is_shown(longhaul: Longhaul) -> None:
    assert json.loads(longhaul("next", *FROM, "--hours", "14", "--output", "json").stdout) == []
    assert len(json.loads(longhaul("next", *FROM, "--hours", "14.25", "--output", "json").stdout)) == 1


def test_an_expression_is_tried_and_said_in_words(longhaul: Longhaul) -> None:
    shown = longhaul("next", "--schedule", "cron(0 9 ? * MON#1 *)", "--timezone", "Europe/Paris", *FROM, "--count", "2")
    assert shown.returncode == 0
    assert "first Monday" in shown.stdout
    # The first Monday of April 2026 is the 6th, of May the 4th.
    assert "2026-04-06 09:00 Europe/Paris" in shown.stdout
    assert "2026-05-04 09:00 Europe/Paris" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--schedule", "rate(1 hours)"],
        ["--schedule", "cron(0 3 * * * *)"],
        ["--schedule", "rate(1 hour)", "--timezone", "Europe/Pariss"],
        ["--schedule", "rate(1 hour)", "--job", "hello"],
        ["--timezone", "Europe/Paris"],
        ["--job", "helo"],
        ["--from", "yesterday"],
        ["--stack", "prod"],
        ["--hours", "-1"],
        ["--hours", "nan"],
        ["--hours", "1e30"],
        ["--from", "0001-01-01"],
        ["--from", "9999-12-31T23:59:59Z"],
    ],
)
def test_what_aws_or_the_command_does_not_know_is_exit_code_2(longhaul: Longhaul, arguments: list[str]) -> None:
    refused = longhaul("next", *arguments)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_narrow_terminal_cuts_no_time(longhaul: Longhaul) -> None:
    shown = longhaul("next", *FROM, "--hours", "24", TTY_COMPATIBLE="1", COLUMNS="40")
    assert "2026-03-28 03:15 Europe/Paris" in shown.stdout
    assert "cron(15 3 * * ? *)" in shown.stdout
