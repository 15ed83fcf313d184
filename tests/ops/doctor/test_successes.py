"""Jobs that do not do their work as often as their schedule says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops.doctor import successes
from ops.doctor.finding import Finding
from ops.doctor.recent_runs import written_runs
from ops.ledger import find_ledger
from tests.ops.doctor.sick import Sick

DAY = timedelta(days=1)


def found(sick: Sick, job: str, now: datetime, *, intervals: int = 3, by_ledger: bool = True) -> list[Finding]:
    ledger = find_ledger(sick.aws, sick.found()) if by_ledger else None
    assert ledger or not by_ledger
    with sick.patient(now=now, ledger=ledger) as patient:
        return [each for each in successes.check(patient, written_runs(patient), intervals) if each.job == job]


def third_time(since: datetime) -> datetime:
    """The third 03:15 UTC after a time."""
    first = since.replace(hour=3, minute=15, second=0, microsecond=0)
    return (first if first > since else first + DAY) + 2 * DAY


@pytest.mark.parametrize("by_ledger", [True, False])
def test_a_job_that_has_not_succeeded_for_three_times_of_its_schedule(sick: Sick, by_ledger: bool) -> None:
    sick.run("daily")
    sick.run("daily", {"input": {"exit": 64}})
    due = third_time(sick.now)
    # A start may be late by a quarter of an hour.
    assert found(sick, "daily", due + timedelta(minutes=14), by_ledger=by_ledger) == []
    (finding,) = found(sick, "daily", due + timedelta(minutes=16), by_ledger=by_ledger)
    assert (finding.check, finding.arn) == ("no-success", sick.job("daily").state_machine_arn)
    assert "3 times of cron(15 3 * * ? *) went by" in finding.problem
    assert "show daily@failed" in finding.advice
    assert found(sick, "daily", due + timedelta(minutes=16), intervals=4, by_ledger=by_ledger) == []


def test_the_intervals_of_a_rate_count_from_the_success(sick: Sick) -> None:
    sick.run("line")
    assert found(sick, "line", sick.now + timedelta(hours=3)) == []
    (finding,) = found(sick, "line", sick.now + timedelta(hours=3, minutes=20))
    assert finding.check == "no-success"


@pytest.mark.parametrize("by_ledger", [True, False])
def test_a_job_that_never_succeeded(sick: Sick, by_ledger: bool) -> None:
    sick.run("fails")
    assert found(sick, "fails", sick.deployed, by_ledger=by_ledger) == []
    (finding,) = found(sick, "fails", sick.deployed + DAY + timedelta(hours=1), by_ledger=by_ledger)
    assert finding.check == "never-succeeded"
    assert "show fails@failed" in finding.advice


def test_a_job_that_nothing_has_run(sick: Sick) -> None:
    # Its time is too far away for a test to have moved the clock there.
    assert found(sick, "once", sick.deployed) == []
    (finding,) = found(sick, "once", datetime(2090, 1, 3, tzinfo=UTC))
    assert finding.check == "never-succeeded"
    assert finding.advice.startswith("Nothing has run it")
    # Nobody expects it to run.
    assert found(sick, "off", sick.deployed + 9 * DAY) == []


def test_a_first_run_that_goes_on_is_no_failure(sick: Sick) -> None:
    execution_arn = sick.start("spot", {"input": {"seconds": 600}})
    sick.until_submitted(execution_arn)
    findings = found(sick, "spot", sick.deployed + 2 * DAY)
    sick.stop(execution_arn)
    assert findings == []
