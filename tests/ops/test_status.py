"""How jobs are doing, told of real runs in the local AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ops.execution import Execution
from ops.stack import DeployedJob, Trigger
from ops.status import JobStatus, judge, read_status
from tests.ops.operated import Operated


def status(operated: Operated, job: str, *, now: datetime | None = None, runs: int = 20) -> JobStatus:
    (found,) = read_status(operated.aws, [operated.job(job)], now=now or operated.now, runs=runs)
    return found


def test_a_job_that_failed_and_then_succeeded(operated: Operated) -> None:
    failed = operated.run("obeys", {"input": {"exit": 64}})
    found = status(operated, "obeys", runs=1)
    assert found.last is not None
    assert (found.last.arn, found.last.status, found.attention) == (failed, "FAILED", ("failed",))
    assert (found.succeeded, found.ended, found.success_rate) == (0, 1, 0.0)
    assert found.last.duration is not None
    assert found.last.duration > timedelta(0)

    operated.run("obeys")
    found = status(operated, "obeys", runs=2)
    assert (found.attention, found.succeeded, found.ended, found.success_rate) == ((), 1, 2, 0.5)


def test_a_run_that_goes_on_is_no_verdict(operated: Operated) -> None:
    operated.run("obeys", {"input": {"exit": 64}})
    goes_on = operated.start("obeys", {"input": {"seconds": 300}})
    found = status(operated, "obeys", runs=1)
    operated.stop(goes_on)
    assert [run.arn for run in found.running] == [goes_on]
    assert found.last is not None
    assert (found.last.arn, found.last.status, found.last.duration) == (goes_on, "RUNNING", None)
    # The run before is what is known.
    assert (found.attention, found.ended) == (("failed",), 1)
    assert status(operated, "obeys").running == ()


def test_a_skipped_run_is_neither_success_nor_failure(operated: Operated) -> None:
    operated.run("obeys-alone")
    in_the_way = operated.start("obeys-alone", {"input": {"seconds": 300}})
    operated.until_submitted(in_the_way)
    skipped = operated.run("obeys-alone")
    found = status(operated, "obeys-alone", runs=1)
    operated.stop(in_the_way)
    assert found.last is not None
    assert (found.last.arn, found.last.status) == (skipped, "SKIPPED")
    assert (found.attention, found.ended, found.success_rate) == (("skipped",), 0, None)


def test_the_next_run_is_by_the_schedule_s_own_clock(operated: Operated) -> None:
    # 06:00 in Paris is 05:00 UTC on the Friday, and 04:00 UTC after the clocks went forward on 29 March 2026.
    before = datetime(2026, 3, 27, 4, 59, 30, tzinfo=UTC)
    assert status(operated, "obeys-alone", now=before).next_run == datetime(2026, 3, 27, 5, tzinfo=UTC)
    after = datetime(2026, 3, 27, 5, 0, 30, tzinfo=UTC)
    assert status(operated, "obeys-alone", now=after).next_run == datetime(2026, 3, 30, 4, tzinfo=UTC)


def test_a_time_at_which_nothing_started_is_missed(operated: Operated) -> None:
    operated.run("obeys")
    (job,) = [job for job in operated.found().jobs if job.name == "obeys"]
    (found,) = read_status(operated.aws, [job], now=operated.now, runs=20)
    assert found.next_run is not None
    due = found.next_run
    in_time = status(operated, "obeys", now=due + timedelta(minutes=15))
    assert (in_time.missed, in_time.attention) == (None, ())
    late = status(operated, "obeys", now=due + timedelta(minutes=16))
    assert (late.missed, late.attention) == (due, ("missed",))


def test_what_events_start_is_nothing_that_the_schedule_started(operated: Operated) -> None:
    operated.run("obeys", {"trigger": "schedule"})
    job = replace(operated.job("obeys"), has_starting_rules=True)
    (found,) = read_status(operated.aws, [job], now=operated.now, runs=20)
    due = found.next_run
    assert due is not None
    clock = operated.local_aws.clock
    while not clock.advance_to(due.timestamp() + 60):
        clock.wait_idle()
    operated.run("obeys", {"trigger": "object", "input": {"bucket": "sales", "object": {"key": "1.csv"}}})
    of_event = operated.run("obeys", {"trigger": "step", "startedBy": "arn:aws:states:::execution:a:b"})
    (found,) = read_status(operated.aws, [job], now=due + timedelta(minutes=16), runs=20)
    assert found.last is not None
    assert (found.last.arn, found.missed, found.attention) == (of_event, due, ("missed",))

    operated.run("obeys", {"trigger": "schedule"})
    (found,) = read_status(operated.aws, [job], now=due + timedelta(minutes=16), runs=20)
    assert (found.missed, found.attention) == (None, ())


def test_a_schedule_is_late_too_where_only_events_are_known() -> None:
    trigger = Trigger(
        kind="rule",
        name="a",
        group=None,
        arn="a",
        expression="rate(1 hour)",
        timezone="UTC",
        enabled=True,
        description="",
    )
    job = DeployedJob(name="a", resource_name="a", state_machine_arn="a", trigger=trigger, has_starting_rules=True)
    start = datetime(2026, 3, 27, 4, tzinfo=UTC)
    runs = [
        Execution(arn="a", status="SUCCEEDED", started=start + timedelta(minutes=50 * n), stopped=start, trigger="job")
        for n in (2, 1, 0)
    ]
    found = judge(job, runs, now=start + timedelta(hours=2), runs=20)
    assert (found.missed, found.next_run) == (start + timedelta(hours=1), start + timedelta(hours=3))


def test_a_run_that_outlasts_its_interval(operated: Operated) -> None:
    goes_on = operated.start("obeys", {"input": {"seconds": 300}})
    found = status(operated, "obeys", now=operated.now + timedelta(hours=24, minutes=1))
    operated.stop(goes_on)
    assert "overrun" in found.attention


def test_jobs_that_nothing_is_known_of(operated: Operated) -> None:
    found = status(operated, "idle")
    assert (found.last, found.running, found.next_run) == (None, (), None)
    assert found.attention == ("off", "never-ran")


def test_what_needs_attention_comes_first(operated: Operated) -> None:
    operated.run("absent")
    operated.run("obeys")
    operated.run("obeys-alone")
    operated.run("obeys-in-line", {"input": {"exit": 1}})
    operated.run("many", {"input": {"items": [{}], "last": {}}})
    operated.run("cut-off")
    operated.run("lodger")
    operated.run_task("tick", {})
    operated.run_task("tock", {})
    found = read_status(operated.aws, operated.found().jobs, now=operated.now, runs=20)
    assert [(each.job.name, each.attention[:1]) for each in found] == [
        ("absent", ("failed",)),
        ("obeys-in-line", ("failed",)),
        ("idle", ("off",)),
        ("cut-off", ()),
        ("lodger", ()),
        ("many", ()),
        ("obeys", ()),
        ("obeys-alone", ()),
        ("tick", ()),
        ("tock", ()),
    ]
