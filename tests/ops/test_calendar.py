"""What will run when and what of it meets: of triggers and lengths that are given, and of a stack's real runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from ops.calendar import Calendar, TooManyRunsError, at_work, busiest, calendar, read_calendar
from ops.coming import Entry
from ops.execution import Execution
from ops.expected import Expected, read_expected
from ops.ledger import Ledger, find_ledger
from ops.stack import DeployedJob, Trigger
from tests.ops.operated import Operated
from tests.waiting import until_left

START = datetime(2026, 11, 30, tzinfo=UTC)
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-night-"


def trigger(expression: str, **more: Any) -> Trigger:
    """A schedule of EventBridge Scheduler, unless something else is said of it."""
    name, arn = "acme-night-job", "arn:aws:scheduler:eu-west-1:123456789012:schedule/acme-night/acme-night-job"
    given: dict[str, Any] = {"kind": "schedule", "timezone": "UTC", "enabled": True, **more}
    return Trigger(name=name, group="acme-night", arn=arn, expression=expression, description="", **given)


def job(name: str, expression: str | None = None, **more: Any) -> DeployedJob:
    made = None if expression is None else trigger(expression, **more)
    return DeployedJob(name=name, resource_name=f"acme-night-{name}", state_machine_arn=MACHINE + name, trigger=made)


def takes(minutes: float, **more: Any) -> Expected:
    return Expected(length=timedelta(minutes=minutes), **more)


def goes_on(name: str, started: datetime) -> Execution:
    arn = MACHINE.replace("stateMachine", "execution") + f"{name}:one"
    return Execution(arn=arn, status="RUNNING", started=started, stopped=None)


def planned(
    *jobs: DeployedJob, hours: float = 24, start: datetime = START, known: dict[str, Expected] | None = None
) -> Calendar:
    return calendar(jobs, known or {}, start, start + timedelta(hours=hours), now=start)


def told(found: Calendar) -> list[tuple[str, str]]:
    return [(entry.job, f"{entry.time:%d %H:%M}") for entry in found.entries]


def test_all_jobs_by_time_from_the_start_on_and_before_the_end() -> None:
    found = planned(job("late", "cron(0 23 * * ? *)"), job("midnight", "cron(0 0 * * ? *)"), job("by-hand"))
    assert told(found) == [("midnight", "30 00:00"), ("late", "30 23:00")]


def test_a_schedule_s_own_clock_goes_forward_and_back() -> None:
    # Paris: to UTC+2 on 29 March 2026 at 02:00, to UTC+1 on 25 October at 03:00. Scheduler leaves out a time that does
    # not exist then, and fires once for one that comes twice:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
    half_past_two = job("rollup", "cron(30 2 * * ? *)", timezone="Europe/Paris")
    spring = planned(half_past_two, hours=72, start=datetime(2026, 3, 28, tzinfo=UTC))
    assert told(spring) == [("rollup", "28 01:30"), ("rollup", "30 00:30")]
    autumn = planned(half_past_two, hours=72, start=datetime(2026, 10, 24, tzinfo=UTC))
    assert told(autumn) == [("rollup", "24 00:30"), ("rollup", "25 00:30"), ("rollup", "26 01:30")]
    assert {entry.timezone for entry in autumn.entries} == {"Europe/Paris"}


def test_what_meets_at_a_clock_change_is_by_the_instant() -> None:
    # 07:00 in Dublin, which is UTC+1 in summer, and 06:00 UTC.
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    jobs = job("dublin", "cron(0 7 * * ? *)", timezone="Europe/Dublin"), job("utc", "cron(0 6 * * ? *)")
    assert [entry.starts_with for entry in planned(*jobs, start=summer).entries] == [("utc",), ("dublin",)]
    assert [entry.starts_with for entry in planned(*jobs).entries] == [(), ()]


def test_a_rate_counts_from_when_it_fired_last() -> None:
    fired = datetime(2026, 11, 29, 22, 7, 31, tzinfo=UTC)
    found = planned(job("often", "rate(6 hours)"), known={"often": Expected(fired=fired)})
    assert told(found) == [("often", "30 04:07"), ("often", "30 10:07"), ("often", "30 16:07"), ("often", "30 22:07")]


def test_what_does_not_run_and_what_nobody_can_tell() -> None:
    jobs = job("off", "cron(0 3 * * ? *)", enabled=False), job("new", "rate(1 hour)"), job("odd", "cron(0 3 * * * *)")
    found = planned(*jobs, job("past", "at(2026-01-01T00:00:00)"))
    assert (found.entries, [each.name for each in found.off]) == ((), ["off"])
    assert [each.name for each in found.untold] == ["new", "odd"]


def one(found: Calendar, name: str, nth: int = 0) -> Entry:
    return [entry for entry in found.entries if entry.job == name][nth]


def test_how_long_a_run_takes_and_what_it_meets() -> None:
    found = planned(
        job("long", "cron(0 3 * * ? *)"),
        job("with", "at(2026-11-30T03:00:30)", window_minutes=15),
        job("during", "cron(29 3 * * ? *)"),
        job("after", "cron(30 3 * * ? *)"),
        job("unknown", "cron(10 3 * * ? *)"),
        known={"long": takes(30), "during": takes(1)},
    )
    at_three = START + timedelta(hours=3)
    long = one(found, "long")
    assert (long.time, long.expected, long.expected_end) == (at_three, timedelta(minutes=30), long.at_work[1])
    assert long.at_work == (at_three, at_three + timedelta(minutes=30))
    assert (long.starts_with, long.meets, long.overlaps_itself) == (("with",), (), False)
    # It starts in the same minute, which is not to meet what began before.
    assert (one(found, "with").starts_with, one(found, "with").meets) == (("long",), ())
    assert (one(found, "with").window_minutes, one(found, "with").expected) == (15, None)
    assert one(found, "during").meets == ("long",)
    # What ends as it begins it does not meet, and nobody knows how long the unknown one takes.
    assert (one(found, "after").meets, one(found, "unknown").expected_end) == ((), None)
    assert one(found, "unknown").overlaps_itself is None


def test_a_run_that_is_longer_than_its_interval() -> None:
    twice_a_day = job("twice", "cron(0 0,12 * * ? *)")
    exact = planned(twice_a_day, hours=12, known={"twice": takes(12 * 60)})
    assert [entry.overlaps_itself for entry in exact.entries] == [False]
    # The next time of the last one is after the end of the calendar.
    longer = planned(twice_a_day, hours=24, known={"twice": takes(12 * 60 + 1)})
    assert [entry.overlaps_itself for entry in longer.entries] == [True, True]
    assert [entry.meets for entry in longer.entries] == [(), ()]
    assert not planned(job("once", "at(2026-11-30T03:00:00)"), known={"once": takes(9_999)}).entries[0].overlaps_itself


def test_runs_that_go_on() -> None:
    soon, late = START - timedelta(minutes=10), START - timedelta(hours=3)
    jobs = (
        job("soon", "cron(50 23 * * ? *)"),
        job("overdue", "cron(0 21 * * ? *)"),
        job("by-hand"),
        job("at-one", "cron(0 1 * * ? *)"),
    )
    known = {
        "soon": takes(90, running=(goes_on("soon", soon),)),
        "overdue": takes(60, running=(goes_on("overdue", late),)),
        "by-hand": Expected(running=(goes_on("by-hand", soon),)),
    }
    found = planned(*jobs, known=known)
    entry = one(found, "soon")
    assert (entry.running, entry.time, entry.expected_end) == (
        goes_on("soon", soon).arn,
        soon,
        START + timedelta(minutes=80),
    )
    assert (entry.at_work[0], entry.overlaps_itself, entry.starts_with) == (START, False, ("by-hand",))
    overdue = one(found, "overdue")
    assert (overdue.expected, overdue.expected_end, overdue.overlaps_itself) == (timedelta(hours=1), None, None)
    assert one(found, "by-hand").timezone == "UTC"
    # Of those that may end at any time nobody expects that they are met.
    assert one(found, "at-one").meets == ("soon",)
    assert busiest(found.entries) == (START, ("by-hand", "overdue", "soon"))

    # Of a later span they are a part as far as they are expected to reach it.
    later = calendar(jobs, known, START + timedelta(hours=1), START + timedelta(hours=2), now=START)
    assert [(entry.job, entry.running is None) for entry in later.entries] == [("soon", False), ("at-one", True)]
    assert calendar(jobs, known, START + timedelta(hours=2), START + timedelta(hours=3), now=START).entries == ()


def test_the_most_runs_at_once() -> None:
    assert busiest(()) is None
    found = planned(
        job("a", "cron(0 3,9 * * ? *)"),
        job("b", "cron(30 3,9 * * ? *)"),
        job("c", "cron(45 9 * * ? *)"),
        job("unknown", "cron(46 9 * * ? *)"),
        hours=12,
        known={"a": takes(46), "b": takes(20), "c": takes(5)},
    )
    three, nine = START + timedelta(hours=3), START + timedelta(hours=9)
    assert list(at_work(found.entries)) == [
        (three, ("a",)),
        (three + timedelta(minutes=30), ("a", "b")),
        (nine, ("a",)),
        (nine + timedelta(minutes=30), ("a", "b")),
        (nine + timedelta(minutes=45), ("a", "b", "c")),
        # When a ends; of unknown length is a minute.
        (nine + timedelta(minutes=46), ("b", "c", "unknown")),
    ]
    assert busiest(found.entries) == (nine + timedelta(minutes=45), ("a", "b", "c"))


def test_a_job_that_overlaps_itself_is_at_work_twice() -> None:
    found = planned(job("often", "cron(0/5 * * * ? *)"), known={"often": takes(12)})
    assert busiest(found.entries) == (START + timedelta(minutes=10), ("often", "often", "often"))


def test_many_runs_have_an_end() -> None:
    fired = Expected(fired=START)
    month = planned(job("minutely", "rate(1 minute)"), hours=35 * 24, known={"minutely": fired})
    assert len(month.entries) == 35 * 24 * 60
    jobs = [job(f"minutely-{number}", "rate(1 minute)") for number in range(20)]
    with pytest.raises(TooManyRunsError, match="more than 100,000 runs"):
        planned(*jobs, hours=35 * 24, known={each.name: fired for each in jobs})


def test_what_is_expected_is_the_median_of_the_last_ten_that_succeeded(operated: Operated) -> None:
    # Before the ten, and longer than each of them.
    operated.run("obeys", {"input": {"seconds": 1.5}})
    last = [operated.start("obeys", {"input": {"seconds": tenths / 10}}) for tenths in range(10)]
    for run in last:
        operated.to_end(run)
    operated.run("obeys", {"input": {"exit": 64}})
    for run in last:
        until_left(run.rpartition(":")[2])
    told = [operated.states.describe_execution(executionArn=run) for run in last]
    expected = median((run["stopDate"] - run["startDate"]).total_seconds() for run in told)
    wanted = operated.job("obeys")
    for ledger in (None, find_ledger(operated.aws, operated.found())):
        (found,) = read_expected(operated.aws, [wanted], now=operated.now, ledger=ledger).values()
        assert found.length is not None
        # The ledger's times are in whole milliseconds.
        assert abs(found.length.total_seconds() - expected) < 0.002
        assert found.fired is None


def test_a_skipped_run_says_nothing_of_how_long_one_takes_and_one_that_goes_on_is_met(operated: Operated) -> None:
    hourly = replace(operated.job("obeys-alone"), trigger=trigger("rate(1 hour)"))
    # The lock is free after it, which a run for a time that was started before does not see to.
    operated.run("obeys-alone")

    def book() -> Ledger | None:
        return find_ledger(operated.aws, operated.found())

    def expected(ledger: Ledger | None) -> Expected:
        return read_expected(operated.aws, [hourly], now=operated.now, ledger=ledger)["obeys-alone"]

    # The ledger is asked for the last months only.
    lengths = [expected(ledger).length for ledger in (None, book())]
    in_the_way = operated.start("obeys-alone", {"input": {"seconds": 300}})
    operated.until_submitted(in_the_way)
    operated.run("obeys-alone", {"trigger": "schedule", "scheduledTime": "2026-11-25T05:00:00Z"})
    operated.run("obeys-alone", {"trigger": "backfill", "scheduledTime": "2026-11-26T05:00:00Z"})
    now = operated.now
    for ledger, length in zip((None, book()), lengths, strict=True):
        found = expected(ledger)
        assert length is not None
        assert found.length == length
        assert [run.arn for run in found.running] == [in_the_way]
        # A skipped run was fired as well as any, and a backfill was not.
        assert found.fired == datetime(2026, 11, 25, 5, tzinfo=UTC)
    planned_runs = read_calendar(
        operated.aws, operated.found().jobs, now, now + timedelta(days=3), now=now, ledger=book()
    )
    operated.stop(in_the_way)
    assert in_the_way in {entry.running for entry in planned_runs.entries}
    assert [each.name for each in planned_runs.off] == ["idle"]
    coming = {entry.job for entry in planned_runs.entries if entry.running is None}
    assert coming == {"obeys", "obeys-alone"}
