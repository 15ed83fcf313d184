"""The rows of jobs that run in a cluster: how a Job ends, and what its machine and the stack need there."""

from __future__ import annotations

from pathlib import Path

from definitions import names
from sandbox.faults import (
    FailPull,
    LoseContact,
    LoseHost,
    RefuseCapacity,
    RefuseJob,
    RejectPod,
    RetireTask,
    RunOutOfMemory,
    SpoilCause,
    Throttle,
)
from tests.scenarios.in_cluster.scene import NAMESPACE, POD
from tests.scenarios.in_cluster.steps import (
    its_pod_ends,
    its_pod_runs_on,
    somebody_asks,
    somebody_deletes_the_job,
    somebody_deletes_the_pod,
    starts_again,
    without,
    without_account,
    without_association,
    without_entry,
    without_namespace,
    without_right,
    without_secret,
)
from tests.scenarios.scenario import RETRIES, STARTS_AGAIN, TRIES, End, Scenario, one_run
from tests.scenarios.steps import (
    ENDS_WITH_0_ON_SIGTERM,
    IGNORES_SIGTERM,
    WAITS,
    ends,
    is_ready,
    meets,
    opens,
    stops_execution,
    time_passes,
    time_stands,
)

LEAVE = f"python {Path(__file__).parent.with_name('leave.py')}"
"""Leaves a result, with the rights of the job's role."""

SHORT = {"timeout": "2m"}
TWO_RETRIES = {"retries": {"attempts": 2, "finalExitCodes": [64]}}
TWO_STARTS = {"startRetries": {"attempts": 2}}
# Long enough for whoever sped the clock up to slow it down.
RETRIES_TIMEOUTS = {**SHORT, "retries": {"attempts": 1, "onTimeout": True, "interval": "30m"}}
TAKES_TOO_LONG = [is_ready(), time_passes(120), its_pod_ends]
ABORTED = End(outcome="ABORTED Operator", tasks=[POD], path=[names.RUN])


def ended(outcome: str, state: str, says: str = "", *, attempts: int = 1, start_retries: int = 0) -> End:
    """Each attempt had a Job of its own."""
    return End(
        outcome=outcome,
        attempts=attempts,
        start_retries=start_retries,
        tasks=[POD] * (attempts + start_retries),
        path=[*TRIES, *RETRIES * (attempts - 1), *STARTS_AGAIN * start_retries, state],
        says=says,
    )


def succeeded(says: str = "", *, attempts: int = 1, start_retries: int = 0) -> End:
    return ended("SUCCEEDED", "Succeeded", says, attempts=attempts, start_retries=start_retries)


def exited(says: str = "", *, attempts: int = 1) -> End:
    return ended("Job.ExitedNonZero", "Exited non-zero", says, attempts=attempts)


def timed_out(says: str = "") -> End:
    return ended("Job.TimedOut", "Timed out", says)


def refused(says: str) -> End:
    return ended("Job.Refused", "Refused", says)


def unexplained(says: str = "") -> End:
    return ended("Job.Unexplained", "Failed without a reason", says)


PROGRAM = [
    one_run("the job exits with 0", succeeded('"log":"done\\n"'), script="echo done"),
    one_run("the job exits with 3", exited("exited with code 3 after 1 attempt"), script="echo bad; exit 3"),
    one_run("the job exits with 3 at each of three attempts", exited(attempts=3), job=TWO_RETRIES, script="exit 3"),
    one_run(
        "the job exits with 3 at its first attempt",
        succeeded(attempts=2),
        job=TWO_RETRIES,
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
    ),
    one_run(
        "the job exits with a code that is final",
        exited("exited with code 64, which is never retried, after 1 of 3 attempts"),
        job=TWO_RETRIES,
        script="exit 64",
    ),
    one_run("the command is not in the image", exited("code 128"), job={"entrypoint": ["no-such-program"]}),
    one_run(
        "the job runs out of memory",
        ended("Job.OutOfMemory", "Ran out of memory", "(exit code 137)"),
        script=WAITS,
        before=[meets(RunOutOfMemory, once_said="ready")],
    ),
    one_run(
        "the job takes too long",
        timed_out("ran longer than its timeout of 2m"),
        job=SHORT,
        script=WAITS,
        after=TAKES_TOO_LONG,
    ),
    one_run(
        "the job takes too long, and ends well when it is told to",
        timed_out(),
        job=SHORT,
        script=ENDS_WITH_0_ON_SIGTERM,
        after=TAKES_TOO_LONG,
    ),
    one_run(
        "the job takes too long, and does not end when it is told to",
        timed_out(),
        job=SHORT,
        script=IGNORES_SIGTERM,
        after=TAKES_TOO_LONG,
    ),
    one_run(
        "the job takes too long, which is to be retried",
        succeeded(attempts=2),
        job=RETRIES_TIMEOUTS,
        script=WAITS,
        after=[*TAKES_TOO_LONG, opens()],
    ),
    one_run(
        "the job leaves a result",
        End(
            outcome="SUCCEEDED",
            attempts=1,
            start_retries=0,
            tasks=[POD],
            path=[names.RUN, names.READ_RESULT, "Succeeded"],
            says='"result":{"rows":896}',
        ),
        job={"results": True},
        script=f"""{LEAVE} '{{"rows": 896}}'""",
    ),
    one_run(
        "a step in the cluster gets what the one before it left",
        End(
            outcome="SUCCEEDED",
            tasks=[POD] * 2,
            path=["Which step is first?", "Run first", "Read first's result", "Run second", "Succeeded"],
        ),
        job={
            "steps": [
                {"name": "first", "input": f"{LEAVE} 7", "results": True},
                {"name": "second", "input": "{% '[ ' & $string($first) & ' = 7 ]' %}"},
            ]
        },
    ),
]

