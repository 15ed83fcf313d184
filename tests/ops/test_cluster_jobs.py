"""What a history tells of a Job in a cluster, whole, cut off or in another form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.advice import advice, in_words
from ops.attempts import Attempt
from ops.cluster_jobs import asked_for, ended, is_job, logs_command, not_known_ended, pods_command, recorded
from ops.course import Course
from ops.spent import of_attempt, spent

# As in https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
STATUS = {"startTime": "2026-11-24T03:15:01Z", "completionTime": "2026-11-24T03:20:00Z", "succeeded": 1}
LOGS = {"pods": {"rollup-1-x7k2p": {"containers": {"job": {"log": "one\ntwo\n"}}}}}
FAILED = {
    "startTime": "2026-11-24T03:15:01Z",
    "conditions": [
        {"type": "FailureTarget", "lastTransitionTime": "2026-11-24T03:19:00Z"},
        {"type": "Failed", "lastTransitionTime": "2026-11-24T03:19:02Z"},
    ],
}


def test_the_events_of_the_integration_are_known() -> None:
    assert is_job({"resourceType": "eks", "resource": "runJob.sync"})
    assert not is_job({"resourceType": "eks", "resource": "call"})
    assert not is_job({"resourceType": "ecs", "resource": "runTask.sync"})


@pytest.mark.parametrize(
    ("parameters", "job"),
    [
        ({"Namespace": "batch", "Job": {"metadata": {"name": "rollup-1"}}}, {"KubernetesJob": "batch/rollup-1"}),
        ({"Job": {"metadata": {"name": "rollup-1"}}}, {"KubernetesJob": "default/rollup-1"}),
        ({"Job": "text"}, {}),
        ({"Job": {"metadata": {}}}, {}),
        ({}, {}),
    ],
)
def test_the_job_that_is_asked_for_is_told(parameters: dict[str, Any], job: dict[str, str]) -> None:
    assert asked_for({"parameters": json.dumps(parameters)}) == job
    assert asked_for({}) == {}


def test_a_job_that_has_ended_tells_when_and_what_it_wrote_last() -> None:
    times = {"StartedAt": "2026-11-24T03:15:01Z", "StoppedAt": "2026-11-24T03:20:00Z"}
    assert ended({"output": json.dumps({"status": STATUS, "logs": LOGS})}) == {**times, "Log": "one\ntwo\n"}
    assert ended({"output": json.dumps({"status": STATUS})}) == times
    beside = {"pods": {"rollup-1-x7k2p": {"containers": {"istio-proxy": {"log": "no\n"}, "job": {"log": "two\n"}}}}}
    assert ended({"output": json.dumps({"status": STATUS, "logs": beside})}) == {**times, "Log": "two\n"}
    failed = {"StartedAt": "2026-11-24T03:15:01Z", "StoppedAt": "2026-11-24T03:19:02Z"}
    assert ended({"cause": json.dumps({"status": FAILED, "logs": LOGS})}) == {**failed, "Log": "one\ntwo\n"}


@pytest.mark.parametrize(
    "cause",
    [
        "Job failed",
        '{"status": {"startTi',
        json.dumps({"ResponseBody": {"kind": "Status"}, "StatusCode": 403}),
        json.dumps({"status": "Failure"}),
        json.dumps({"status": None}),
        json.dumps({"status": {"startTime": 5, "conditions": []}, "logs": {"pods": []}}),
        json.dumps({"status": {}, "logs": {"pods": {"x": {"containers": {"job": {"error": "EKS.403"}}}}}}),
    ],
)
def test_what_is_no_job_tells_nothing(cause: str) -> None:
    assert ended({"cause": cause}) == {}


def test_the_machine_s_record_tells_the_same() -> None:
    record = {"kubernetesJob": "batch/rollup-1", "log": "two\n", "startedAt": "x", "outcome": "Job.TimedOut"}
    assert recorded(record) == {"KubernetesJob": "batch/rollup-1", "Log": "two\n", "StartedAt": "x"}
    assert recorded({"kubernetesJob": "batch/rollup-1", "mayRunOn": True}) == {
        "KubernetesJob": "batch/rollup-1",
        "MayRunOn": True,
    }
    assert recorded({"taskArn": "arn", "startedAt": "x"}) == {}


def attempt(outcome: str, **task: Any) -> Attempt:
    return Attempt(number=1, outcome=outcome, requested=datetime(2026, 11, 24, 3, 15, tzinfo=UTC), task=task)


def test_whose_end_is_not_known_is_the_cluster_s_to_tell() -> None:
    attempts = [
        attempt("Job.ExitedNonZero", KubernetesJob="batch/one"),
        attempt("Job.TimedOut", KubernetesJob="batch/two"),
        attempt("RUNNING", KubernetesJob="batch/three"),
        attempt("ABORTED", KubernetesJob="batch/four"),
        attempt("ABORTED"),
        # The API server was in trouble, before there was a Job or after that; another was seen to end at its deadline.
        attempt("Job.NeverStarted", KubernetesJob="batch/five", MayRunOn=True),
        attempt("Job.Refused", KubernetesJob="batch/six", MayRunOn=False),
        attempt("Job.TimedOut", KubernetesJob="batch/seven", MayRunOn=False),
    ]
    assert not_known_ended(attempts) == ["batch/two", "batch/three", "batch/four", "batch/five"]
    label = "--namespace batch --selector batch.kubernetes.io/job-name=two"
    assert pods_command("batch/two") == f"kubectl get pods {label}"
    assert logs_command("batch/two") == f"kubectl logs {label} --tail -1"


def test_the_time_until_somebody_looked_is_not_the_job_s() -> None:
    told = attempt(
        "SUCCEEDED", KubernetesJob="batch/one", StartedAt="2026-11-24T03:15:01Z", StoppedAt="2026-11-24T03:16:01Z"
    )
    seen = told.requested + timedelta(minutes=5)
    lengths = of_attempt(told, seen)
    assert lengths["running"] == timedelta(minutes=1)
    assert lengths["capacity"] == timedelta(seconds=1)
    course = Course(attempts=(replace(told, ended=seen),), state=None, state_since=None, last_event=seen)
    whole = spent(course, told.requested, seen)
    assert {kind: length for kind, length in whole.items() if length} == {
        "capacity": timedelta(seconds=1),
        "running": timedelta(minutes=1),
        "ending": timedelta(minutes=5) - timedelta(seconds=61),
    }


@pytest.mark.parametrize("what", [{"KubernetesJob": "batch/one"}, {"FunctionArn": "arn:aws:lambda:x:1:function:one:1"}])
@pytest.mark.parametrize("outcome", ["RUNNING", "ABORTED", "Job.TimedOut"])
def test_what_tells_no_beginning_is_not_said_to_wait_for_capacity(outcome: str, what: dict[str, str]) -> None:
    untold = attempt(outcome, **what)
    lengths = of_attempt(untold, untold.requested + timedelta(minutes=3))
    assert (lengths["capacity"], lengths["running"]) == (timedelta(0), timedelta(minutes=3))


def test_what_could_not_be_started_waited_for_capacity() -> None:
    refused = replace(attempt("Job.NeverStarted", FunctionArn="f:1"), start_error="Lambda.TooManyRequestsException")
    lengths = of_attempt(refused, refused.requested + timedelta(seconds=3))
    assert (lengths["capacity"], lengths["running"]) == (timedelta(seconds=3), timedelta(0))


@pytest.mark.parametrize(
    ("outcome", "words", "what"),
    [
        ("Job.TimedOut", "was not done when its `timeout` was over", "whether it ran"),
        ("Job.OutOfMemory", "most likely", "more `memory`"),
        ("Job.Interrupted", "the cluster took its pod away", "Run it again"),
        ("Job.Stopped", "somebody deleted its Job", "Ask in the cluster"),
        ("Job.Refused", "the cluster refused it", "Mend what the reason names"),
        ("Job.Unexplained", "the cluster does not say why", "the namespace's events"),
    ],
)
def test_the_advice_is_for_a_cluster(outcome: str, words: str, what: str) -> None:
    there = attempt(outcome, KubernetesJob="batch/one")
    assert words in in_words(there)
    assert what in (advice(there) or "")
    # Elsewhere it is another one.
    assert in_words(attempt(outcome)) != in_words(there)
    assert advice(attempt(outcome)) != advice(there) or outcome == "Job.OutOfMemory"


def test_a_program_s_exit_code_means_the_same_everywhere() -> None:
    assert in_words(attempt("SUCCEEDED", KubernetesJob="batch/one")) == in_words(attempt("SUCCEEDED"))
