"""Scheduled times that are delivered twice or late."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sandbox.faults import DeliverLate, DeliverTwice

HOURLY = "cron(0 * * * ? *)"
AT = {"InputTransformer": {"InputPathsMap": {"at": "$.time"}, "InputTemplate": '{"at": <at>}'}}


def hours(deliveries):
    return [(each.scheduled_time.hour, each.copy) for each in deliveries]


def test_a_second_delivery_is_an_execution_of_its_own_with_the_same_input(stack, fire, faults):
    fault = faults.add(DeliverTwice(of=stack.name))
    stack.rule(HOURLY, **AT)
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T02:00:00Z")
    assert hours(fired) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert {each.status for each in fired} == {"STARTED"}
    assert len({each.started_arn for each in fired}) == 4
    expected = ["2030-05-01T01:00:00Z"] * 2 + ["2030-05-01T02:00:00Z"] * 2
    assert [each["at"] for each in stack.inputs()] == expected
    assert (fault.met, fault.struck) == (2, 2)


def test_a_second_delivery_may_come_after_later_ones(stack, fire, faults):
    faults.add(DeliverTwice(of=stack.name, first=1, after=5400))
    stack.rule(HOURLY)
    assert hours(fire("2030-05-01T00:00:00Z", "2030-05-01T03:00:00Z")) == [(1, 0), (2, 0), (1, 1), (3, 0)]


def test_a_schedule_that_is_delivered_twice_has_one_scheduled_time_and_two_execution_ids(stack, fire, faults):
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    faults.add(DeliverTwice(of=stack.name))
    text = '{"at":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>"}'
    stack.schedule(HOURLY, target={"Input": text})
    fire("2030-05-01T00:00:00Z", "2030-05-01T01:00:00Z")
    first, second = stack.inputs()
    assert first["at"] == second["at"] == "2030-05-01T01:00:00Z"
    assert first["id"] != second["id"]


def test_a_late_delivery_comes_after_the_next(stack, fire, faults):
    fault = faults.add(DeliverLate(of=stack.name, first=1))
    stack.rule(HOURLY, **AT)
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T03:00:00Z")
    assert hours(fired) == [(2, 0), (1, 0), (3, 0)]
    assert [each["at"] for each in stack.inputs()] == [f"2030-05-01T0{hour}:00:00Z" for hour in (1, 2, 3)]
    assert (fault.met, fault.struck) == (3, 1)


def test_a_late_delivery_comes_by_its_delay(stack, fire, faults):
    faults.add(DeliverLate(of=stack.name, first=1, by=9000))
    stack.rule(HOURLY)
    assert hours(fire("2030-05-01T00:00:00Z", "2030-05-01T04:00:00Z")) == [(2, 0), (3, 0), (1, 0), (4, 0)]


def test_other_triggers_are_delivered_once_and_in_time(stack, fire, faults):
    faults.add(DeliverTwice(of=f"{stack.name}-other"))
    faults.add(DeliverLate(of=f"{stack.name}-other"))
    stack.rule(HOURLY)
    assert hours(fire("2030-05-01T00:00:00Z", "2030-05-01T02:00:00Z")) == [(1, 0), (2, 0)]


def test_what_cannot_be_started_is_given_up_once_for_each_delivery(stack, fire, faults):
    faults.add(DeliverTwice(of=stack.name))
    stack.rule(HOURLY, Arn=f"{stack.machine_arn}-missing")
    fired = fire("2030-05-01T00:00:00Z", "2030-05-01T01:00:00Z")
    assert [(each.copy, each.status) for each in fired] == [(0, "DEAD_LETTERED"), (1, "DEAD_LETTERED")]


def test_every_delivery_is_a_run_that_is_played_to_its_end(stack, faults):
    from sandbox.play import play

    faults.add(DeliverTwice(of=stack.name, after=60))
    faults.add(DeliverLate(of=stack.name, by=7200))
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Pause",
        "States": {"Pause": {"Type": "Wait", "Seconds": 5400, "Next": "Done"}, "Done": {"Type": "Succeed"}},
    }
    start = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    stack.schedule("rate(1 hour)", StartDate=start + timedelta(minutes=30), target={"Arn": stack.machine(definition)})
    runs = play(stack.aws, start, start + timedelta(minutes=40))
    assert [run.status for run in runs] == ["SUCCEEDED"] * 2
    assert len({run.execution_arn for run in runs}) == 2
    sfn = stack.aws.client("stepfunctions")
    began = [sfn.describe_execution(executionArn=run.execution_arn)["startDate"] for run in runs]
    delays = [(at - run.scheduled_time).total_seconds() for at, run in zip(began, runs, strict=True)]
    assert [delay // 60 for delay in delays] == [120, 121]
    events = [json.loads(sfn.describe_execution(executionArn=run.execution_arn)["input"]) for run in runs]
    assert events[0]["time"] == events[1]["time"]
