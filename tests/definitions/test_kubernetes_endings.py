"""What the machine of a job in a cluster does with every way in which its Job can end."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from definitions.place import Place
from definitions.state_machine import RunTarget, state_machine
from spec.job import JobSpec
from tests.definitions.kubernetes_samples import (
    CLUSTER,
    IMAGE,
    LOG,
    at_deadline,
    cluster_job,
    disrupted,
    ended,
    exited,
    failed,
    refused,
    succeeded,
)
from tests.definitions.strategies import unhurried
from tests.definitions.test_unreadable_causes import NAMES, causes
from tests.definitions.walker import Failure, walk

MachineOf = Callable[[JobSpec], dict[str, Any]]

INPUT = {"scheduledTime": "2026-11-24T03:15:00Z", "input": {"day": "2026-11-23"}}
RUN, DECIDE = "Run the job", "How did it end?"
RETRIED = "Wait before the next attempt"
STARTED_AGAIN = "Wait before starting again"

NO_JOB = "; there is no Job of it in the cluster"
USED_UP = "in attempt 1 of 3 and 2 of 2 start retries"
FORBIDDEN = (
    'jobs.batch is forbidden: User "arn:aws:sts::123456789012:assumed-role/machine/x" cannot {verb} resource "jobs" in '
    'API group "batch" in the namespace "batch"'
)
KUBECTL = "kubectl logs --namespace batch job/"
RIGHTS = "(its rights in the cluster are given by ./longhaul render nightly --stack dev --document kubernetes | "


@pytest.fixture
def machine_of(place: Place, target: RunTarget) -> MachineOf:
    in_cluster = replace(target, what_runs=IMAGE, eks_cluster=CLUSTER)
    return lambda job: json.loads(json.dumps(state_machine(job, place, in_cluster)))


@dataclass(frozen=True)
class Case:
    """One way to end, and what is expected of a job that has two retries of each kind.

    `retried`: on the job's own budget. `restarted`: on the infrastructure's. `sentence` without the Job's name, which
    is its end when there may be one.
    """

    name: str
    result: dict[str, Any] | Failure
    error: str
    state: str
    sentence: str
    retried: bool = False
    restarted: bool = False
    details: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        "a bug in the job",
        exited(3),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 3 after 3 of 3 attempts; {KUBECTL}",
        retried=True,
        details={
            "exitCode": 3,
            "startedAt": "2026-11-24T03:16:00Z",
            "stoppedAt": "2026-11-24T03:17:00Z",
            "log": LOG,
        },
    ),
    Case(
        "an exit code that is final",
        exited(64),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 64, which is never retried, after 1 of 3 attempts; {KUBECTL}",
    ),
    Case(
        "killed, which is out of memory as a rule",
        exited(137),
        "Job.OutOfMemory",
        "Ran out of memory",
        "nightly (dev) was killed, most likely for want of more than its 512 MiB of memory (exit code 137) after 3 of "
        f"3 attempts; {KUBECTL}",
        retried=True,
    ),
    Case(
        "not done at its deadline",
        at_deadline(),
        "Job.TimedOut",
        "Timed out",
        "nightly (dev) ran longer than its timeout of 1h30m, its start included, in attempt 1 of 3 and was stopped; "
        f"{KUBECTL}",
    ),
    Case(
        "not even ended after its deadline",
        Failure("States.Timeout", ""),
        "Job.TimedOut",
        "Timed out",
        "nightly (dev) ran longer than its timeout of 1h30m, its start included, in attempt 1 of 3 and was stopped; "
        f"{KUBECTL}",
    ),
    Case(
        "the cluster took its pod away",
        disrupted(),
        "Job.Interrupted",
        "Interrupted",
        f"nightly (dev) lost its machine before it finished {USED_UP}: DisruptionTarget (Pod "
        "batch/nightly-0a1b2c3d-x7k2p has condition DisruptionTarget matching FailJob rule at index 0); "
        f"{KUBECTL}",
        restarted=True,
        details={"stopCode": "DisruptionTarget"},
    ),
    Case(
        "failed, and no rule says why",
        failed("BackoffLimitExceeded", "Job has reached the specified backoff limit", log=None),
        "Job.Unexplained",
        "Failed without a reason",
        "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (Job has reached the specified backoff "
        f"limit); {KUBECTL}",
        retried=True,
        details={"stoppedAt": "2026-11-24T03:17:00Z"},
    ),
    Case(
        "somebody deleted its Job",
        refused(404, "NotFound", 'jobs.batch "nightly-0a1b2c3d" not found'),
        "Job.Stopped",
        "Stopped",
        "nightly (dev) was stopped by a person or a tool in attempt 1 of 3 (jobs.batch "
        f'"nightly-0a1b2c3d" not found){NO_JOB}',
    ),
    Case(
        "the cluster does not know the machine",
        refused(401, "Unauthorized", "Unauthorized"),
        "Job.Refused",
        "Refused",
        "nightly (dev) was refused in attempt 1 of 3: EKS.401 (Unauthorized (the cluster does not know the role of the "
        # It may have known it when the Job was made.
        f"state machine: has somebody removed its access entry?)); {KUBECTL}",
    ),
    Case(
        "RBAC lets it create no Job",
        refused(403, "Forbidden", FORBIDDEN.format(verb="create")),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused in attempt 1 of 3: EKS.403 ({FORBIDDEN.format(verb='create')} "
        f"{RIGHTS}kubectl apply -f -)){NO_JOB}",
    ),
    Case(
        "RBAC lets it create a Job and not look at it",
        refused(403, "Forbidden", FORBIDDEN.format(verb="get")),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused in attempt 1 of 3: EKS.403 ({FORBIDDEN.format(verb='get')} "
        f"{RIGHTS}kubectl apply -f -)); {KUBECTL}",
    ),
    Case(
        "no such namespace",
        refused(404, "NotFound", 'namespaces "batch" not found'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.404 (namespaces "batch" not found (there must be a namespace '
        f"batch in the cluster)){NO_JOB}",
    ),
    Case(
        "asked for twice",
        refused(409, "AlreadyExists", 'jobs.batch "nightly-0a1b2c3d" already exists'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.409 (jobs.batch "nightly-0a1b2c3d" already exists (this '
        f"attempt has a Job in the cluster already, which may be running)); {KUBECTL}",
    ),
    Case(
        "a Job that is none",
        refused(422, "Invalid", 'Job.batch "nightly-0a1b2c3d" is invalid: spec: Required value'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.422 (Job.batch "nightly-0a1b2c3d" is invalid: spec: Required '
        f"value){NO_JOB}",
    ),
    Case(
        "no room in the namespace, once too often",
        refused(403, "Forbidden", 'jobs.batch "nightly-0a1b2c3d" is forbidden: exceeded quota: batch'),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.403 (jobs.batch "
        f'"nightly-0a1b2c3d" is forbidden: exceeded quota: batch){NO_JOB}',
        restarted=True,
    ),
    Case(
        "others use the namespace's quota in the same instant, once too often",
        refused(
            409,
            "Conflict",
            'Operation cannot be fulfilled on resourcequotas "batch": the object has been modified; please apply your '
            "changes to the latest version and try again",
        ),
        "Job.NeverStarted",
        "Never started",
        f'nightly (dev) never started {USED_UP}: EKS.409 (Operation cannot be fulfilled on resourcequotas "batch": the '
        f"object has been modified; please apply your changes to the latest version and try again); {KUBECTL}",
        restarted=True,
    ),
    Case(
        "an admission policy that takes no such Job",
        refused(403, "Forbidden", 'admission webhook "policy.example.com" denied the request: no limits'),
        "Job.Refused",
        "Refused",
        "nightly (dev) was refused in attempt 1 of 3: EKS.403 (admission webhook "
        f'"policy.example.com" denied the request: no limits){NO_JOB}',
    ),
    Case(
        "too many requests, once too often",
        refused(429, "TooManyRequests", "Too many requests, please try again later."),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.429 (Too many requests, please try again later.); {KUBECTL}",
        restarted=True,
    ),
    Case(
        "an API server in trouble, once too often",
        Failure("EKS.503", ""),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.503 (AWS gave no reason); {KUBECTL}",
        restarted=True,
    ),
    Case(
        "an API server that cannot be reached, once too often",
        Failure("EKS.Unknown", "Connect to https://x.eks.amazonaws.com:443 failed: Connection timed out"),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.Unknown (Connect to "
        f"https://x.eks.amazonaws.com:443 failed: Connection timed out); {KUBECTL}",
        restarted=True,
    ),
    Case(
        "more than Step Functions takes",
        Failure("States.DataLimitExceeded", "The state/task returned a result with a size exceeding the maximum"),
        "Job.Unexplained",
        "Failed without a reason",
        "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (The state/task returned a result with a "
        f"size exceeding the maximum); {KUBECTL}",
        retried=True,
    ),
]


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
def test_each_end_has_its_name_its_sentence_and_its_retries(case: Case, machine_of: MachineOf) -> None:
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


few = settings(unhurried, max_examples=50)


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
