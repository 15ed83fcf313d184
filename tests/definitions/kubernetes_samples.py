"""Jobs in a cluster, and what Step Functions says of them.

Success: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html. Conditions and their messages:
https://kubernetes.io/docs/concepts/workloads/controllers/job/.
"""

import json
from typing import Any

from definitions.kubernetes.cluster import EksCluster
from spec.job import JobSpec
from tests.definitions.samples import job
from tests.definitions.walker import Failure

VERSIONS = ("1.31", "1.33", "1.37")
"""Of Kubernetes. The rules for a pod's failure are stable from 1.31 on."""

CLUSTER = EksCluster(
    endpoint="https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    certificate_authority="LS0tLS1CRUdJTg==",
)
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/longhaul-dev@sha256:" + "0a" * 32
POD = "batch/nightly-0a1b2c3d-x7k2p"
LOG = 'begin {"message": "Container job for pod a/b failed with exit code 0 matching FailJob rule"}\nend\n'


def cluster_job(**fields: Any) -> JobSpec:
    """A job in a cluster that says nothing beyond what it must, and these fields."""
    run_on = {"kind": "kubernetes", "cluster": "analytics", "namespace": "batch"}
    return job(**{"runOn": run_on, "timeout": "90m", **fields})


def ended(*conditions: tuple[str, str, str], log: str | None = LOG, **status: Any) -> dict[str, Any]:
    """A Job that has ended, with its log: conditions each as type, reason and message."""
    told = [
        {
            "type": kind,
            "status": "True",
            "lastProbeTime": "2026-11-24T03:17:00Z",
            "lastTransitionTime": "2026-11-24T03:17:00Z",
            "reason": reason,
            "message": message,
        }
        for kind, reason, message in conditions
    ]
    container = {"log": log} if log is not None else {"error": "EKS.400", "cause": "the container is not there"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "nightly-0a1b2c3d", "namespace": "batch", "managedFields": [{"fieldsV1": {"f:spec": {}}}]},
        "spec": {"backoffLimit": 0, "template": {"spec": {"containers": [{"name": "job", "env": []}]}}},
        "status": {"startTime": "2026-11-24T03:16:00Z", "conditions": told, **status},
        "logs": {"pods": {"nightly-0a1b2c3d-x7k2p": {"containers": {"job": container}}}},
    }


def succeeded(**fields: Any) -> dict[str, Any]:
    """A Job that succeeded."""
    complete = ("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    return ended(complete, completionTime="2026-11-24T03:17:00Z", succeeded=1, **fields)


def failed(reason: str, message: str, **fields: Any) -> Failure:
    """A Job that failed: the Cause is the Job as JSON text. It says twice why."""
    told = ended(("FailureTarget", reason, message), ("Failed", reason, message), failed=1, **fields)
    return Failure("States.TaskFailed", json.dumps(told, separators=(",", ":")))


def exited(code: int, **fields: Any) -> Failure:
    """A Job whose container ended with that code."""
    message = f"Container job for pod {POD} failed with exit code {code} matching FailJob rule at index 1"
    return failed("PodFailurePolicy", message, **fields)


def disrupted() -> Failure:
    """A Job whose pod the cluster took away."""
    return failed("PodFailurePolicy", f"Pod {POD} has condition DisruptionTarget matching FailJob rule at index 0")


def at_deadline() -> Failure:
    """A Job that was not done at its deadline: by then there are no pods that could have a log."""
    return failed("DeadlineExceeded", "Job was active longer than specified deadline", log=None)


def refused(status: int, reason: str, message: str) -> Failure:
    """An answer of the Kubernetes API."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    cause = {
        "ResponseBody": {**body, "reason": reason, "code": status},
        "StatusCode": status,
        "StatusText": reason,
    }
    return Failure(f"EKS.{status}", json.dumps(cause, indent=2))
