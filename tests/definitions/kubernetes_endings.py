"""Every way in which the Job of an attempt can end, and what is expected of the machine of a job with two retries."""

from dataclasses import dataclass, field
from typing import Any

from tests.definitions.endings import USED_UP, Case
from tests.definitions.kubernetes_samples import (
    LOG,
    at_deadline,
    disrupted,
    exited,
    failed,
    refused,
)
from tests.definitions.walker import Failure

NO_JOB = "; there is no Job of it in the cluster"


FORBIDDEN = (
    'jobs.batch is forbidden: User "arn:aws:sts::123456789012:assumed-role/machine/x" cannot {verb} resource "jobs" in '
    'API group "batch" in the namespace "batch"'
)


KUBECTL = "kubectl logs --namespace batch job/"


RIGHTS = "(its rights in the cluster are given by ./longhaul render nightly --stack dev --document kubernetes | "


@dataclass(frozen=True)
class ClusterCase(Case):
    """See Case; `sentence` is without the Job's name, which is its end when there may be one."""

    details: dict[str, Any] = field(default_factory=dict)


CASES = [
    ClusterCase(
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
    ClusterCase(
        "an exit code that is final",
        exited(64),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 64, which is never retried, after 1 of 3 attempts; {KUBECTL}",
    ),
    ClusterCase(
        "killed, which is out of memory as a rule",
        exited(137),
        "Job.OutOfMemory",
        "Ran out of memory",
        "nightly (dev) was killed, most likely for want of more than its 512 MiB of memory (exit code 137) after 3 of "
        f"3 attempts; {KUBECTL}",
        retried=True,
    ),
    ClusterCase(
        "not done at its deadline",
        at_deadline(),
        "Job.TimedOut",
        "Timed out",
        "nightly (dev) ran longer than its timeout of 1h30m, its start included, in attempt 1 of 3 and was stopped; "
        f"{KUBECTL}",
    ),
    ClusterCase(
        "not even ended after its deadline",
        Failure("States.Timeout", ""),
        "Job.TimedOut",
        "Timed out",
        "nightly (dev) ran longer than its timeout of 1h30m, its start included, in attempt 1 of 3 and was stopped; "
        f"{KUBECTL}",
    ),
    ClusterCase(
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
    ClusterCase(
        "failed, and no rule says why",
        failed("BackoffLimitExceeded", "Job has reached the specified backoff limit", log=None),
        "Job.Unexplained",
        "Failed without a reason",
        "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (Job has reached the specified backoff "
        f"limit); {KUBECTL}",
        retried=True,
        details={"stoppedAt": "2026-11-24T03:17:00Z"},
    ),
    ClusterCase(
        "somebody deleted its Job",
        refused(404, "NotFound", 'jobs.batch "nightly-0a1b2c3d" not found'),
        "Job.Stopped",
        "Stopped",
        "nightly (dev) was stopped by a person or a tool in attempt 1 of 3 (jobs.batch "
        f'"nightly-0a1b2c3d" not found){NO_JOB}',
    ),
    ClusterCase(
        "the cluster does not know the machine",
        refused(401, "Unauthorized", "Unauthorized"),
        "Job.Refused",
        "Refused",
        "nightly (dev) was refused in attempt 1 of 3: EKS.401 (Unauthorized (the cluster does not know the role of the "
        # It may have known it when the Job was made.
        f"state machine: has somebody removed its access entry?)); {KUBECTL}",
    ),
    ClusterCase(
        "RBAC lets it create no Job",
        refused(403, "Forbidden", FORBIDDEN.format(verb="create")),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused in attempt 1 of 3: EKS.403 ({FORBIDDEN.format(verb='create')} "
        f"{RIGHTS}kubectl apply -f -)){NO_JOB}",
    ),
    ClusterCase(
        "RBAC lets it create a Job and not look at it",
        refused(403, "Forbidden", FORBIDDEN.format(verb="get")),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused in attempt 1 of 3: EKS.403 ({FORBIDDEN.format(verb='get')} "
        f"{RIGHTS}kubectl apply -f -)); {KUBECTL}",
    ),
    ClusterCase(
        "no such namespace",
        refused(404, "NotFound", 'namespaces "batch" not found'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.404 (namespaces "batch" not found (there must be a namespace '
        f"batch in the cluster)){NO_JOB}",
    ),
    ClusterCase(
        "asked for twice",
        refused(409, "AlreadyExists", 'jobs.batch "nightly-0a1b2c3d" already exists'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.409 (jobs.batch "nightly-0a1b2c3d" already exists (this '
        f"attempt has a Job in the cluster already, which may be running)); {KUBECTL}",
    ),
    ClusterCase(
        "a Job that is none",
        refused(422, "Invalid", 'Job.batch "nightly-0a1b2c3d" is invalid: spec: Required value'),
        "Job.Refused",
        "Refused",
        'nightly (dev) was refused in attempt 1 of 3: EKS.422 (Job.batch "nightly-0a1b2c3d" is invalid: spec: Required '
        f"value){NO_JOB}",
    ),
    ClusterCase(
        "no room in the namespace, once too often",
        refused(403, "Forbidden", 'jobs.batch "nightly-0a1b2c3d" is forbidden: exceeded quota: batch'),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.403 (jobs.batch "
        f'"nightly-0a1b2c3d" is forbidden: exceeded quota: batch){NO_JOB}',
        restarted=True,
    ),
    ClusterCase(
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
    ClusterCase(
        "an admission policy that takes no such Job",
        refused(403, "Forbidden", 'admission webhook "policy.example.com" denied the request: no limits'),
        "Job.Refused",
        "Refused",
        "nightly (dev) was refused in attempt 1 of 3: EKS.403 (admission webhook "
        f'"policy.example.com" denied the request: no limits){NO_JOB}',
    ),
    ClusterCase(
        "too many requests, once too often",
        refused(429, "TooManyRequests", "Too many requests, please try again later."),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.429 (Too many requests, please try again later.); {KUBECTL}",
        restarted=True,
    ),
    ClusterCase(
        "an API server in trouble, once too often",
        Failure("EKS.503", ""),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.503 (AWS gave no reason); {KUBECTL}",
        restarted=True,
    ),
    ClusterCase(
        "an API server that cannot be reached, once too often",
        Failure("EKS.Unknown", "Connect to https://x.eks.amazonaws.com:443 failed: Connection timed out"),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: EKS.Unknown (Connect to "
        f"https://x.eks.amazonaws.com:443 failed: Connection timed out); {KUBECTL}",
        restarted=True,
    ),
    ClusterCase(
        "more than Step Functions takes",
        Failure("States.DataLimitExceeded", "The state/task returned a result with a size exceeding the maximum"),
        "Job.Unexplained",
        "Failed without a reason",
        "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (The state/task returned a result with a "
        f"size exceeding the maximum); {KUBECTL}",
        retried=True,
    ),
]