PODS = [
    one_run("the image is never there", timed_out(), job=SHORT, before=[meets(FailPull)]),
    one_run("the image comes later", succeeded(), job=SHORT, before=[meets(FailPull, first=2)]),
    one_run("no node ever has room", timed_out(), job=SHORT, before=[meets(RefuseCapacity)]),
    one_run("a node has room later", succeeded(), job=SHORT, before=[meets(RefuseCapacity, first=3)]),
    one_run(
        "a Secret is not there",
        timed_out(),
        job={**SHORT, "secrets": {"TOKEN": {"from": "warehouse", "key": "token"}}},
        before=[without_secret],
    ),
    one_run(
        "a Secret is a variable of the job",
        succeeded(),
        job={"secrets": {"TOKEN": {"from": "token", "key": "value"}}},
        script="[ $TOKEN = sandbox ]",
    ),
    one_run("the service account is not there", timed_out(), job=SHORT, before=[without_account]),
    one_run(
        "the node is drained",
        succeeded(start_retries=1),
        script=WAITS,
        before=[meets(RetireTask, once_said="ready", first=1)],
        after=[starts_again, opens()],
    ),
    one_run(
        "the node is lost at each start",
        ended("Job.Interrupted", "Interrupted", start_retries=2),
        job=TWO_STARTS,
        script=WAITS,
        before=[meets(LoseHost, once_said="ready")],
    ),
    one_run(
        "a node does not take the pod",
        unexplained("Job has reached the specified backoff limit"),
        before=[meets(RejectPod)],
    ),
    one_run(
        "somebody deletes the pod",
        exited("exited with code 143"),
        script=WAITS,
        after=[is_ready(), somebody_deletes_the_pod],
    ),
    one_run(
        "somebody deletes the pod, whose program ends well when it is told to",
        succeeded(),
        script=ENDS_WITH_0_ON_SIGTERM,
        after=[is_ready(), somebody_deletes_the_pod],
    ),
]

API_SERVER = [
    one_run(
        "nothing is heard of an end",
        timed_out(),
        job=SHORT,
        script=WAITS,
        before=[meets(LoseContact)],
        after=[is_ready(), time_passes(120 + 900), opens(), ends()],
    ),
    one_run("the API server is in trouble, twice", succeeded(start_retries=2), before=[meets(RefuseJob, first=2)]),
    one_run(
        "the namespace's quota is used up",
        ended("Job.NeverStarted", "Never started", "exceeded quota", start_retries=2),
        job=TWO_STARTS,
        before=[
            meets(RefuseJob, status=403, reason="Forbidden", message='jobs.batch "x" is forbidden: exceeded quota: q')
        ],
    ),
    one_run(
        "an admission policy does not take the Job",
        refused("EKS.422"),
        before=[meets(RefuseJob, status=422, reason="Invalid", message='Job.batch "x" is invalid: not here')],
    ),
    one_run(
        "the attempt has a Job already",
        refused("this attempt has a Job in the cluster already"),
        before=[
            meets(RefuseJob, status=409, reason="AlreadyExists", message='jobs.batch "x" already exists', made=True)
        ],
        after=[ends(), its_pod_ends],
    ),
    one_run(
        "the API server is busy",
        succeeded(start_retries=1),
        before=[time_stands, meets(Throttle, a_second=1), somebody_asks],
    ),
    one_run("the Cause is no JSON", unexplained(), script="exit 3", before=[meets(SpoilCause)]),
    one_run(
        "the Cause has no conditions",
        unexplained(),
        script="exit 3",
        before=[meets(SpoilCause, into="no-containers")],
    ),
]

RIGHTS = [
    one_run(
        "the job's role is given to no pod any more",
        exited("NoCredentialsError"),
        job={"results": True},
        script=f"{LEAVE} 7",
        before=[without_association],
    ),
    one_run("nobody knows the machine's role", refused("access entry"), before=[without_entry]),
    one_run("the Role is gone", refused('cannot create resource \\"jobs\\"'), before=[without("Role")]),
    one_run("the RoleBinding is gone", refused("EKS.403"), before=[without("RoleBinding")]),
    one_run("the right to create Jobs is gone", refused("EKS.403"), before=[without_right("create", "jobs")]),
    one_run(
        "the right to look at Jobs is gone",
        refused('cannot get resource \\"jobs\\"'),
        before=[without_right("get", "jobs")],
    ),
    one_run(
        "the right to list pods is gone: the log is missed, and nothing else",
        succeeded(),
        script="echo done",
        before=[without_right("list", "pods")],
    ),
    one_run(
        "the right to read logs is gone: the log is missed, and nothing else",
        exited(),
        script="echo bad; exit 3",
        before=[without_right("get", "pods/log")],
    ),
    one_run("the namespace is gone", refused(f"a namespace {NAMESPACE}"), before=[without_namespace]),
]

STOPPED = [
    one_run(
        "somebody deletes the Job",
        ended("Job.Stopped", "Stopped"),
        script=WAITS,
        after=[is_ready(), somebody_deletes_the_job],
    ),
    one_run("somebody stops the run", ABORTED, script=WAITS, after=[is_ready(), stops_execution(), its_pod_ends]),
    one_run(
        "somebody stops the run, and its role may not delete Jobs",
        ABORTED,
        script=WAITS,
        before=[without_right("delete", "jobs")],
        after=[is_ready(), stops_execution(), its_pod_runs_on, opens(), its_pod_ends],
    ),
]

SCENARIOS: list[Scenario] = [*PROGRAM, *PODS, *API_SERVER, *RIGHTS, *STOPPED]
