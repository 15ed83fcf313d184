"""Runs on Lambda, as an operator sees them: real invocations in the local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.advice import advice, in_words
from ops.attempts import Attempt
from ops.course import read_course
from ops.doctor import near_timeout, permissions
from ops.doctor.finding import Finding
from ops.doctor.patient import Patient
from ops.functions_in_hand import functions_in_hand
from ops.invocation_log import InvocationLines
from ops.logs import read_lines
from ops.names import NamedRun
from ops.runs import last_log_lines, log_lines, read_run
from ops.show import logs_of, read_shown_run
from ops.stopping import see_tasks_stopped
from sandbox.local_aws import LocalAws
from tests.ops.functions import Functions, functions_stack


@pytest.fixture(scope="module")
def functions(local_aws: LocalAws) -> Functions:
    return functions_stack(local_aws)


def now(functions: Functions) -> datetime:
    return datetime.fromtimestamp(functions.local_aws.clock.now()).astimezone()


def named(functions: Functions, job: str, execution_arn: str) -> NamedRun:
    return NamedRun(job=functions.job(job), execution_arn=execution_arn)


def lines(functions: Functions, job: str, execution_arn: str, **more: Any) -> list[tuple[int, str]]:
    found = read_lines(functions.aws, named(functions, job, execution_arn), **more)
    return [(line.attempt, line.message) for line in found]


def until_invoked(functions: Functions, execution_arn: str) -> None:
    while not any(event["type"] == "TaskStarted" for event in functions.events(execution_arn)):
        pass


def test_a_job_is_told_to_run_on_lambda(functions: Functions) -> None:
    assert {job.run_on for job in functions.found().jobs} == {"lambda"}


def test_each_run_has_the_lines_of_its_own_attempts(functions: Functions) -> None:
    # One environment does them all, one after the other, and writes to one stream.
    first = functions.run("obeys", {"input": {"lines": 2}})
    failed = functions.run("obeys", {"input": {"lines": 1, "exit": 3}})
    last = functions.run("obeys", {"input": {"lines": 1}})

    assert lines(functions, "obeys", first) == [(1, "1 0"), (1, "1 1")]
    assert lines(functions, "obeys", failed) == [(1, "1 0"), (2, "2 0")]
    assert lines(functions, "obeys", failed, attempt=2) == [(2, "2 0")]
    assert lines(functions, "obeys", last) == [(1, "1 0")]
    run = read_run(functions.aws, "obeys", failed)
    assert (list(log_lines(functions.aws, run)), last_log_lines(functions.aws, run, 5)) == (["2 0"], ["2 0"])


def test_a_run_is_shown_with_each_invocation(functions: Functions) -> None:
    execution_arn = functions.run("obeys", {"input": {"lines": 3, "exit": 3}})
    shown = read_shown_run(functions.aws, named(functions, "obeys", execution_arn), now=now(functions), lines=2)

    assert [(one.outcome, one.exit_code, one.reason) for one in shown.course.attempts] == [
        ("Job.ExitedNonZero", 3, None),
        ("Job.ExitedNonZero", 3, None),
    ]
    assert len({one.request_id for one in shown.course.attempts}) == 2
    assert {one.function_arn for one in shown.course.attempts} == {
        f"arn:aws:lambda:eu-west-1:{functions.local_aws.account}:function:acme-functions-obeys:1"
    }
    assert shown.last_lines == ("2 1", "2 2")
    assert (shown.run.exit_code, shown.run.attempts) == (3, 2)
    assert shown.time["between"] >= timedelta(minutes=1)


def test_of_a_function_that_ran_out_of_time_the_log_is_found_by_its_request(functions: Functions) -> None:
    execution_arn = functions.run("short", {"input": {"lines": 1, "seconds": 600}})
    (attempt,) = read_course(functions.aws, execution_arn).attempts
    assert (attempt.outcome, attempt.exit_code) == ("Job.TimedOut", None)
    assert "LogStream" not in attempt.task

    written = [message for _, message in lines(functions, "short", execution_arn)]
    assert written[0] == "1 0"
    assert all(str(attempt.request_id) in message for message in written[1:])
    run = read_run(functions.aws, "short", execution_arn)
    assert run.error == "Job.TimedOut"
    assert last_log_lines(functions.aws, run, 5) == written


def test_a_run_of_a_function_that_is_gone_has_no_log(functions: Functions) -> None:
    """A job has left Lambda, or somebody has deleted the version."""
    arn = f"arn:aws:lambda:eu-west-1:{functions.local_aws.account}:function:acme-functions-obeys:99"
    task = {"FunctionArn": arn, "RequestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd"}
    cut_off = Attempt(number=1, outcome="Job.TimedOut", requested=now(functions), task=task)
    assert logs_of(functions.aws, (cut_off,)) == {}


def test_the_lines_of_steps_and_items(functions: Functions) -> None:
    given = {"first": {"lines": 1}, "items": [{"lines": 1}, {"lines": 2}]}
    execution_arn = functions.run("stepped", {"input": given})
    found = list(read_lines(functions.aws, named(functions, "stepped", execution_arn)))
    assert [(line.step, line.index, line.message) for line in found] == [
        ("first", None, "1 0"),
        ("one", 0, "1 0"),
        ("one", 1, "1 0"),
        ("one", 1, "1 1"),
    ]


def test_a_function_in_hand_is_not_stopped_with_its_run(functions: Functions) -> None:
    execution_arn = functions.start("obeys", {"input": {"seconds": 600}})
    until_invoked(functions, execution_arn)
    (invoked,) = [one for one in functions.events(execution_arn) if one["type"] == "TaskScheduled"]
    functions.stop(execution_arn)

    stopped = see_tasks_stopped(functions.aws, execution_arn, "why")
    assert (stopped.tasks, stopped.by_hand) == ((), frozenset())
    (in_hand,) = functions_in_hand(functions.aws, execution_arn, now=now(functions))
    assert in_hand.function_arn.endswith(":function:acme-functions-obeys:1")
    # The minute that it has, and one more.
    assert in_hand.until - invoked["timestamp"] == timedelta(minutes=2)
    assert functions_in_hand(functions.aws, execution_arn, now=in_hand.until) == []
    functions.until_cut_off()


def test_a_run_that_has_ended_by_itself_has_none_in_hand(functions: Functions) -> None:
    for given in ({}, {"exit": 64}):
        execution_arn = functions.run("obeys", {"input": given})
        assert functions_in_hand(functions.aws, execution_arn, now=now(functions)) == []


@pytest.fixture
def patient(functions: Functions) -> Iterator[Patient]:
    with ThreadPoolExecutor(4) as pool:
        yield Patient(functions.aws, functions.found(), pool, now=now(functions), ledger=None, triggers_known=True)


def near(patient: Patient, job: str) -> list[Finding]:
    return [finding for finding in near_timeout.check(patient) if finding.job == job]


def test_doctor_tells_when_runs_come_near_their_time(functions: Functions, patient: Patient) -> None:
    functions.run("short", {"input": {}})
    functions.run("short", {"input": {"seconds": 2.6}})
    (finding,) = near(patient, "short")
    assert finding.check == "near-timeout"
    assert " of the 3s that it has." in finding.problem
    assert finding.advice.startswith("Raise its `timeout`, to 15m at most")
    assert near(patient, "alone") == []


def test_doctor_tells_nothing_of_a_timeout_that_was_raised_since(functions: Functions, patient: Patient) -> None:
    functions.run("short", {"input": {"seconds": 600}})
    machine, client = functions.job("short").machine_arn, functions.aws("stepfunctions")
    kept = client.describe_state_machine(stateMachineArn=machine)["definition"]
    raised = json.loads(kept)
    raised["States"]["Run the job"]["TimeoutSeconds"] = 660
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(raised))
    try:
        assert near(patient, "short") == []
    finally:
        client.update_state_machine(stateMachineArn=machine, definition=kept)


def test_doctor_tells_when_a_run_may_not_invoke_its_function(functions: Functions, patient: Patient) -> None:
    def found() -> list[str]:
        return [each.problem for each in permissions.check(patient) if each.job == "alone"]

    assert found() == []
    role = patient.machine(functions.job("alone")).role_arn.rpartition("/")[2]
    iam = functions.local_aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    statements = [one for one in kept["Statement"] if one["Sid"] != "RunTheJob"]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**kept, "Statement": statements}))
    try:
        (problem,) = found()
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(kept))
    assert f"lacks lambda:InvokeFunction on arn:aws:lambda:eu-west-1:{functions.local_aws.account}:" in problem


@pytest.mark.parametrize(
    ("outcome", "start_error", "words", "what"),
    [
        ("Job.NeverStarted", "Lambda.ServiceException", "Lambda did not say whether it ran", "before you run it again"),
        ("Job.NeverStarted", "Lambda.ResourceConflictException", "no line of the job's code ran", "Run it again"),
        ("Job.TimedOut", None, "cut off", "15m at most"),
        ("Job.Unexplained", None, "Lambda does not say why", "Lambda's own lines"),
        ("Job.Refused", None, "it was not started", "Mend what the reason names"),
    ],
)
def test_advice_is_of_functions(outcome: str, start_error: str | None, words: str, what: str) -> None:
    task = {"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:acme-functions-obeys:1"}
    attempt = Attempt(
        number=1, outcome=outcome, requested=datetime.now(UTC), task=task, start_error=start_error, reason="Why."
    )
    assert words in in_words(attempt)
    assert what in (advice(attempt) or "")


def test_a_line_is_whose_invocation_it_stands_in() -> None:
    """The lines of https://docs.aws.amazon.com/lambda/latest/operatorguide/log-structure.html"""
    own = InvocationLines("b")
    stream = [
        "START RequestId: a Version: 7\n",
        "of a\n",
        "END RequestId: a\n",
        "REPORT RequestId: a Duration: 1.00 ms\n",
        "START RequestId: b Version: 7\n",
        "of b\n",
        "END RequestId: b\n",
        "and late\n",
        "REPORT RequestId: b Duration: 1.00 ms\n",
        "2026-11-24T03:16:00.000Z b Task timed out after 3.00 seconds\n",
        "INIT_START Runtime Version: provided:al2023.v1\n",
        "START RequestId: c Version: 7\n",
        "of c\n",
    ]
    assert [line for line in stream if own.takes(line)] == [
        "of b\n",
        "and late\n",
        "2026-11-24T03:16:00.000Z b Task timed out after 3.00 seconds\n",
    ]
