"""What fires when: rules in UTC, schedules in their zone over clock changes, dates, windows, one-time schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.waiting import PATIENCE_SECONDS


def times_of(deliveries):
    return [delivery.scheduled_time.strftime("%Y-%m-%dT%H:%M:%SZ") for delivery in deliveries]


def test_a_rule_fires_at_each_of_its_minutes_once(stack, fire):
    stack.rule("cron(0/30 3 * * ? *)")
    fired = fire("2030-05-01T03:00:00Z", "2030-05-02T03:00:00Z")
    assert times_of(fired) == ["2030-05-01T03:30:00Z", "2030-05-02T03:00:00Z"]
    assert [delivery.status for delivery in fired] == ["STARTED", "STARTED"]
    assert sorted(event["time"] for event in stack.inputs()) == ["2030-05-01T03:30:00Z", "2030-05-02T03:00:00Z"]


def test_what_is_due_at_one_time_fires_in_the_order_of_names(stack, fire):
    for name in ("-b", "-c", "-a"):
        stack.rule("cron(0 3 * * ? *)", name=name)
    stack.schedule("cron(0 3 * * ? *)", name="-0")
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T04:00:00Z")
    assert [delivery.trigger.removeprefix(stack.name) for delivery in fired] == ["-a", "-b", "-c", "-0"]


def test_what_is_disabled_does_not_fire(stack, fire):
    stack.rule("rate(1 minute)", state="DISABLED")
    stack.schedule("rate(1 minute)", State="DISABLED")
    assert fire("2030-05-01T00:00:00Z", "2030-05-01T00:10:00Z") == []
    stack.aws.client("events").enable_rule(Name=stack.name)
    assert len(fire("2030-05-01T00:00:00Z", "2030-05-01T00:10:00Z")) == 10


def test_nothing_fires_twice_when_asked_again(stack):
    from sandbox.triggers import Triggers

    stack.rule("cron(0 * * * ? *)")
    stack.schedule("cron(0 * * * ? *)")
    start, end = datetime(2030, 5, 1, tzinfo=UTC), datetime(2030, 5, 1, 5, tzinfo=UTC)
    triggers = Triggers(stack.aws, start, end)
    fired = [
        *triggers.fire(start + timedelta(hours=2)),
        *triggers.fire(start + timedelta(hours=2)),
        *triggers.fire(end),
    ]
    assert len(fired) == 10
    assert len({(each.trigger_arn, each.scheduled_time) for each in fired}) == 10
    assert triggers.next_time() is None


@pytest.mark.parametrize(
    ("timezone", "day", "expected"),
    [
        # The days on which clocks change in 2030, and the days after them.
        ("Europe/Paris", "2030-03-31", ["2030-04-01T00:30:00Z"]),
        ("Europe/Paris", "2030-10-27", ["2030-10-27T00:30:00Z", "2030-10-28T01:30:00Z"]),
        ("America/New_York", "2030-03-10", ["2030-03-11T06:30:00Z"]),
        ("America/New_York", "2030-11-03", ["2030-11-03T07:30:00Z", "2030-11-04T07:30:00Z"]),
    ],
)
def test_a_schedule_in_its_zone_when_clocks_change(stack, fire, timezone, day, expected):
    stack.schedule(
        "cron(30 2 * * ? *)",
        ScheduleExpressionTimezone=timezone,
        target={"Input": '{"at":"<aws.scheduler.scheduled-time>"}'},
    )
    start = datetime.fromisoformat(f"{day}T00:00:00Z")
    fired = fire(start.isoformat(), (start + timedelta(hours=44)).isoformat())
    assert times_of(fired) == expected
    assert stack.inputs() == [{"at": time} for time in expected]


def test_the_repeated_hour_of_new_york_fires_once(stack, fire):
    stack.schedule("cron(0/30 1 * * ? *)", ScheduleExpressionTimezone="America/New_York")
    fired = fire("2030-11-03T04:00:00Z", "2030-11-03T12:00:00Z")
    assert times_of(fired) == ["2030-11-03T05:00:00Z", "2030-11-03T05:30:00Z"]


def test_a_one_time_schedule_fires_in_its_zone_and_goes_if_it_should(stack, fire):
    zone = {"ScheduleExpressionTimezone": "Asia/Tokyo"}
    stack.schedule("at(2030-05-01T09:00:30)", name="-kept", **zone)
    stack.schedule("at(2030-05-01T09:00:30)", name="-gone", ActionAfterCompletion="DELETE", **zone)
    assert times_of(fire("2030-05-01T00:00:00Z", "2030-05-01T01:00:00Z")) == ["2030-05-01T00:00:30Z"] * 2
    left = stack.aws.client("scheduler").list_schedules(GroupName=stack.name)["Schedules"]
    assert [schedule["Name"] for schedule in left] == [f"{stack.name}-kept"]
    assert fire("2030-05-01T00:00:30Z", "2030-05-02T00:00:00Z") == []


def test_a_recurring_schedule_keeps_to_its_dates_and_goes_after_the_last(stack, fire):
    stack.schedule(
        "cron(0 * * * ? *)",
        StartDate=datetime(2030, 5, 1, 2, tzinfo=UTC),
        EndDate=datetime(2030, 5, 1, 4, 30, tzinfo=UTC),
        ActionAfterCompletion="DELETE",
    )
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T12:00:00Z")
    assert times_of(fired) == ["2030-05-01T02:00:00Z", "2030-05-01T03:00:00Z", "2030-05-01T04:00:00Z"]
    assert stack.aws.client("scheduler").list_schedules(GroupName=stack.name)["Schedules"] == []


def test_a_rate_with_a_start_date_counts_from_it(stack, fire):
    stack.schedule("rate(2 hours)", StartDate=datetime(2030, 5, 1, 1, 20, tzinfo=UTC))
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T04:00:00Z")
    assert times_of(fired) == ["2030-05-01T01:20:00Z", "2030-05-01T03:20:00Z"]


def test_a_rate_without_a_start_date_fires_at_once_for_a_schedule_and_after_one_interval_for_a_rule(stack, fire):
    # Both in one minute.
    clock = stack.aws.clock
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to((clock.now() // 60 + 1) * 60)
    stack.rule("rate(5 hours)")
    stack.schedule("rate(5 hours)")
    now = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    fired = fire((now - timedelta(days=1)).isoformat(), (now + timedelta(hours=6)).isoformat())
    first = now.replace(second=0, microsecond=0)
    by_rule = [each.scheduled_time for each in fired if ":rule/" in each.trigger_arn]
    by_schedule = [each.scheduled_time for each in fired if ":schedule/" in each.trigger_arn]
    assert len(by_rule) == 1
    assert len(by_schedule) == 2
    assert timedelta(0) <= first - by_schedule[0] <= timedelta(minutes=1)
    assert by_schedule[1] == by_rule[0] == by_schedule[0] + timedelta(hours=5)


def test_a_flexible_window_moves_the_start_and_not_the_scheduled_time(stack):
    from sandbox.triggers import Triggers

    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 90}
    stack.schedule("cron(0 * * * ? *)", FlexibleTimeWindow=window)
    start, end = datetime(2030, 5, 1, tzinfo=UTC), datetime(2030, 5, 2, tzinfo=UTC)
    triggers, delays, seen = Triggers(stack.aws, start, end), [], []
    while (moment := triggers.next_time()) is not None:
        for delivery in triggers.fire(moment):
            seen.append(delivery.scheduled_time)
            delays.append(moment - delivery.scheduled_time)
    assert sorted(seen) == [start + timedelta(hours=hour) for hour in range(1, 25)]
    assert all(timedelta(0) <= delay < timedelta(minutes=90) for delay in delays)
    assert len(set(delays)) > 10


def test_runs_whose_windows_end_at_one_instant_all_come(stack, fire, monkeypatch):
    from sandbox.triggers.deployed import Trigger

    def next_full_hour(_trigger, scheduled_time):
        return scheduled_time.replace(minute=0) + timedelta(hours=1)

    monkeypatch.setattr(Trigger, "invocation_time", next_full_hour)
    stack.schedule("cron(0/20 * * * ? *)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T03:00:00Z")
    assert times_of(fired) == [
        f"2030-05-01T0{at}:00Z" for at in ("0:20", "0:40", "1:00", "1:20", "1:40", "2:00", "2:20", "2:40")
    ]
    assert {delivery.status for delivery in fired} == {"STARTED"}


def test_what_is_created_later_is_fired_from_then_on(stack):
    from sandbox.triggers import Triggers

    start = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    triggers = Triggers(stack.aws, start, start + timedelta(minutes=10))
    list(triggers.fire(start + timedelta(minutes=2)))
    stack.rule("cron(* * * * ? *)")
    assert len(list(triggers.fire(start + timedelta(minutes=10)))) == 8


def test_a_schedule_created_within_a_minute_that_was_fired_already_still_starts_at_once(stack):
    from sandbox.triggers import Triggers

    before = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    triggers = Triggers(stack.aws, datetime.fromtimestamp(0, UTC))
    list(triggers.fire(before))
    stack.schedule("rate(1 day)")
    assert [each.status for each in triggers.fire(before + timedelta(hours=1))] == ["STARTED"]
