"""What happens to runs in a cluster, row by row, and what is expected of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from definitions import names
from sandbox.faults import (
    FailPull,
    Fault,
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
from sandbox.kubernetes.pod import DELETED
from tests.scenarios.in_cluster.scene import NAMESPACE, RIGHTS, Fields, Scene

Step = Callable[[Scene], None]
TRIES = (names.RUN, names.DECIDE)
RETRIES = (names.WAIT_TO_RETRY, *TRIES)
STARTS_AGAIN = (names.WAIT_TO_START, *TRIES)

WAITS = "echo ready; until [ -e GATE ]; do sleep 0.02; done"
ENDS_WITH_0_ON_SIGTERM = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done"
IGNORES_SIGTERM = "trap '' TERM; echo ready; while :; do sleep 0.02; done"
_FAST = 300.0

LEAVE = f"python {Path(__file__).parent.with_name('leave.py')}"
"""Leaves a result, with the rights of the job's role."""

SHORT = {"timeout": "2m"}
TWO_RETRIES = {"retries": {"attempts": 2, "finalExitCodes": [64]}}
TWO_STARTS = {"startRetries": {"attempts": 2}}
# Long enough for whoever sped the clock up to slow it down.
RETRIES_TIMEOUTS = {**SHORT, "retries": {"attempts": 1, "onTimeout": True, "interval": "30m"}}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        name: what happens.
        job: the fields of its job.
        script: what its container does.
        before: what is so when the run starts.
        after: what happens then, in order; the run goes on to its end afterwards.
        outcome: the execution's error, the status in its output, or ABORTED.
        attempts, start_retries: what it tells of both budgets; None where it tells nothing.
        jobs: how many Jobs it asked for.
        path: the states that it passed.
        says: a part of its output, or of its cause.
        runs_on: whether a Pod of it runs when it has ended.
    """

    name: str
    job: Fields = field(default_factory=dict)
    script: str = "exit 0"
    before: Sequence[Step] = ()
    after: Sequence[Step] = ()
    outcome: str
    attempts: int | None = 1
    start_retries: int | None = 0
    jobs: int = 1
    path: Sequence[str]
    says: str = ""
    runs_on: bool = False


def meets(fault: type[Fault], **settings: Any) -> Step:
    """From now on the job's Pods meet a fault."""
    return lambda scene: scene.aws.faults.add(fault(of=scene.family, **settings)) and None


def is_ready(scene: Scene) -> None:
    """Its container runs, and has come to where it waits."""
    scene.until(scene.is_ready, "it is ready")


def opens(scene: Scene) -> None:
    """What its container waits for has come."""
    scene.gate.touch()


def time_passes(seconds: float) -> Step:
    """So much of it while containers run, over which the clock does not jump."""

    def step(scene: Scene) -> None:
        scene.clock.speed = _FAST
        scene.clock.wait(scene.clock.now() + seconds)
        scene.clock.speed = 1

    return step


def time_stands(scene: Scene) -> None:
    """From now on it passes only where nothing works."""
    scene.clock.speed = 1e-6


def somebody_asks(scene: Scene) -> None:
    """Another request has taken what the API server answers in a second."""
    assert not scene.aws.faults.api_is_busy(scene.family)


def starts_again(scene: Scene) -> None:
    """It has asked for a second Job."""
    scene.until(lambda: len(scene.names()) == 2 and scene.is_ready(), "it tries again")


def without_entry(scene: Scene) -> None:
    """Somebody deletes the access entry of the machine's role."""
    eks, role = scene.aws.client("eks"), scene.stack.role(scene.job)
    place = {"clusterName": scene.stack.cluster.name, "principalArn": role}
    entry = eks.describe_access_entry(**place)["accessEntry"]
    eks.delete_access_entry(**place)
    scene.back.callback(
        eks.create_access_entry, **place, kubernetesGroups=entry["kubernetesGroups"], tags=entry["tags"]
    )


def without(kind: str) -> Step:
    """Somebody deletes an object of the cluster that the stack's rights are made of."""

    def step(scene: Scene) -> None:
        objects = scene.stack.cluster.objects
        found = objects.find(kind, NAMESPACE, RIGHTS)
        objects.remove(kind, NAMESPACE, RIGHTS)
        scene.back.callback(objects.apply, json.dumps(found))

    return step


