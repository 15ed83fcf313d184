"""Real dead letters of a deployed stack, and what becomes of them when they are delivered again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.dead_letter_advice import advice, in_words
from ops.dead_letters import Letter, letter_count
from ops.history import read_history
from ops.letters_in_hand import letters_in_hand
from ops.redelivery import Outcome, Redelivery
from sandbox.faults.deliveries import DeliverTwice
from sandbox.local_aws import LocalAws
from tests.ops.undelivered import Undelivered, look, undelivered_stack
from tests.queues import Queue, subscribed

KINDS = pytest.mark.parametrize("job", ["ruled", "scheduled"])


@pytest.fixture
def stack(local_aws: LocalAws) -> Iterator[Undelivered]:
    with undelivered_stack(local_aws) as stack:
        yield stack


def deliver(stack: Undelivered, *, dry_run: bool = False) -> list[Outcome]:
    """Deliver all, as one operator does; what is settled is deleted."""
    redelivery = Redelivery(stack.aws, stack.found(), dry_run=dry_run)
    with letters_in_hand(stack.aws, stack.found(), stack.queue()) as hand:
        outcomes = [redelivery.deliver(letter) for letter in hand.letters]
        for outcome in outcomes:
            if outcome.settled and not dry_run:
                hand.delete(outcome.letter)
    return outcomes


def arn_of(outcome: Outcome) -> str:
    started, _, arn = outcome.said.partition(" ")
    assert started == "started", outcome.said
    return arn


@KINDS
def test_a_start_that_failed_is_read_and_made(stack: Undelivered, job: str) -> None:
    time = stack.fire_in_vain(job)

    (letter,) = look(stack)
    assert (letter.kind, letter.job, letter.scheduled_time, letter.attempts) == ("start", job, time, 1)
    assert letter.target_arn == stack.deployment.outputs["stateMachines"][job]
    assert in_words(letter) == "a permission is missing: states:StartExecution"
    assert "drift" in advice(letter)
    # Looking changes nothing.
    assert look(stack) == (letter,)
    assert letter_count(stack.aws, stack.queue()) == 1

    (planned,) = deliver(stack, dry_run=True)
    assert (planned.settled, planned.said) == (True, f"would start {job}")
    assert stack.runs_for(job, time) == []

    (outcome,) = deliver(stack)
    stack.to_end(arn_of(outcome))
    (run,) = stack.runs_for(job, time)
    assert run["status"] == "SUCCEEDED"
    assert json.loads(run["input"]) == {"trigger": "schedule", "scheduledTime": time, "input": 0}
    assert letter_count(stack.aws, stack.queue()) == 0


@KINDS
def test_without_its_trigger_a_start_is_made_as_the_machine_makes_it(stack: Undelivered, job: str) -> None:
    # A letter that lies there since before the job's trigger was replaced.
    time, arn = f"{hour(stack):%Y-%m-%dT%H:%M:%SZ}", stack.deployment.outputs["stateMachines"][job]
    event = {"detail-type": "Scheduled Event", "source": "aws.events", "time": time, "detail": {}}
    if job == "ruled":
        stack.send(json.dumps(event), RULE_ARN="arn:aws:events:eu-west-1:123456789012:rule/gone", TARGET_ARN=arn)
    else:
        schedule = "arn:aws:scheduler:eu-west-1:123456789012:schedule/late-dev/gone"
        stack.send("{", SCHEDULE_ARN=schedule, TARGET_ARN=arn, SCHEDULED_TIME=time)
    (outcome,) = deliver(stack)
    stack.to_end(arn_of(outcome))
    (run,) = stack.runs_for(job, time)
    assert json.loads(run["input"]) == {"trigger": "schedule", "scheduledTime": time}
    assert run["status"] == "SUCCEEDED"


@pytest.mark.parametrize("job", ["ruled-task", "scheduled-task"])
def test_a_start_of_a_task_that_failed_is_read_and_made(stack: Undelivered, job: str) -> None:
    time = stack.fire_in_vain(job)

    (letter,) = look(stack)
    assert (letter.kind, letter.job, letter.scheduled_time, letter.attempts) == ("start", job, time, 1)
    assert ":cluster/" in letter.target_arn
    assert in_words(letter) == "a permission is missing: ecs:RunTask"
    (planned,) = deliver(stack, dry_run=True)
    assert (planned.settled, planned.said) == (True, f"would start {job}")
    found = next(each for each in stack.found().jobs if each.name == job)
    assert time not in [run.scheduled_time for run in read_history(stack.aws, found, limit=5)]

    (outcome,) = deliver(stack)
    task_arn = arn_of(outcome)
    assert stack.local_aws.tasks.stopped(task_arn).wait(120)
    stack.local_aws.clock.wait_idle()
    (run,) = [run for run in read_history(stack.aws, found, limit=5) if run.scheduled_time == time]
    assert (run.execution_arn, run.status, run.trigger) == (task_arn, "SUCCEEDED", "schedule")
    assert run.input == {"trigger": "schedule", "scheduledTime": time, "input": 0}
    assert letter_count(stack.aws, stack.queue()) == 0

    # The same letter, which somebody else had had in hand.
    stack.send(letter.body, **_attributes(letter))
    (again,) = deliver(stack)
    assert again.said == f"left out, {job} has run for that time: {run.name} (SUCCEEDED)"


def test_what_a_letter_says_of_a_task_may_be_missing(stack: Undelivered) -> None:
    cluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/late-dev-1"
    rule = "arn:aws:events:eu-west-1:123456789012:rule/late-dev-"
    schedule = "arn:aws:scheduler:eu-west-1:123456789012:schedule/late-dev/late-dev-scheduled-task"
    stack.send("{}", RULE_ARN=f"{rule}gone", TARGET_ARN=cluster)
    stack.send("{", RULE_ARN=f"{rule}ruled-task", TARGET_ARN=cluster)
    time = f"{hour(stack) - timedelta(hours=9):%Y-%m-%dT%H:%M:%SZ}"
    for body in ("{", "[]", '{"Overrides": 7}', '{"Overrides": {"containerOverrides": [{}]}}'):
        stack.send(body, SCHEDULE_ARN=schedule, TARGET_ARN=cluster, SCHEDULED_TIME=time)
    said = sorted(outcome.said for outcome in deliver(stack))
    started = [each for each in said if each.startswith("started arn:aws:ecs:")]
    assert len(started) == 1
    assert said.count("left out, another letter was for that time of scheduled-task") == 3
    assert "it does not say for which time it is" in said
    assert "its job is not there, or runs elsewhere by now: gone" in said
    assert stack.local_aws.tasks.stopped(started[0].removeprefix("started ")).wait(120)


def _attributes(letter: Letter) -> dict[str, str]:
    found = {
        "RULE_ARN": letter.rule_arn,
        "SCHEDULE_ARN": letter.schedule_arn,
        "TARGET_ARN": letter.target_arn,
        "SCHEDULED_TIME": (letter.scheduled_time or "") if letter.schedule_arn else "",
    }
    return {name: value for name, value in found.items() if value}


def test_a_time_that_has_run_meanwhile_is_left_out(stack: Undelivered) -> None:
    time = stack.fire_in_vain("ruled")
    # Runs that do not make up for it: one that failed, and one for another time.
    stack.run("ruled", 3, trigger="backfill", scheduledTime=time)
    stack.run("ruled", 0, scheduledTime="2026-01-01T00:00:00Z")
    (planned,) = deliver(stack, dry_run=True)
    assert planned.said == "would start ruled"

    name = stack.run("ruled", 0, trigger="backfill", scheduledTime=time).rpartition(":")[2]
    (outcome,) = deliver(stack)
    assert (outcome.settled, outcome.said) == (True, f"left out, ruled has run for that time: {name} (SUCCEEDED)")
    assert letter_count(stack.aws, stack.queue()) == 0
    assert len(stack.runs_for("ruled", time)) == 2


def test_what_was_started_and_failed_is_not_started_again(stack: Undelivered) -> None:
    time = stack.fire_in_vain("ruled")
    name = stack.run("ruled", 3, trigger="schedule", scheduledTime=time).rpartition(":")[2]
    (outcome,) = deliver(stack)
    assert outcome.said == f"left out, ruled has run for that time: {name} (FAILED)"


def test_of_two_letters_for_a_time_one_is_delivered(stack: Undelivered) -> None:
    stack.local_aws.faults.add(DeliverTwice(of="late-dev-scheduled"))
    try:
        time = stack.fire_in_vain("scheduled")
    finally:
        stack.local_aws.faults.clear()
    first, second = deliver(stack)
    stack.to_end(arn_of(first))
    assert (second.settled, second.said) == (True, "left out, another letter was for that time of scheduled")
    assert len(stack.runs_for("scheduled", time)) == 1
    assert letter_count(stack.aws, stack.queue()) == 0


@pytest.mark.parametrize("ended", [False, True])
def test_two_who_deliver_one_letter_start_one_run(stack: Undelivered, ended: bool) -> None:
    time = stack.fire_in_vain("ruled")
    (letter,) = look(stack)
    one, other = (Redelivery(stack.aws, stack.found()) for _ in range(2))
    # The other has read the runs before the one starts its own: as where lists lie behind.
    other._run_for(stack_job(stack, "ruled"), datetime.fromisoformat(time))
    arn = arn_of(one.deliver(letter))
    if ended:
        stack.to_end(arn)
    assert arn_of(other.deliver(letter)) == arn
    stack.to_end(arn)
    assert len(stack.runs_for("ruled", time)) == 1


def test_nothing_is_started_without_a_permission_or_a_machine(stack: Undelivered) -> None:
    stack.fire_in_vain("ruled")
    gone = "arn:aws:states:eu-west-1:123456789012:stateMachine:late-dev-gone"
    stack.send(
        '{"detail-type": "Scheduled Event", "time": "2026-11-24T03:15:00Z"}',
        RULE_ARN="arn:aws:events:eu-west-1:123456789012:rule/late-dev-gone",
        TARGET_ARN=gone,
        ERROR_CODE="NO_RESOURCE",
        RETRY_ATTEMPTS="0",
    )
    found, stays = stack.found(), []
    with letters_in_hand(stack.aws, found, stack.queue()) as hand:
        client = stack.aws("stepfunctions")
        # What it answers to who may not.
        client.meta.events.register("before-call.stepfunctions.StartExecution", refused)
        try:
            stays = [Redelivery(stack.aws, found).deliver(letter) for letter in hand.letters]
        finally:
            client.meta.events.unregister("before-call.stepfunctions.StartExecution", refused)
    by_job = {outcome.letter.job: outcome for outcome in stays}
    assert not any(outcome.settled for outcome in stays)
    assert by_job["ruled"].said.startswith("AWS refused StartExecution: arn:aws:iam::123456789012:user/jane lacks")
    assert by_job["gone"].said == f"its state machine is not there: {gone}"
    assert in_words(by_job["gone"].letter) == "the state machine was not there"
    assert letter_count(stack.aws, stack.queue()) == 2


def refused(**_: Any) -> Any:
    from types import SimpleNamespace

    message = "User: arn:aws:iam::123456789012:user/jane is not authorized to perform: states:StartExecution"
    error = {"Error": {"Code": "AccessDeniedException", "Message": message}}
    return SimpleNamespace(status_code=400), {**error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def test_an_alert_is_published_as_it_would_have_been(stack: Undelivered) -> None:
    def hear(queue: Queue) -> dict[str, Any]:
        """The next alert: the alarm on the queue speaks here too."""
        while True:
            told = json.loads(json.loads(queue.receive()["Body"])["Message"])
            if "alert" in told:
                return told

    with subscribed(stack.local_aws, stack.topic) as queue:
        with stack.nobody_may_publish():
            failed = stack.run("by-hand", 3)
        (letter,) = look(stack)
        assert (letter.kind, letter.job, letter.execution_arn, letter.status) == ("alert", "by-hand", failed, "FAILED")
        assert in_words(letter) == "a permission is missing: sns:Publish"

        (outcome,) = deliver(stack)
        assert (outcome.settled, outcome.said) == (True, f"published to {stack.topic}")
        where = "--stack dev --region eu-west-1"
        console = "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/"
        described = stack.local_aws.client("stepfunctions").describe_execution(executionArn=failed)
        assert hear(queue) == {
            "alert": "A run of late (dev) ended as FAILED",
            "job": stack.deployment.outputs["stateMachines"]["by-hand"],
            "stack": "dev",
            "error": "Job.ExitedNonZero",
            "to look": f"./longhaul show {failed} {where}",
            "to rerun": f"./longhaul rerun {failed} {where}",
            "console": f"{console}{failed}",
            "what happened": described["cause"],
        }
        assert letter_count(stack.aws, stack.queue()) == 0


def test_lines_of_the_ledger_are_written_at_their_times(stack: Undelivered) -> None:
    with stack.nobody_may_write():
        run = stack.run("by-hand", 0)
    letters = look(stack)
    assert [(letter.kind, letter.execution_arn) for letter in letters] == [("ledger", run)] * 2
    assert {letter.status for letter in letters} == {"RUNNING", "SUCCEEDED"}

    assert {outcome.said for outcome in deliver(stack)} == {f"written to {stack.ledger}"}
    pages = stack.local_aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=stack.ledger)
    lines = [(line["timestamp"], json.loads(line["message"])) for page in pages for line in page["events"]]
    written = {event["id"]: at for at, event in lines if event["detail"].get("executionArn") == run}
    events = [letter.content for letter in letters]
    assert written == {event["id"]: int(datetime.fromisoformat(event["time"]).timestamp() * 1000) for event in events}
    assert letter_count(stack.aws, stack.queue()) == 0


def test_a_line_that_is_too_old_stays(stack: Undelivered) -> None:
    with stack.nobody_may_write():
        stack.run("by-hand", 0)
    letter = look(stack)[0]
    stack.empty()
    old = f"{hour(stack) - timedelta(days=15):%Y-%m-%dT%H:%M:%SZ}"
    body = json.dumps({**letter.content, "time": old})
    stack.send(body, RULE_ARN=letter.rule_arn, TARGET_ARN=letter.target_arn, ERROR_CODE="NO_PERMISSIONS")
    (outcome,) = deliver(stack)
    assert (outcome.settled, outcome.said) == (
        False,
        "CloudWatch Logs takes no line that is older than 14 days, or than the log group keeps: discard it",
    )
    assert letter_count(stack.aws, stack.queue()) == 1


def test_what_nobody_can_deliver_stays(stack: Undelivered) -> None:
    rule = "arn:aws:events:eu-west-1:123456789012:rule/gone"
    stack.send("anything")
    stack.send('{"detail": {}}', RULE_ARN=rule, TARGET_ARN=stack.topic)
    # An event of another kind starts a job too: without its rule nobody knows its input.
    machine = stack.deployment.outputs["stateMachines"]["ruled"]
    stack.send('{"detail-type": "Object Created", "time": "2026-11-24T03:15:00Z"}', RULE_ARN=rule, TARGET_ARN=machine)
    outcomes = deliver(stack)
    assert {(outcome.letter.kind, outcome.said) for outcome in outcomes} == {
        ("unknown", "nothing of this stack sent it"),
        ("alert", "its rule has no such target any more: nobody knows what would have been delivered"),
        ("start", "nobody knows any more with which input it would have been started"),
    }
    assert letter_count(stack.aws, stack.queue()) == 3


def hour(stack: Undelivered) -> datetime:
    """The full hour before the clock's."""
    return datetime.fromtimestamp(stack.local_aws.clock.now(), UTC).replace(minute=0, second=0, microsecond=0)


def stack_job(stack: Undelivered, name: str) -> Any:
    return next(job for job in stack.found().jobs if job.name == name)
