"""Schedules played at full speed, and followed by the clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.waiting import PATIENCE_SECONDS

WAITS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Pause",
    "States": {"Pause": {"Type": "Wait", "Seconds": 5400, "Next": "Done"}, "Done": {"Type": "Succeed"}},
}
FAILS = {
    "QueryLanguage": "JSONata",
    "StartAt": "No",
    "States": {"No": {"Type": "Fail", "Error": "Job.ExitedNonZero", "Cause": "It exited with 3."}},
}


def now(stack):
    return datetime.fromtimestamp(stack.aws.clock.now(), UTC)


def test_a_day_is_played_in_order_and_every_run_is_waited_for(stack):
    from sandbox.play import play

    stack.rule("cron(0 */6 * * ? *)", name="-a")
    stack.schedule("cron(0 */8 * * ? *)", name="-b")
    stack.rule("cron(0 */12 * * ? *)", name="-c", Arn=stack.machine(WAITS))
    stack.rule("rate(1 day)", name="-d", Arn=stack.machine(FAILS))
    changes, start = [], now(stack)
    runs = play(stack.aws, start, start + timedelta(hours=24), changes.append)
    assert [run.scheduled_time for run in runs] == sorted(run.scheduled_time for run in runs)
    counts = {name: len([run for run in runs if run.trigger.endswith(name)]) for name in ("-a", "-b", "-c", "-d")}
    assert counts == {"-a": 4, "-b": 3, "-c": 2, "-d": 1}
    assert {run.status for run in runs if not run.trigger.endswith("-d")} == {"SUCCEEDED"}
    (failed,) = [run for run in runs if run.trigger.endswith("-d")]
    assert (failed.status, failed.error, failed.cause) == ("FAILED", "Job.ExitedNonZero", "It exited with 3.")
    told = [change.status for change in changes]
    assert told.count("RUNNING") == len(runs)
    assert len(told) == 2 * len(runs)


def test_the_clock_stands_at_the_scheduled_time_when_a_run_starts(stack):
    from sandbox.play import play

    stack.rule("cron(0 */6 * * ? *)")
    start = now(stack)
    runs = play(stack.aws, start, start + timedelta(hours=24))
    sfn = stack.aws.client("stepfunctions")
    began = [sfn.describe_execution(executionArn=run.execution_arn)["startDate"] for run in runs]
    lateness = [at - run.scheduled_time for at, run in zip(began, runs, strict=True)]
    assert all(timedelta(0) <= late < timedelta(seconds=60) for late in lateness)


def test_runs_that_wait_beyond_the_end_are_played_to_their_end(stack):
    from sandbox.play import play

    start = now(stack)
    stack.schedule("rate(1 hour)", StartDate=start + timedelta(minutes=30), target={"Arn": stack.machine(WAITS)})
    (run,) = play(stack.aws, start, start + timedelta(minutes=40))
    assert run.status == "SUCCEEDED"
    assert stack.aws.clock.now() >= run.scheduled_time.timestamp() + 5400


def test_what_could_not_be_started_is_among_the_runs(stack):
    from sandbox.play import play

    stack.rule("cron(0 */12 * * ? *)", Arn=f"{stack.machine_arn}-missing")
    start = now(stack)
    runs = play(stack.aws, start, start + timedelta(hours=24))
    assert [(run.status, run.error) for run in runs] == [("NOT_STARTED", "NO_RESOURCE")] * 2
    assert all("-missing" in run.cause for run in runs)


def test_nothing_to_fire_ends_at_once(stack):
    from sandbox.play import play

    stack.rule("cron(0 3 1 1 ? 2199)")
    start = now(stack)
    assert play(stack.aws, start, start + timedelta(hours=1)) == []


def test_an_interruption_ends_the_play(stack):
    from sandbox.play import play

    stack.rule("cron(0 * * * ? *)")

    def interrupt(run):
        if run.status == "SUCCEEDED":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(stack.aws, now(stack), now(stack) + timedelta(hours=24), interrupt)
    assert len(stack.inputs()) == 1
    assert stack.aws.clock.wait_idle(5)


def test_following_the_clock_fires_at_its_speed(stack):
    from sandbox.play import follow

    clock, stop, deliveries = stack.aws.clock, threading.Event(), []
    stack.rule("rate(1 minute)")

    def take(delivery):
        deliveries.append(delivery)
        if len(deliveries) == 3:
            stop.set()

    clock.speed = 3000
    try:
        follower = threading.Thread(target=follow, args=(stack.aws, stop, take))
        follower.start()
        follower.join(PATIENCE_SECONDS)
    finally:
        stop.set()
        clock.speed = 1
    assert not follower.is_alive()
    times = [delivery.scheduled_time for delivery in deliveries]
    assert times == [times[0] + timedelta(minutes=minute) for minute in range(3)]
