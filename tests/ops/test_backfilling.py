"""Past times of a schedule that are made up for, in a deployed stack with real runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.backfilling import TooManyTimesError, backfill, plan
from ops.errors import NotFoundError
from tests.ops.operated import Operated


def at(day: int, hour: int = 3, minute: int = 15, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_times_are_those_of_the_schedule_that_no_run_has_done(operated: Operated) -> None:
    job = operated.job("obeys")

    def ran(day: int, **more: Any) -> None:
        operated.run("obeys", {"scheduledTime": f"2026-09-{day:02}T03:15:00Z", **more})

    ran(2, trigger="schedule")
    ran(3, trigger="schedule", input={"exit": 64})
    ran(4, trigger="backfill", input={"exit": 64})
    planned = plan(operated.aws, job, at(1, month=9), at(5, month=9))
    assert [due.time for due in planned.due] == [at(day, month=9) for day in (1, 3, 4, 5)]
    assert planned.done == 1
    # A name is taken for 90 days: the second try of a time has another.
    assert [due.name for due in planned.due] == [
        "backfill-20260901T031500Z-1",
        "backfill-20260903T031500Z-1",
        "backfill-20260904T031500Z-2",
        "backfill-20260905T031500Z-1",
    ]
    assert plan(operated.aws, job, at(1, 3, 16, month=9), at(2, 3, 14, month=9)).due == ()


def test_a_zone_s_clock_changes_count(operated: Operated) -> None:
    # Paris leaves summer time on Sunday, 25 October 2026: 06:00 is 04:00 UTC on Friday and 05:00 on Monday.
    planned = plan(operated.aws, operated.job("obeys-alone"), at(23, 0, month=10), at(26, 23, month=10))
    assert [due.time for due in planned.due] == [at(23, 4, 0, month=10), at(26, 5, 0, month=10)]


def test_each_time_gets_its_run_oldest_first_and_none_twice(operated: Operated) -> None:
    job = operated.job("obeys")
    due = plan(operated.aws, job, at(1, month=8), at(3, month=8)).due
    runs = list(backfill(operated.aws, job, due, concurrency=1, max_failures=1))
    times = [f"2026-08-0{day}T03:15:00Z" for day in (1, 2, 3)]
    assert [(run.trigger, run.scheduled_time, run.status) for run in runs] == [
        ("backfill", time, "SUCCEEDED") for time in times
    ]
    again = plan(operated.aws, job, at(1, month=8), at(4, month=8))
    assert ([one.time for one in again.due], again.done) == ([at(4, month=8)], 3)
    # Who planned at the same time asks for the same executions.
    twice = list(backfill(operated.aws, job, due, concurrency=3, max_failures=1))
    assert {run.execution_arn for run in twice} == {run.execution_arn for run in runs}


def test_after_failures_no_more_is_started(operated: Operated) -> None:
    # Its image is not there: each run fails.
    job = operated.job("absent")
    trigger = operated.job("obeys").trigger
    due = plan(operated.aws, replace(job, trigger=trigger), at(1, month=7), at(9, month=7)).due
    assert len(due) == 9
    runs = list(backfill(operated.aws, job, due, concurrency=2, max_failures=3))
    # Of two at once the other one was under way.
    assert len(runs) in (3, 4)
    assert {run.status for run in runs} == {"FAILED"}


def test_times_that_cannot_be_told(operated: Operated) -> None:
    with pytest.raises(NotFoundError, match="counts from when AWS made its trigger"):
        plan(operated.aws, operated.job("idle"), at(1), at(2))
    with pytest.raises(NotFoundError, match="has no schedule, and so no past times"):
        plan(operated.aws, operated.job("absent"), at(1), at(2))
    with pytest.raises(TooManyTimesError, match="more than 1,000 times"):
        plan(operated.aws, operated.job("obeys"), datetime(2020, 1, 1, tzinfo=UTC), at(1))
