"""What the machine does with every way in which a task can end."""

from collections.abc import Callable
from typing import Any

import pytest

from spec.job import JobSpec
from tests.definitions.endings import CASES, LOG, PASSING, Case
from tests.definitions.samples import LOG_GROUP, TASK_ARN, failed, job, task
from tests.definitions.walker import EXECUTION, Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

INPUT = {"scheduledTime": "2026-11-24T03:15:00Z", "input": {"day": "2026-11-23"}}
RUN, DECIDE = "Run the job", "How did it end?"
RETRIED = "Wait before the next attempt"
STARTED_AGAIN = "Wait before starting again"


def test_a_success_passes_three_states_and_says_all_about_the_run(machine_of: MachineOf) -> None:
    run = walk(machine_of(job()), INPUT, [task(0)])

    assert run.states == [RUN, DECIDE, "Succeeded"]
    assert run.output == {
        "job": "nightly",
        "stack": "dev",
        "status": "SUCCEEDED",
        "exitCode": 0,
        "taskArn": TASK_ARN,
        "startedAt": "2026-11-24T03:16:00.000Z",
        "stoppedAt": "2026-11-24T03:17:00.000Z",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "attempts": 1,
        "logGroup": LOG_GROUP,
        "logStream": "run/job/0123456789abcdef",
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_end_has_its_name_its_sentence_and_its_retries(case: Case, machine_of: MachineOf) -> None:
    patient = job(retries={"attempts": 2, "finalExitCodes": [64, 65]}, **case.fields)

    run = walk(machine_of(patient), INPUT, [case.result] * 3)

    attempts = 3 if case.retried else 1
    passed = [RUN] if case.state == "Timed out" else [RUN, DECIDE]
    assert run.states == [*[RUN, DECIDE, RETRIED] * (attempts - 1), *passed, case.state]
    assert run.error == case.error
    assert run.sentence == case.sentence
    assert [run.environment(attempt)["LONGHAUL_ATTEMPT"] for attempt in range(attempts)] == ["1", "2", "3"][:attempts]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_without_retries_every_end_is_the_end(case: Case, machine_of: MachineOf) -> None:
    run = walk(machine_of(job(**case.fields)), INPUT, [case.result])

    assert (run.states[-1], run.error) == (case.state, case.error)
    assert run.waits == []
    assert "after 1 attempt;" in run.sentence or "in its only attempt" in run.sentence


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: failure.error)
def test_a_start_that_fails_for_now_is_tried_ten_times_more_and_is_no_attempt(
    failure: Failure, machine_of: MachineOf
) -> None:
    gave_up = walk(machine_of(job()), INPUT, [failure] * 11)
    recovered = walk(machine_of(job()), INPUT, [failure, failure, task(0)])

    assert gave_up.states == [*[RUN, DECIDE, STARTED_AGAIN] * 10, RUN, DECIDE, "Never started"]
    assert gave_up.error == "Job.NeverStarted"
    longest = [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert all(0 <= wait <= limit for wait, limit in zip(gave_up.waits, longest, strict=True))
    assert len(set(gave_up.waits)) > 1
    assert recovered.output["attempts"] == 1
    assert [recovered.environment(start)["LONGHAUL_ATTEMPT"] for start in range(3)] == ["1", "1", "1"]


def test_waits_between_attempts_grow_to_their_limit(machine_of: MachineOf) -> None:
    patient = job(retries={"attempts": 5, "interval": "10s", "backoffRate": 2.5, "maxInterval": "2m"})

    run = walk(machine_of(patient), INPUT, [failed(1)] * 6)

    assert run.waits == [10, 25, 62, 120, 120]
    assert run.sentence == f"nightly (dev) exited with code 1 after 6 of 6 attempts{LOG}"


def test_the_most_that_a_job_may_ask_for_overflows_nothing(machine_of: MachineOf) -> None:
    patient = job(timeout="1m", retries={"attempts": 100, "interval": "1s", "backoffRate": 100, "maxInterval": "3d"})

    waits = walk(machine_of(patient), INPUT, [failed(1)] * 101).waits

    assert waits == [1, 100, 10_000, *[259_200] * 97]


def test_a_retry_may_succeed(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(retries={"attempts": 2})), INPUT, [failed(1), task(0)])

    assert run.states == [RUN, DECIDE, RETRIED, RUN, DECIDE, "Succeeded"]
    assert run.output["attempts"] == 2


