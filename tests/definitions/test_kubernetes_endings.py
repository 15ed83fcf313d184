"""What the machine of a job in a cluster does with every way in which its Job can end."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from spec.job import JobSpec
from tests.definitions.endings import DECIDE, INPUT, RETRIED, RUN, STARTED_AGAIN
from tests.definitions.kubernetes_endings import CASES, NO_JOB, ClusterCase
from tests.definitions.kubernetes_samples import (
    CLUSTER,
    IMAGE,
    LOG,
    cluster_job,
    ended,
    exited,
    refused,
    succeeded,
)
from tests.definitions.test_unreadable_causes import NAMES, causes
from tests.definitions.walker import Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]


@pytest.fixture
def machine_of(place: Place, target: RunTarget) -> MachineOf:
    in_cluster = replace(target, what_runs=IMAGE, eks_cluster=CLUSTER)
    return lambda job: json.loads(json.dumps(state_machine(job, place, in_cluster)))


NAMED_LIKE_TROUBLE = [
    (403, 'jobs.batch is forbidden: User "longhaul-dev-temporary-files-states/x" cannot create resource "jobs" in API'),
    (409, 'jobs.batch "temporary-files-0a1b2c3d" already exists'),
    (422, 'Job.batch "temporary-files-0a1b2c3d" is invalid: spec: Required value'),
]


@pytest.mark.parametrize(("status", "message"), NAMED_LIKE_TROUBLE)
def test_the_name_of_a_job_makes_no_refusal_one_that_passes(status: int, message: str, machine_of: MachineOf) -> None:
    job = cluster_job(name="temporary-files", startRetries={"attempts": 2})

    run = walk(machine_of(job), INPUT, [refused(status, "x", message)])

    assert (run.error, run.states) == ("Job.Refused", [RUN, DECIDE, "Refused"])


def test_of_an_answer_with_details_the_whole_is_told(machine_of: MachineOf) -> None:
    answer = refused(422, "Invalid", 'Job.batch "x" is invalid: spec.template.spec.containers[0].image: Required value')
    cause = json.loads(answer.cause)
    cause["ResponseBody"]["details"] = {"causes": [{"reason": "FieldValueRequired", "message": "Required value"}]}

    run = walk(machine_of(cluster_job()), INPUT, [replace(answer, cause=json.dumps(cause))])

    assert "containers[0].image: Required value" in run.sentence


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_end_has_its_name_its_sentence_and_its_retries(case: ClusterCase, machine_of: MachineOf) -> None:
    patient = cluster_job(retries={"attempts": 2, "finalExitCodes": [64, 65]}, startRetries={"attempts": 2})

    run = walk(machine_of(patient), INPUT, [case.result] * 3)

    starts = 3 if case.retried or case.restarted else 1
    waits = RETRIED if case.retried else STARTED_AGAIN
    names = [arguments["Job"]["metadata"]["name"] for arguments in run.arguments]
    assert run.states == [*[RUN, DECIDE, waits] * (starts - 1), RUN, DECIDE, case.state]
    assert run.error == case.error
    assert run.sentence == case.sentence + ("" if case.sentence.endswith(NO_JOB) else names[-1])
    assert run.details["kubernetesJob"] == f"batch/{names[-1]}"
    assert len(set(names)) == starts
    assert {key: run.details[key] for key in case.details} == case.details
    assert not {"taskArn", "logGroup", "logStream"} & set(run.details)


def test_a_success_says_all_about_the_run(machine_of: MachineOf) -> None:
    run = walk(machine_of(cluster_job()), INPUT, [succeeded()])

    assert run.states == [RUN, DECIDE, "Succeeded"]
    assert run.output == {
        "job": "nightly",
        "stack": "dev",
        "status": "SUCCEEDED",
        "exitCode": 0,
        "kubernetesJob": f"batch/{run.arguments[0]['Job']['metadata']['name']}",
        "startedAt": "2026-11-24T03:16:00Z",
        "stoppedAt": "2026-11-24T03:17:00Z",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "attempts": 1,
        "startRetries": 0,
        "log": LOG,
    }


@pytest.mark.parametrize(
    "result", [{}, {"status": 5}, {"logs": {"pods": {"x": {"containers": {"job": {"log": 5}}}}}}, succeeded(log=None)]
)
def test_a_success_without_a_log_is_one(result: dict[str, Any], machine_of: MachineOf) -> None:
    run = walk(machine_of(cluster_job()), INPUT, [result])

    assert (run.output["status"], run.output["exitCode"]) == ("SUCCEEDED", 0)
    assert "log" not in run.output


def test_a_cause_that_is_cut_off_still_says_why(machine_of: MachineOf) -> None:
    whole = exited(7)
    cut = Failure(whole.error, whole.cause[: whole.cause.index('"logs"') + 60])

    run = walk(machine_of(cluster_job()), INPUT, [cut])

    assert (run.error, run.details["exitCode"]) == ("Job.ExitedNonZero", 7)


def test_a_sentence_alone_says_why_too(machine_of: MachineOf) -> None:
    message = "Container job for pod batch/x failed with exit code 7 matching FailJob rule at index 1"

    run = walk(machine_of(cluster_job()), INPUT, [Failure("States.TaskFailed", message)])

    assert (run.error, run.details["exitCode"]) == ("Job.ExitedNonZero", 7)


SPOKEN = ['"reason":"DeadlineExceeded"', '"message":"Pod a/b has condition DisruptionTarget matching FailJob rule"']


@pytest.mark.parametrize("said", [*SPOKEN, json.dumps({"conditions": SPOKEN}), "\\" + SPOKEN[0]])
def test_what_a_job_writes_to_its_log_is_no_condition(said: str, machine_of: MachineOf) -> None:
    run = walk(machine_of(cluster_job()), INPUT, [exited(7, log=said)])

    assert (run.error, run.details["exitCode"]) == ("Job.ExitedNonZero", 7)


few = settings(max_examples=50)


@few
@given(st.sampled_from(["States.TaskFailed", "EKS.403", "EKS.404", "EKS.500", "EKS.Unknown", "x"]), causes)
@example("States.TaskFailed", exited(3).cause[:-5])
@example("States.TaskFailed", '"message":"Container failed with exit code 999999999 matching FailJob rule')
@example("EKS.404", '"message": ""')
def test_any_failure_ends_under_one_of_our_names(machine_of: MachineOf, error: str, cause: str) -> None:
    run = walk(machine_of(cluster_job()), {}, [Failure(error, cause)] * 11)

    assert run.error in {*NAMES, "Job.TimedOut"}
    assert run.details["status"] == "FAILED"
    assert "\n" not in run.sentence


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
results = st.fixed_dictionaries(
    {}, optional={"status": json_values, "logs": json_values | st.fixed_dictionaries({"pods": json_values})}
)


@few
@given(results)
@example(ended(log="x"))
def test_any_result_of_a_success_is_one(machine_of: MachineOf, result: dict[str, Any]) -> None:
    run = walk(machine_of(cluster_job()), {}, [result])

    assert run.output["exitCode"] == 0