def without_right(verb: str, resource: str) -> Step:
    """Somebody takes a right out of the stack's Role."""

    def step(scene: Scene) -> None:
        objects = scene.stack.cluster.objects
        found = objects.find("Role", NAMESPACE, RIGHTS)
        assert found is not None
        less = json.loads(json.dumps(found))
        for rule in less["rules"]:
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
        less["rules"] = [rule for rule in less["rules"] if rule["verbs"]]
        assert less != found
        objects.apply(json.dumps(less))
        scene.back.callback(objects.apply, json.dumps(found))

    return step


def without_account(scene: Scene) -> None:
    """Somebody deletes the job's service account."""
    objects = scene.stack.cluster.objects
    found = objects.find("ServiceAccount", NAMESPACE, scene.job)
    objects.remove("ServiceAccount", NAMESPACE, scene.job)
    scene.back.callback(objects.apply, json.dumps(found))


def without_association(scene: Scene) -> None:
    """Somebody deletes what gives the job's role to its pods."""
    eks, cluster = scene.aws.client("eks"), scene.stack.cluster.name
    place = {"clusterName": cluster, "namespace": NAMESPACE, "serviceAccount": scene.job}
    (found,) = eks.list_pod_identity_associations(**place)["associations"]
    one = {"clusterName": cluster, "associationId": found["associationId"]}
    told = eks.describe_pod_identity_association(**one)["association"]
    eks.delete_pod_identity_association(**one)
    # Pulumi would not find the new one at the end: it has another id.
    scene.back.callback(eks.create_pod_identity_association, **place, roleArn=told["roleArn"])


def without_namespace(scene: Scene) -> None:
    """The namespace is gone, and a role for all namespaces lets the machine's role in."""
    objects = scene.stack.cluster.objects
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": RIGHTS}
    everywhere = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "everywhere"}}
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "everywhere"}
    objects.apply(json.dumps({**everywhere, "kind": "ClusterRole", "rules": rules}))
    objects.apply(json.dumps({**everywhere, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [group]}))
    namespace = objects.find("Namespace", "", NAMESPACE)
    objects.remove("Namespace", "", NAMESPACE)
    scene.back.callback(objects.apply, json.dumps(namespace))
    scene.back.callback(objects.remove, "ClusterRoleBinding", "", "everywhere")


def somebody_deletes_the_job(scene: Scene) -> None:
    """With kubectl."""
    cluster, job = scene.stack.cluster, scene.latest()
    assert job is not None
    cluster.delete_job(cluster.user(scene.stack.role(scene.job), "somebody"), NAMESPACE, scene.names()[-1])
    scene.until(job.over.is_set, "its pod has ended")


def somebody_deletes_the_pod(scene: Scene) -> None:
    """With kubectl."""
    job = scene.latest()
    assert job is not None
    (pod,) = job.pods()
    assert pod.terminate(DELETED)


def stops_execution(scene: Scene) -> None:
    """A person stops the run; Step Functions has done all that it does then."""
    scene.aws.client("stepfunctions").stop_execution(executionArn=scene.arn, error="Operator", cause="why")
    scene.until_left()


def its_pod_ends(scene: Scene) -> None:
    """The last Pod of the run has ended."""
    scene.until(lambda: (job := scene.latest()) is None or job.over.is_set(), "its pod has ended")


def ends_unheard(scene: Scene) -> None:
    """Step Functions has given up, and the Pod's program has ended by itself."""
    scene.until(lambda: scene.describe()["status"] != "RUNNING", "it gives up")


TIMED_OUT = {"outcome": "Job.TimedOut", "path": (*TRIES, "Timed out")}
EXITED = {"outcome": "Job.ExitedNonZero", "path": (*TRIES, "Exited non-zero")}
REFUSED = {"outcome": "Job.Refused", "path": (*TRIES, "Refused")}
UNEXPLAINED = {"outcome": "Job.Unexplained", "path": (*TRIES, "Failed without a reason")}
SUCCEEDED = {"outcome": "SUCCEEDED", "path": (*TRIES, "Succeeded")}

