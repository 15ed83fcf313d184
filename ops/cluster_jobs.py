"""What an execution's history tells of a container that ran as a Job in an EKS cluster, and how to ask the cluster.

Step Functions starts the Job, asks for it now and then, and keeps the last lines of its log with its end.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ops.attempts import ABANDONED, GOES_ON, Attempt, parsed, task_facts

_RUN_JOB = "runJob.sync"
_CONTAINER = "job"
"""What the container of the job itself is called."""


def is_job(details: Mapping[str, Any]) -> bool:
    """Whether an event's details are of a Job."""
    return details.get("resourceType") == "eks" and details.get("resource") == _RUN_JOB


def asked_for(details: Mapping[str, Any]) -> dict[str, Any]:
    """Which Job a TaskScheduled asks for, by the key that an attempt's task has: `namespace/name`."""
    parameters = parsed(details.get("parameters"))
    job = parameters.get("Job")
    metadata = job.get("metadata") if isinstance(job, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    namespace = parameters.get("Namespace", "default")
    return {"KubernetesJob": f"{namespace}/{name}"} if isinstance(name, str) else {}


def ended(details: Mapping[str, Any]) -> dict[str, Any]:
    """What the Job in a TaskSucceeded, or in the cause of a TaskFailed, tells: when it was at work, its last lines.

    Nothing where it is no Job: what the machine makes of it is recorded too, see `recorded`.
    """
    job = parsed(details.get("output") or details.get("cause"))
    status = job.get("status")
    if not isinstance(status, dict):
        return {}
    ends = [condition for condition in status.get("conditions") or () if condition.get("type") == "Failed"]
    stopped = status.get("completionTime") or (ends[0].get("lastTransitionTime") if ends else None)
    told = {"StartedAt": status.get("startTime"), "StoppedAt": stopped, "Log": _log(job.get("logs"))}
    return {key: value for key, value in told.items() if isinstance(value, str)}


def recorded(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the machine's own record of an attempt tells of its Job."""
    if not isinstance(run.get("kubernetesJob"), str):
        return {}
    told = task_facts(run)
    if isinstance(run.get("mayRunOn"), bool):
        told["MayRunOn"] = run["mayRunOn"]
    return told


def not_known_ended(attempts: Iterable[Attempt]) -> list[str]:
    """The Jobs, `namespace/name`, of which Step Functions has not seen the end.

    Of a failure the machine has noted whether that was one: an API server in trouble, say, tells of no end.
    """
    return [
        attempt.kubernetes_job
        for attempt in attempts
        if attempt.kubernetes_job is not None
        and attempt.task.get("MayRunOn", attempt.outcome in (GOES_ON, ABANDONED, "Job.TimedOut"))
    ]


def pods_command(kubernetes_job: str) -> str:
    """What asks the cluster for the pods of a Job, which may be gone itself."""
    namespace, _, name = kubernetes_job.partition("/")
    return f"kubectl get pods --namespace {namespace} --selector batch.kubernetes.io/job-name={name}"


def logs_command(kubernetes_job: str) -> str:
    """What asks the cluster for all that a Job wrote, while its pod is kept."""
    namespace, _, name = kubernetes_job.partition("/")
    return f"kubectl logs --namespace {namespace} --selector batch.kubernetes.io/job-name={name} --tail -1"


def _log(logs: Any) -> str | None:
    """The job's own; the Jobs of a machine have one pod, in which the cluster may put more containers."""
    try:
        for pod in logs["pods"].values():
            return pod["containers"][_CONTAINER].get("log")
    except (AttributeError, KeyError, TypeError):
        return None
    return None