def test_a_timeout_after_a_failed_attempt_does_not_speak_of_that_attempt(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(retries={"attempts": 2})), INPUT, [failed(1), Failure("States.Timeout", "")])

    assert run.error == "Job.TimedOut"
    assert run.details == {
        "job": "nightly",
        "stack": "dev",
        "status": "FAILED",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "attempts": 2,
        "logGroup": LOG_GROUP,
    }


def test_a_failure_tells_programs_what_it_tells_people(machine_of: MachineOf) -> None:
    run = walk(machine_of(job()), INPUT, [failed(3)])

    assert run.details == {
        "job": "nightly",
        "stack": "dev",
        "status": "FAILED",
        "exitCode": 3,
        "taskArn": TASK_ARN,
        "startedAt": "2026-11-24T03:16:00.000Z",
        "stoppedAt": "2026-11-24T03:17:00.000Z",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "attempts": 1,
        "logGroup": LOG_GROUP,
        "logStream": "run/job/0123456789abcdef",
        "stopCode": "EssentialContainerExited",
        "reason": "Essential container in task exited",
    }


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        (1795490160000, "2026-11-24T03:16:00.000Z"),
        (1795490160, "2026-11-24T03:16:00.000Z"),
        (1795490160.25, "2026-11-24T03:16:00.250Z"),
        ("2026-11-24T03:16:00.000Z", "2026-11-24T03:16:00.000Z"),
        (-5, None),
        (1e300, None),
        (None, None),
        ([], None),
    ],
)
def test_times_are_read_in_every_form_they_come_in(told: object, understood: str | None, machine_of: MachineOf) -> None:
    run = walk(machine_of(job()), INPUT, [task(0, StartedAt=told)])

    assert run.output.get("startedAt") == understood


@pytest.mark.parametrize("given", [{}, {"scheduledTime": None}, {"scheduledTime": ""}, None, "now", 5, [1]])
def test_a_run_started_by_hand_is_due_when_it_starts(given: object, machine_of: MachineOf) -> None:
    run = walk(machine_of(job(input={"from": "job"})), given, [task(0)])

    assert run.output["scheduledTime"] == "2026-11-24T03:15:02Z"
    assert run.environment(0)["LONGHAUL_SCHEDULED_TIME"] == "2026-11-24T03:15:02Z"
    assert run.environment(0)["LONGHAUL_INPUT"] == '{"from":"job"}'


def test_the_container_learns_what_it_runs_for(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(input={"from": "job"})), INPUT, [task(0)])

    assert run.environment(0) == {
        "LONGHAUL_JOB": "nightly",
        "LONGHAUL_STACK": "dev",
        "LONGHAUL_EXECUTION": EXECUTION["Name"],
        "LONGHAUL_SCHEDULED_TIME": "2026-11-24T03:15:00Z",
        "LONGHAUL_ATTEMPT": "1",
        "LONGHAUL_INPUT": '{"day":"2026-11-23"}',
    }


def test_run_task_is_asked_for_one_task_of_the_exact_revision_on_fargate(machine_of: MachineOf) -> None:
    arguments = walk(machine_of(job()), INPUT, [task(0)]).arguments[0]
    spot = walk(machine_of(job(capacity={"spot": True})), INPUT, [task(0)]).arguments[0]

    assert arguments | {"Overrides": ...} == {
        "Cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev",
        "TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-nightly:7",
        "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}],
        "PlatformVersion": "LATEST",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
                "SecurityGroups": ["sg-0a1b2c3d"],
                "AssignPublicIp": "ENABLED",
            }
        },
        "Group": EXECUTION["Name"],
        "PropagateTags": "TASK_DEFINITION",
        "EnableExecuteCommand": False,
        "Overrides": ...,
    }
    assert spot["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]


def test_starts_are_retried_under_every_name_that_passes_with_full_jitter_and_a_bound(machine_of: MachineOf) -> None:
    definition = machine_of(job(timeout="2h"))
    state = definition["States"][RUN]

    assert definition["QueryLanguage"] == "JSONata"
    assert state["Resource"] == "arn:aws:states:::ecs:runTask.sync"
    assert state["TimeoutSeconds"] == 7200
    (retrier,) = state["Retry"]
    assert {*retrier["ErrorEquals"]} == {
        "AmazonECS.Unknown",
        "ECS.AmazonECSException",
        "ECS.ServerException",
        "ECS.ThrottlingException",
    }
    assert retrier["JitterStrategy"] == "FULL"
    assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"] > 0
    assert 0 < retrier["MaxAttempts"] <= 10