ROWS: list[Row] = [
    Row(name="the job exits with 0", script="echo done", **SUCCEEDED, says='"log":"done\\n"'),
    Row(name="the job exits with 3", script="echo bad; exit 3", **EXITED, says="exited with code 3 after 1 attempt"),
    Row(
        name="the job exits with 3 at each of three attempts",
        job=TWO_RETRIES,
        script="exit 3",
        outcome="Job.ExitedNonZero",
        attempts=3,
        jobs=3,
        path=(*TRIES, *RETRIES * 2, "Exited non-zero"),
    ),
    Row(
        name="the job exits with 3 at its first attempt",
        job=TWO_RETRIES,
        script="[ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3",
        outcome="SUCCEEDED",
        attempts=2,
        jobs=2,
        path=(*TRIES, *RETRIES, "Succeeded"),
    ),
    Row(
        name="the job exits with a code that is final",
        job=TWO_RETRIES,
        script="exit 64",
        **EXITED,
        says="exited with code 64, which is never retried, after 1 of 3 attempts",
    ),
    Row(name="the command is not in the image", job={"entrypoint": ["no-such-program"]}, **EXITED, says="code 128"),
    Row(
        name="the job runs out of memory",
        script=WAITS,
        before=[meets(RunOutOfMemory, once_said="ready")],
        outcome="Job.OutOfMemory",
        path=(*TRIES, "Ran out of memory"),
        says="(exit code 137)",
    ),
    Row(
        name="the job takes too long",
        job=SHORT,
        script=WAITS,
        after=[is_ready, time_passes(120), its_pod_ends],
        **TIMED_OUT,
        says="ran longer than its timeout of 2m",
    ),
    Row(
        name="the job takes too long, and ends well when it is told to",
        job=SHORT,
        script=ENDS_WITH_0_ON_SIGTERM,
        after=[is_ready, time_passes(120), its_pod_ends],
        **TIMED_OUT,
    ),
    Row(
        name="the job takes too long, and does not end when it is told to",
        job=SHORT,
        script=IGNORES_SIGTERM,
        after=[is_ready, time_passes(120), its_pod_ends],
        **TIMED_OUT,
    ),
    Row(
        name="the job takes too long, which is to be retried",
        job=RETRIES_TIMEOUTS,
        script=WAITS,
        after=[is_ready, time_passes(120), its_pod_ends, opens],
        outcome="SUCCEEDED",
        attempts=2,
        jobs=2,
        path=(*TRIES, *RETRIES, "Succeeded"),
    ),
    Row(name="the image is never there", job=SHORT, before=[meets(FailPull)], **TIMED_OUT),
    Row(name="the image comes later", job=SHORT, before=[meets(FailPull, first=2)], **SUCCEEDED),
    Row(name="no node ever has room", job=SHORT, before=[meets(RefuseCapacity)], **TIMED_OUT),
    Row(name="a node has room later", job=SHORT, before=[meets(RefuseCapacity, first=3)], **SUCCEEDED),
    Row(
        name="a Secret is not there",
        job={**SHORT, "secrets": {"TOKEN": {"from": "warehouse", "key": "token"}}},
        before=[lambda scene: scene.stack.cluster.objects.remove("Secret", NAMESPACE, "warehouse")],
        **TIMED_OUT,
    ),
    Row(
        name="a Secret is a variable of the job",
        job={"secrets": {"TOKEN": {"from": "token", "key": "value"}}},
        script="[ $TOKEN = sandbox ]",
        **SUCCEEDED,
    ),
    Row(name="the service account is not there", job=SHORT, before=[without_account], **TIMED_OUT),
    Row(
        name="the node is drained",
        script=WAITS,
        before=[meets(RetireTask, once_said="ready", first=1)],
        after=[starts_again, opens],
        outcome="SUCCEEDED",
        start_retries=1,
        jobs=2,
        path=(*TRIES, *STARTS_AGAIN, "Succeeded"),
    ),
    Row(
        name="the node is lost at each start",
        job=TWO_STARTS,
        script=WAITS,
        before=[meets(LoseHost, once_said="ready")],
        outcome="Job.Interrupted",
        start_retries=2,
        jobs=3,
        path=(*TRIES, *STARTS_AGAIN * 2, "Interrupted"),
    ),
    Row(
        name="a node does not take the pod",
        before=[meets(RejectPod)],
        **UNEXPLAINED,
        says="Job has reached the specified backoff limit",
    ),
    Row(
        name="somebody deletes the pod",
        script=WAITS,
        after=[is_ready, somebody_deletes_the_pod],
        **EXITED,
        says="exited with code 143",
    ),
    Row(
        name="somebody deletes the pod, whose program ends well when it is told to",
        script=ENDS_WITH_0_ON_SIGTERM,
        after=[is_ready, somebody_deletes_the_pod],
        **SUCCEEDED,
    ),
    Row(
        name="nothing is heard of an end",
        job=SHORT,
        script=WAITS,
        before=[meets(LoseContact)],
        after=[is_ready, time_passes(120 + 900), opens, ends_unheard],
        **TIMED_OUT,
    ),
    Row(
        name="the API server is in trouble, twice",
        before=[meets(RefuseJob, first=2)],
        outcome="SUCCEEDED",
        start_retries=2,
        jobs=3,
        path=(*TRIES, *STARTS_AGAIN * 2, "Succeeded"),
    ),
    Row(
        name="the namespace's quota is used up",
        job=TWO_STARTS,
        before=[
            meets(RefuseJob, status=403, reason="Forbidden", message='jobs.batch "x" is forbidden: exceeded quota: q')
        ],
        outcome="Job.NeverStarted",
        start_retries=2,
        jobs=3,
        path=(*TRIES, *STARTS_AGAIN * 2, "Never started"),
        says="exceeded quota",
    ),
    Row(
        name="an admission policy does not take the Job",
        before=[meets(RefuseJob, status=422, reason="Invalid", message='Job.batch "x" is invalid: not here')],
        **REFUSED,
        says="EKS.422",
    ),
    Row(
        name="the attempt has a Job already",
        before=[
            meets(RefuseJob, status=409, reason="AlreadyExists", message='jobs.batch "x" already exists', made=True)
        ],
        after=[its_pod_ends],
        **REFUSED,
        says="this attempt has a Job in the cluster already",
    ),
    Row(
        name="the API server is busy",
        before=[time_stands, meets(Throttle, a_second=1), somebody_asks],
        outcome="SUCCEEDED",
        start_retries=1,
        jobs=2,
        path=(*TRIES, *STARTS_AGAIN, "Succeeded"),
    ),
    Row(
        name="the job leaves a result",
        job={"results": True},
        script=f"""{LEAVE} '{{"rows": 896}}'""",
        outcome="SUCCEEDED",
        path=(names.RUN, names.READ_RESULT, "Succeeded"),
        says='"result":{"rows":896}',
    ),
    Row(
        name="the job's role is given to no pod any more",
        job={"results": True},
        script=f"{LEAVE} 7",
        before=[without_association],
        **EXITED,
        says="NoCredentialsError",
    ),
    Row(
        name="a step in the cluster gets what the one before it left",
        job={
            "steps": [
                {"name": "first", "input": f"{LEAVE} 7", "results": True},
                {"name": "second", "input": "{% '[ ' & $string($first) & ' = 7 ]' %}"},
            ]
        },
        outcome="SUCCEEDED",
        attempts=None,
        start_retries=None,
        jobs=2,
        path=("Which step is first?", "Run first", "Read first's result", "Run second", "Succeeded"),
    ),
    Row(name="nobody knows the machine's role", before=[without_entry], **REFUSED, says="access entry"),
    Row(name="the Role is gone", before=[without("Role")], **REFUSED, says='cannot create resource \\"jobs\\"'),
    Row(name="the RoleBinding is gone", before=[without("RoleBinding")], **REFUSED, says="EKS.403"),
    Row(name="the right to create Jobs is gone", before=[without_right("create", "jobs")], **REFUSED, says="EKS.403"),
    Row(
        name="the right to look at Jobs is gone",
        before=[without_right("get", "jobs")],
        **REFUSED,
        says='cannot get resource \\"jobs\\"',
    ),
    Row(
        name="the right to list pods is gone: the log is missed, and nothing else",
        script="echo done",
        before=[without_right("list", "pods")],
        **SUCCEEDED,
    ),
    Row(
        name="the right to read logs is gone: the log is missed, and nothing else",
        script="echo bad; exit 3",
        before=[without_right("get", "pods/log")],
        **EXITED,
    ),
    Row(name="the namespace is gone", before=[without_namespace], **REFUSED, says=f"a namespace {NAMESPACE}"),
    Row(
        name="somebody deletes the Job",
        script=WAITS,
        after=[is_ready, somebody_deletes_the_job],
        outcome="Job.Stopped",
        path=(*TRIES, "Stopped"),
    ),
    Row(
        name="somebody stops the run",
        script=WAITS,
        after=[is_ready, stops_execution, its_pod_ends],
        outcome="ABORTED Operator",
        attempts=None,
        start_retries=None,
        path=(names.RUN,),
    ),
    Row(
        name="somebody stops the run, and its role may not delete Jobs",
        script=WAITS,
        before=[without_right("delete", "jobs")],
        after=[is_ready, stops_execution],
        outcome="ABORTED Operator",
        attempts=None,
        start_retries=None,
        path=(names.RUN,),
        runs_on=True,
    ),
    Row(name="the Cause is no JSON", script="exit 3", before=[meets(SpoilCause)], **UNEXPLAINED),
    Row(
        name="the Cause has no conditions",
        script="exit 3",
        before=[meets(SpoilCause, into="no-containers")],
        **UNEXPLAINED,
    ),
]
