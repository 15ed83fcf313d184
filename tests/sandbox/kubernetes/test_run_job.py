"""eks:runJob.sync. https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.kubernetes.conftest import NAMESPACE, Place, api_error, conditions, failed
from tests.sandbox.step_functions.conftest import Run

FAIL_ON_EXIT = {
    "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}}]}
}
LOGS = {"RetrieveLogs": True, "RawLogs": True}


def log(job: dict[str, Any]) -> Any:
    """The log of the one container in a result."""
    (pod,) = job["logs"]["pods"].values()
    return pod["containers"]["job"]


def test_the_result_is_the_job_that_is_complete(place: Place) -> None:
    job = place.job("true")
    run = place.run(job)
    assert (run.output["kind"], run.output["metadata"]["name"]) == ("Job", job["metadata"]["name"])
    assert run.output["status"]["succeeded"] == 1
    assert conditions(run.output) == [
        ("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
        ("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
    ]
    assert "logs" not in run.output
    assert run.types == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    (scheduled,) = run.details("TaskScheduled")
    assert (scheduled["resourceType"], scheduled["resource"]) == ("eks", "runJob.sync")


def test_the_end_is_learnt_by_a_poll_once_a_minute(place: Place) -> None:
    run = place.run(place.job("true"))
    assert run.times("TaskSucceeded")[0] - run.times("TaskSubmitted")[0] >= 60


def test_an_exit_code_is_in_the_condition_of_a_failure_policy(place: Place) -> None:
    job = failed(place.run(place.job("sh", "-c", "exit 42", spec=FAIL_ON_EXIT), log=LOGS))
    (pod,) = job["logs"]["pods"]
    why = f"Container job for pod {NAMESPACE}/{pod} failed with exit code 42 matching FailJob rule at index 0"
    assert conditions(job) == [("FailureTarget", "PodFailurePolicy", why), ("Failed", "PodFailurePolicy", why)]
    assert job["status"]["failed"] == 1


def test_without_a_failure_policy_nothing_says_the_exit_code(place: Place) -> None:
    job = failed(place.run(place.job("sh", "-c", "exit 42")))
    assert conditions(job)[-1] == ("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    assert "42" not in json.dumps(job["status"])


def test_a_failed_pod_is_replaced_as_often_as_the_backoff_limit_says(place: Place) -> None:
    job = failed(place.run(place.job("false", spec={"backoffLimit": 2}), log=LOGS))
    assert job["status"]["failed"] == 3
    assert len(job["logs"]["pods"]) == 3


def test_a_command_that_is_not_there_is_exit_code_128(place: Place) -> None:
    job = failed(place.run(place.job("no-such-program", spec=FAIL_ON_EXIT)))
    assert "failed with exit code 128 " in conditions(job)[-1][2]


def test_logs_are_text_or_parsed_and_limited(place: Place) -> None:
    write = place.job("sh", "-c", "echo one; echo two; echo '{\"rows\": 3}'")
    assert log(place.run(write, log=LOGS).output)["log"] == 'one\ntwo\n{"rows": 3}\n'
    tail = {"LogParameters": {"tailLines": ["1"]}}
    again = {**write, "metadata": {"name": f"job-{secrets.token_hex(6)}"}}
    assert log(place.run(again, log={"RetrieveLogs": True, **tail}).output)["log"] == {"rows": 3}
    # The beginning of the last lines, as limitBytes cuts what is handed out.
    cut = {"LogParameters": {"tailLines": ["2"], "limitBytes": ["3"]}}
    third = {**write, "metadata": {"name": f"job-{secrets.token_hex(6)}"}}
    assert log(place.run(third, log={**LOGS, **cut}).output)["log"] == "two"


def test_more_log_than_a_result_holds_fails_the_task(place: Place) -> None:
    write = place.job("sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x")
    assert place.run(write, log=LOGS).failure[0] == "States.DataLimitExceeded"


def test_a_cause_is_cut(place: Place) -> None:
    write = place.job("sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; exit 1")
    error, cause = place.run(write, log=LOGS).failure
    assert (error, len(cause)) == ("States.TaskFailed", 32_768)


def test_a_job_over_its_deadline_loses_its_pod_and_the_log(place: Place) -> None:
    job = place.job("sh", "-c", "echo begun; sleep 600", spec={"activeDeadlineSeconds": 100})
    run = place.machines.start(place.states(job, log=LOGS))
    job_run = place.running(run, job["metadata"]["name"])
    place.aws.clock.speed = 1000.0
    try:
        assert job_run.over.wait(120)
    finally:
        place.aws.clock.speed = 1.0
    ended = failed(place.machines.play(run))
    why = ("DeadlineExceeded", "Job was active longer than specified deadline")
    assert conditions(ended) == [("FailureTarget", *why), ("Failed", *why)]
    assert ended["logs"] == {"pods": {}}


def test_a_pod_s_own_deadline_ends_it_with_the_signal_s_exit_code(place: Place) -> None:
    own = {"activeDeadlineSeconds": 100, "shareProcessNamespace": True}
    job = place.job("sh", "-c", "exec sleep 600", spec=FAIL_ON_EXIT, pod=own)
    run = place.machines.start(place.states(job))
    job_run = place.running(run, job["metadata"]["name"])
    place.aws.clock.speed = 1000.0
    try:
        assert job_run.over.wait(120)
    finally:
        place.aws.clock.speed = 1.0
    assert "failed with exit code 143 " in conditions(failed(place.machines.play(run)))[-1][2]


def test_the_first_process_ignores_a_signal_that_it_has_no_handler_for(place: Place) -> None:
    """As process 1 of its container: it is killed when its time is over."""
    job = place.job("sh", "-c", "exec sleep 600", spec=FAIL_ON_EXIT, pod={"activeDeadlineSeconds": 100})
    run = place.machines.start(place.states(job))
    job_run = place.running(run, job["metadata"]["name"])
    place.aws.clock.speed = 1000.0
    try:
        assert job_run.over.wait(120)
    finally:
        place.aws.clock.speed = 1.0
    # Where the sandbox cannot see what a process catches, it tells it.
    code = 137 if Path("/proc/self/status").exists() else 143
    assert f"failed with exit code {code} " in conditions(failed(place.machines.play(run)))[-1][2]


@pytest.mark.parametrize("trap", ["exit 0", "", None], ids=["ends on SIGTERM", "ignores SIGTERM", "has no handler"])
def test_a_stopped_execution_deletes_the_job(place: Place, trap: str | None) -> None:
    handler = "" if trap is None else f"trap '{trap}' TERM; "
    loop = f"{handler}echo ready; while true; do sleep 0.1; done"
    job = place.job("sh", "-c", loop, pod={"terminationGracePeriodSeconds": 1})
    name = job["metadata"]["name"]
    run = place.machines.start(place.states(job))
    job_run = place.running(run, name)
    place.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert job_run.over.wait(120)
    assert place.cluster.job_run(NAMESPACE, name) is None
    assert place.machines.play(run).status == "ABORTED"


def test_a_timeout_deletes_the_job(place: Place) -> None:
    job = place.job("sleep", "600")
    run = place.machines.start(place.states(job, fields={"TimeoutSeconds": 30}))
    job_run = place.running(run, job["metadata"]["name"])
    place.aws.clock.speed = 1000.0
    try:
        assert job_run.over.wait(120)
    finally:
        place.aws.clock.speed = 1.0
    assert place.machines.play(run).failure == ("States.Timeout", None)


def test_a_job_that_is_done_before_anybody_asks_is_a_timeout_all_the_same(place: Place) -> None:
    assert place.run(place.job("true"), fields={"TimeoutSeconds": 30}).failure == ("States.Timeout", None)


def test_a_name_that_is_taken_is_a_conflict(place: Place) -> None:
    job = place.job("true")
    name = job["metadata"]["name"]
    assert place.run(job).status == "SUCCEEDED"
    assert api_error(place.run(job)) == ("EKS.409", f'jobs.batch "{name}" already exists')


def test_a_namespace_that_is_not_there_has_no_role(place: Place) -> None:
    assert place.run(place.job("true"), Namespace="nowhere").failure[0] == "EKS.403"


def test_a_job_that_somebody_deletes_is_not_found(place: Place) -> None:
    job = place.job("sleep", "600")
    name = job["metadata"]["name"]
    run = place.machines.start(place.states(job))
    job_run = place.running(run, name)
    user = place.cluster.user(place.role_arn, "somebody")
    place.cluster.delete_job(user, NAMESPACE, name)
    assert job_run.over.wait(120)
    assert api_error(place.machines.play(run)) == ("EKS.404", f'jobs.batch "{name}" not found')


def test_a_job_that_is_cleaned_up_before_anybody_asks_is_not_found(place: Place) -> None:
    assert place.run(place.job("true", spec={"ttlSecondsAfterFinished": 30})).failure[0] == "EKS.404"


def test_a_job_may_come_as_text(place: Place) -> None:
    assert place.run(json.dumps(place.job("true"))).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"Endpoint": "https://elsewhere.eu-west-1.eks.amazonaws.com"}, "no such host"),
        ({"ClusterName": "elsewhere"}, "no such host"),
        ({"CertificateAuthority": "b3RoZXI="}, "unable to find valid certification path"),
    ],
)
def test_what_is_not_the_cluster_is_not_reached(place: Place, wrong: dict[str, str], cause: str) -> None:
    error, found = place.run(place.job("true"), **wrong).failure
    assert error == "EKS.SdkClientException"
    assert cause in found


def test_a_cluster_without_a_public_endpoint_is_not_reached(place: Place) -> None:
    private = place.aws.kubernetes.add_cluster(f"private-{secrets.token_hex(6)}", is_public=False)
    where = {"ClusterName": private.name, "Endpoint": private.endpoint, "CertificateAuthority": private.certificate}
    assert place.run(place.job("true"), **where).failure[0] == "EKS.SdkClientException"


def test_a_machine_without_a_required_argument_is_refused(place: Place) -> None:
    states = place.states(place.job("true"))
    del states["Run"]["Arguments"]["Endpoint"]
    with pytest.raises(Exception, match="The field 'Endpoint' is required but was missing"):
        place.machines.create(states)
    states = place.states(place.job("true"), JobName="x")
    with pytest.raises(Exception, match="The field 'JobName' is not supported by Step Functions"):
        place.machines.create(states)


def test_the_first_poll_is_a_minute_and_later_ones_are_five(place: Place) -> None:
    """A Job that waits for an hour for its Secret is asked for ten times, then every five minutes."""
    reference = {"secretKeyRef": {"name": "late", "key": "token"}}
    job = place.job("true", env=[{"name": "TOKEN", "valueFrom": reference}], spec={"activeDeadlineSeconds": 630})
    run: Run = place.run(job)
    waited = run.times("TaskFailed")[0] - run.times("TaskSubmitted")[0]
    # Polls at 60 ... 600 and 900 seconds; it ended at 630.
    assert 900 <= waited < 910
