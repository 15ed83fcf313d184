"""What is told of one run, of real runs in the local AWS: failing, retried, refused, timed out, stopped, in line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops.advice import advice, in_words
from ops.attempts import Attempt
from ops.names import find_run
from ops.show import ShownRun, read_shown_run
from tests.ops.operated import Operated


def shown(operated: Operated, execution_arn: str) -> ShownRun:
    named = find_run(operated.aws, operated.found(), execution_arn)
    now = datetime.fromtimestamp(operated.local_aws.clock.now(), UTC)
    return read_shown_run(operated.aws, named, now=now, lines=2)


def outcomes(found: ShownRun) -> list[str]:
    return [attempt.outcome for attempt in found.course.attempts]


def test_each_attempt_has_its_own_task_and_log(operated: Operated) -> None:
    found = shown(operated, operated.run("obeys", {"input": {"lines": 3, "exit": 3}}))
    first, second = found.course.attempts
    assert (first.number, first.exit_code, first.outcome) == (1, 3, "Job.ExitedNonZero")
    assert (second.number, second.exit_code, second.outcome) == (2, 3, "Job.ExitedNonZero")
    assert first.task_arn != second.task_arn
    assert found.logs[second.key].group == found.run.log_group
    assert found.logs[second.key].stream == found.run.log_stream
    assert found.logs[first.key].stream == f"run/job/{first.task_id}"
    assert found.last_lines == ("2 1", "2 2")
    assert found.course.state is None


def test_where_the_time_went_is_the_whole_of_it(operated: Operated) -> None:
    found = shown(operated, operated.run("obeys", {"input": {"exit": 3}}))
    assert found.run.duration is not None
    assert sum(found.time.values(), timedelta(0)) == found.run.duration
    # The pause before the second attempt.
    assert timedelta(seconds=60) <= found.time["between"] < timedelta(seconds=61)
    assert found.time["running"] > timedelta(0)


def test_a_success_has_nothing_to_do(operated: Operated) -> None:
    found = shown(operated, operated.run("obeys", {"input": {"lines": 1}}))
    (only,) = found.course.attempts
    assert (only.outcome, only.exit_code, in_words(only), advice(only)) == ("SUCCEEDED", 0, "it succeeded", None)
    assert found.last_lines == ()


def test_an_image_that_is_not_there(operated: Operated) -> None:
    (only,) = shown(operated, operated.run("absent")).course.attempts
    assert (only.outcome, only.exit_code, only.stop_code) == ("Job.Refused", None, "TaskFailedToStart")
    assert advice(only) == "The image is not there: push it or mend its name, and deploy."


def test_an_input_that_no_task_takes_is_an_attempt_without_one(operated: Operated) -> None:
    found = shown(operated, operated.run("obeys", {"input": "x" * 9000}))
    (only,) = found.course.attempts
    assert (only.outcome, only.task_arn, found.logs) == ("Job.Refused", None, {})
    assert advice(only) == "Give it less input: keep it in S3, and pass its name."


def test_a_timeout_is_told_with_its_task_and_its_last_lines(operated: Operated) -> None:
    execution_arn = operated.start("obeys", {"input": {"lines": 2, "seconds": 100_000}})
    operated.until_submitted(execution_arn)
    while len(shown(operated, execution_arn).last_lines) < 2:
        pass
    operated.hurried(execution_arn)
    found = shown(operated, execution_arn)
    (only,) = found.course.attempts
    assert (found.run.error, only.outcome) == ("Job.TimedOut", "Job.TimedOut")
    assert only.task_arn is not None
    assert in_words(only).startswith("it ran longer than its `timeout`")
    assert found.last_lines == ("1 0", "1 1")


def test_a_run_that_was_stopped(operated: Operated) -> None:
    execution_arn = operated.start("obeys", {"input": {"seconds": 300}})
    operated.until_working(execution_arn)
    operated.stop(execution_arn, error="Operator", cause="Wrong day")
    while (found := shown(operated, execution_arn)).course.attempts[0].exit_code is None:
        pass
    (only,) = found.course.attempts
    assert (only.stop_code, only.exit_code) == ("UserInitiated", 143)
    assert in_words(only) == "the run was stopped while it went on (somebody stopped it)"
    assert (found.run.status, found.run.cause, only.outcome) == ("ABORTED", "Wrong day", "ABORTED")
    assert "redrive" in (advice(only) or "")


def test_a_run_in_line_waits_for_its_turn(operated: Operated) -> None:
    first = operated.start("obeys-in-line", {"input": {"seconds": 300}})
    operated.until_submitted(first)
    second = operated.start("obeys-in-line")
    while (found := shown(operated, second)).course.state != "Wait for its turn":
        pass
    operated.stop(first)
    assert outcomes(found) == []
    assert found.course.state_since is not None
    assert found.time["turn"] == sum(found.time.values(), timedelta(0))
    operated.to_end(second)
    found = shown(operated, second)
    assert outcomes(found) == ["SUCCEEDED"]
    assert found.time["turn"] > timedelta(seconds=15)


def test_a_skipped_run_names_the_one_in_its_way(operated: Operated) -> None:
    first = operated.start("obeys-alone", {"input": {"seconds": 300}})
    operated.until_submitted(first)
    running, skipped = shown(operated, first), shown(operated, operated.run("obeys-alone"))
    operated.stop(first)
    assert (running.run.status, outcomes(running), running.course.state) == ("RUNNING", ["RUNNING"], "Run the job")
    assert (skipped.run.status, skipped.run.because, outcomes(skipped)) == ("SKIPPED", first, [])


@pytest.mark.parametrize(
    ("outcome", "start_error", "reason", "says"),
    [
        # RunTask's and ECS's words, from
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
        ("Job.NeverStarted", None, "Capacity is unavailable at this time. Please try again later", "no capacity left"),
        (
            "Job.NeverStarted",
            None,
            "You've reached the limit on the number of vCPUs you can run concurrently",
            "quota of Fargate vCPUs",
        ),
        ("Job.NeverStarted", "ECS.ThrottlingException", "Rate exceeded", "move schedules apart"),
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
        ("Job.NeverStarted", "AmazonECS.Unknown", "RESOURCE:MEMORY", "start more instances"),
        ("Job.NeverStarted", "ECS.ClientException", "Tasks provisioning capacity limit exceeded.", "has no room"),
        ("Job.NotPlaced", None, "TaskFailedToStart: RESOURCE:CPU", "start more instances"),
        ("Job.NotPlaced", None, "no instance had room for it within its timeout of 2m", "Start more instances"),
        ("Job.NotPlaced", None, "TaskFailedToStart: MemberOf placement constraint unsatisfied.", "`constraints`"),
        ("Job.NeverStarted", "AmazonECS.Unknown", "AGENT", "agents of its instances are not connected"),
        ("Job.Refused", "AmazonECS.Unknown", "ATTRIBUTE", "`architecture`"),
        ("Job.Refused", "AmazonECS.Unknown", "LOCATION", "docs/run-on-ec2.md"),
        (
            "Job.NeverStarted",
            None,
            "CannotPullContainerError: pull image manifest has been retried 5 time(s): dial tcp: i/o timeout",
            "NAT gateway",
        ),
        ("Job.NeverStarted", None, "CannotPullContainerError: write /x: no space left on device", "The disk is full"),
        (
            "Job.Refused",
            None,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
            "failed: unable to retrieve secret from asm",
            "A secret cannot be read",
        ),
        *(
            (
                outcome,
                None,
                f"cannot read the secret TOKEN from arn:aws:ssm:eu-west-1:1:parameter/throttled: {why}",
                says,
            )
            for outcome, why, says in (
                ("Job.Refused", "AccessDeniedException: User: x is not authorized", "the function's role may read it"),
                ("Job.Refused", "its JSON has no key user", "with what the reason names"),
                ("Job.Refused", "the certificate of ssm.x is not trusted", "install them"),
                ("Job.NeverStarted", "ThrottlingException: Rate exceeded", "move schedules apart"),
                ("Job.NeverStarted", "ssm.x:443 cannot be reached: timed out", "NAT gateway"),
                ("Job.NeverStarted", "InternalServerError", "health page"),
                ("Job.NeverStarted", "HTTP status 503, and no JSON", "health page"),
            )
        ),
        (
            "Job.Refused",
            "ECS.AccessDeniedException",
            "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: ecs:RunTask",
            "A permission is missing",
        ),
    ],
)
def test_advice_on_what_aws_says(outcome: str, start_error: str | None, reason: str, says: str) -> None:
    attempt = Attempt(number=1, outcome=outcome, requested=datetime.now(UTC), start_error=start_error, reason=reason)
    assert says in (advice(attempt) or "")
