"""What the machine does with every way in which a task can end."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from definitions.machine import machine
from definitions.place import Place
from definitions.run_task import RunTarget
from spec.job import JobSpec
from spec.overrides import input_room
from spec.step_containers import containers
from tests.definitions.endings import (
    CASES,
    DECIDE,
    INPUT,
    LOG,
    NEVER_STARTED,
    PASSING,
    RETRIED,
    RUN,
    SPOT,
    STARTED_AGAIN,
    Case,
)
from tests.definitions.golden_jobs import JOBS
from tests.definitions.samples import LOG_GROUP, TASK_ARN, failed, job, task
from tests.definitions.walker import EXECUTION, Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]


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
        "startRetries": 0,
        "logGroup": LOG_GROUP,
        "logStream": "run/job/0123456789abcdef",
    }


@pytest.mark.parametrize("name", [name for name, of in JOBS.items() if of.run_on.kind not in ("task", "kubernetes")])
def test_its_integrations_are_of_the_partition_that_it_runs_in(name: str, place: Place, target: RunTarget) -> None:
    """https://docs.amazonaws.cn/en_us/step-functions/latest/dg/connect-lambda.html"""
    china = replace(place, partition="aws-cn", region="cn-north-1")
    runs = {container.name: "" for container in containers(JOBS[name])}

    document = json.dumps(machine(JOBS[name], china, target, runs))

    assert '"arn:aws-cn:states:::' in document
    assert "arn:aws:states:::" not in document


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_end_has_its_name_its_sentence_and_its_retries(case: Case, machine_of: MachineOf) -> None:
    patient = job(retries={"attempts": 2, "finalExitCodes": [64, 65]}, startRetries={"attempts": 2}, **case.fields)

    run = walk(machine_of(patient), INPUT, [case.result] * 3)

    starts = 3 if case.retried or case.restarted else 1
    waits = RETRIED if case.retried else STARTED_AGAIN
    assert run.states == [*[RUN, DECIDE, waits] * (starts - 1), RUN, DECIDE, case.state]
    assert run.error == case.error
    assert run.sentence == case.sentence
    assert [run.environment(start)["LONGHAUL_ATTEMPT"] for start in range(starts)] == ["1", "2", "3"][:starts]
    assert run.details["attempts"] == (3 if case.retried else 1)
    assert run.details["startRetries"] == (2 if case.restarted else 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_without_retries_every_end_is_the_end(case: Case, machine_of: MachineOf) -> None:
    run = walk(machine_of(job(startRetries={"attempts": 0}, **case.fields)), INPUT, [case.result])

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
    assert (recovered.output["attempts"], recovered.output["startRetries"]) == (1, 2)
    assert [recovered.environment(start)["LONGHAUL_ATTEMPT"] for start in range(3)] == ["1", "2", "3"]


def test_the_two_budgets_do_not_use_each_other_up(machine_of: MachineOf) -> None:
    patient = job(retries={"attempts": 1}, startRetries={"attempts": 2})

    run = walk(machine_of(patient), INPUT, [PASSING[0], failed(1), SPOT, failed(1)])

    again = [RUN, DECIDE, STARTED_AGAIN, RUN, DECIDE, RETRIED, RUN, DECIDE, STARTED_AGAIN, RUN, DECIDE]
    assert run.states == [*again, "Exited non-zero"]
    assert run.sentence == f"nightly (dev) exited with code 1 after 2 of 2 attempts and 2 of 2 start retries{LOG}"


def test_the_waits_of_start_retries_are_the_jobs_own_to_choose(machine_of: MachineOf) -> None:
    hasty = job(startRetries={"attempts": 4, "interval": "1s", "backoffRate": 3, "maxInterval": "5s"})

    run = walk(machine_of(hasty), INPUT, [PASSING[0]] * 5)

    assert all(0 <= wait <= limit for wait, limit in zip(run.waits, [1, 3, 5, 5], strict=True))


def test_a_timeout_is_retried_only_where_the_job_says_so(machine_of: MachineOf) -> None:
    timeout = Failure("States.Timeout", "")
    patient = machine_of(job(retries={"attempts": 1}))
    retrying = machine_of(job(retries={"attempts": 1, "onTimeout": True}))

    assert walk(patient, INPUT, [timeout]).states == [RUN, DECIDE, "Timed out"]
    assert walk(retrying, INPUT, [timeout, task(0)]).states == [RUN, DECIDE, RETRIED, RUN, DECIDE, "Succeeded"]


@pytest.mark.parametrize("after", [1, 2])
def test_spot_falls_back_to_on_demand_after_as_many_losses_as_the_job_allows(after: int, machine_of: MachineOf) -> None:
    spot = job(capacity={"spot": True, "onDemandAfter": after}, retries={"attempts": 1})
    no_room = failed(StoppedReason="Capacity is unavailable at this time.", **NEVER_STARTED)
    network = failed(StoppedReason="CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout", **NEVER_STARTED)

    run = walk(machine_of(spot), INPUT, [network, failed(1), no_room, SPOT, task(0)])

    providers = [arguments["CapacityProviderStrategy"][0]["CapacityProvider"] for arguments in run.arguments]
    expected = ["FARGATE_SPOT"] * 3 + ["FARGATE" if after == 1 else "FARGATE_SPOT", "FARGATE"]
    assert providers == expected


@pytest.mark.parametrize("text", ["x" * 8000, '"' * 4000, "\n" * 4000])
def test_an_input_that_no_task_could_be_given_is_refused_with_its_size(text: str, machine_of: MachineOf) -> None:
    run = walk(machine_of(job()), {"input": text}, [])

    assert run.states == [RUN, DECIDE, "Refused"]
    assert run.error == "Job.Refused"
    # The same without an input that is too large, and what this one adds to it: text in JSON in JSON.
    others = walk(machine_of(job()), {"input": ""}, [task(0)]).arguments[0]["Overrides"]
    size = len(json.dumps({"containerOverrides": others["ContainerOverrides"]}, separators=(",", ":")))
    measured = size - len(json.dumps(json.dumps(""))) + len(json.dumps(json.dumps(text)))
    assert f"take {measured} of the 8,192 characters that ECS takes" in run.sentence


def test_an_input_that_just_fits_is_run(machine_of: MachineOf) -> None:
    others = walk(machine_of(job()), {"input": ""}, [task(0)]).arguments[0]["Overrides"]
    text = "x" * (8192 - len(json.dumps({"containerOverrides": others["ContainerOverrides"]}, separators=(",", ":"))))

    assert walk(machine_of(job()), {"input": text}, [task(0)]).states[-1] == "Succeeded"
    assert walk(machine_of(job()), {"input": text + "x"}, []).states[-1] == "Refused"


def test_the_room_that_check_counts_with_is_there_for_the_longest_names(machine_of: MachineOf) -> None:
    room = input_room(job(), "dev")
    text = "x" * (room - len(json.dumps(json.dumps(""))) + 2)

    assert walk(machine_of(job()), {"input": text}, [task(0)]).states[-1] == "Succeeded"


def test_a_person_may_give_a_run_another_command_and_more_environment(machine_of: MachineOf) -> None:
    given = {
        "command": ["--day", "2026-11-20"],
        "environment": {"DRY_RUN": "true", "LONGHAUL_JOB": "other", "AWS_X": "1"},
    }

    run = walk(machine_of(job()), given, [task(0)])

    (override,) = run.arguments[0]["Overrides"]["ContainerOverrides"]
    assert override["Command"] == ["--day", "2026-11-20"]
    assert run.environment(0)["DRY_RUN"] == "true"
    assert run.environment(0)["LONGHAUL_JOB"] == "nightly"
    assert "AWS_X" not in run.environment(0)
    assert "Command" not in walk(machine_of(job()), {}, [task(0)]).arguments[0]["Overrides"]["ContainerOverrides"][0]


@pytest.mark.parametrize(
    "given", [{"environment": "x"}, {"environment": {}}, {"environment": None}, {"command": "one"}]
)
def test_whatever_a_person_starts_a_run_with_breaks_nothing(given: Any, machine_of: MachineOf) -> None:
    assert walk(machine_of(job()), given, [task(0)]).states[-1] == "Succeeded"


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
        "startRetries": 0,
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
        "startRetries": 0,
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


def test_the_task_state_itself_retries_nothing_for_each_kind_of_failure_has_its_own_budget(
    machine_of: MachineOf,
) -> None:
    definition = machine_of(job(timeout="2h"))
    state = definition["States"][RUN]

    assert definition["QueryLanguage"] == "JSONata"
    assert state["Resource"] == "arn:aws:states:::ecs:runTask.sync"
    assert state["TimeoutSeconds"] == 7200
    assert "Retry" not in state
