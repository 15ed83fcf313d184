"""A Job while it is there: its Pods one after the other, and its status as Kubernetes' Job controller writes it.

https://kubernetes.io/docs/concepts/workloads/controllers/job/
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.clock import Wake, Work
from sandbox.kubernetes.failure_policy import Verdict, verdict
from sandbox.kubernetes.job_document import stamp
from sandbox.kubernetes.pod import DELETED, Pod

if TYPE_CHECKING:
    from sandbox.kubernetes.cluster import Cluster
    from sandbox.local_aws import LocalAws
    from sandbox.processes import Processes

# "an exponential back-off delay (10s, 20s, 40s ...) capped at six minutes",
# https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
_FIRST_BACK_OFF_SECONDS = 10
_MAX_BACK_OFF_SECONDS = 360
_SUCCEEDED = Verdict("CompletionsReached", "Reached expected number of succeeded pods")
_BACK_OFF = Verdict("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = Verdict("DeadlineExceeded", "Job was active longer than specified deadline")


class JobRun:
    """One Job.

    Args:
        aws: the local AWS.
        cluster: where it is.
        processes: starts what its Pods run.
        job: the Job, as it is kept.
    """

    def __init__(self, aws: LocalAws, cluster: Cluster, processes: Processes, job: dict[str, Any]) -> None:
        self._aws = aws
        self._cluster = cluster
        self._processes = processes
        self._job = job
        self._spec: Mapping[str, Any] = job["spec"]
        self._lock = threading.Lock()
        self._pods: list[Pod] = []
        self._active: Pod | None = None
        self._failed = 0
        self._expired = False
        self._finished_at: float | None = None
        # Set when there is to be no further Pod.
        self._stopping = Wake()
        self._over = Wake()

    def start(self) -> None:
        """Begin; the clock does not jump before it has ended, except while its Pod waits for something."""
        work = self._aws.clock.working()
        self._job["status"] |= {"startTime": stamp(self._aws.clock.now()), "uncountedTerminatedPods": {}}
        deadline = self._spec.get("activeDeadlineSeconds")
        if deadline is not None:
            moment = self._aws.clock.now() + deadline
            self._beside(self._expire, moment)
        self._beside(self._run, work)

    def snapshot(self) -> dict[str, Any]:
        """The Job as it is now."""
        with self._lock:
            job = copy.deepcopy(self._job)
        pod = self._active
        if pod is not None and "conditions" not in job["status"]:
            running = 1 if pod.phase == "Running" else 0
            job["status"] |= {"active": 1, "ready": running, "terminating": 0}
        return job

    def pods(self) -> list[Pod]:
        """The Pods that are still there: those that ended by themselves, and the one that is at work."""
        with self._lock:
            return list(self._pods)

    def delete(self) -> None:
        """End it with its Pods, in the background; see Cluster.delete_job."""
        self._stop()

    @property
    def over(self) -> Wake:
        """Set when its last Pod has ended."""
        return self._over

    def is_cleaned_up(self) -> bool:
        """Whether it has been deleted since its end because of its ttlSecondsAfterFinished.

        https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
        """
        ttl_seconds = self._spec.get("ttlSecondsAfterFinished")
        finished_at = self._finished_at
        if ttl_seconds is None or finished_at is None:
            return False
        return self._aws.clock.now() >= finished_at + ttl_seconds

    def _run(self, work: Work) -> None:
        with work:
            try:
                self._run_pods()
            finally:
                self._over.set()

    def _run_pods(self) -> None:
        while not self._stopping.is_set():
            pod = self._new_pod()
            if pod is None:
                # No Pod is created for a service account that is not there; the controller tries again.
                self._pause(_FIRST_BACK_OFF_SECONDS)
                continue
            pod.run()
            if not self._stopping.is_set() and self._has_ended(pod):
                return
        if self._expired:
            self._finish("Failed", _DEADLINE)

    def _new_pod(self) -> Pod | None:
        account = self._spec["template"]["spec"]["serviceAccountName"]
        if self._cluster.objects.find("ServiceAccount", self._job["metadata"]["namespace"], account) is None:
            return None
        pod = Pod(self._aws, self._cluster, self._processes, self._job)
        with self._lock:
            self._pods.append(pod)
            self._active = pod
        # It may have been told to end between the look and here.
        if self._stopping.is_set():
            pod.terminate(DELETED)
        return pod

    def _has_ended(self, pod: Pod) -> bool:
        """Whether the Job has ended with a Pod of it; if not, there will be another."""
        with self._lock:
            self._active = None
            if pod.disruption:
                # What the cluster takes away is deleted, with its log.
                self._pods.remove(pod)
        if pod.phase == "Succeeded":
            self._finish("Complete", _SUCCEEDED)
            return True
        ruled = verdict(self._spec.get("podFailurePolicy"), pod)
        if ruled is None:
            return False
        self._failed += 1
        if ruled.reason:
            self._finish("Failed", ruled)
            return True
        if self._failed > self._spec["backoffLimit"]:
            self._finish("Failed", _BACK_OFF)
            return True
        self._pause(min(_FIRST_BACK_OFF_SECONDS * 2 ** (self._failed - 1), _MAX_BACK_OFF_SECONDS))
        return False

    def _finish(self, condition: str, why: Verdict) -> None:
        now = self._aws.clock.now()
        before = "SuccessCriteriaMet" if condition == "Complete" else "FailureTarget"
        status: dict[str, Any] = {"ready": 0, "terminating": 0}
        if condition == "Complete":
            status |= {"completionTime": stamp(now), "succeeded": 1}
        if self._failed:
            status["failed"] = self._failed
        with self._lock:
            held = {each["type"]: each for each in self._job["status"].get("conditions", ())}
            first = held.get(before) or _condition(before, why, now)
            self._job["status"] |= {**status, "conditions": [first, _condition(condition, why, now)]}
            self._finished_at = now
            self._active = None

    def _expire(self, moment: float) -> None:
        self._aws.clock.wait(moment, self._over)
        with self._lock:
            if self._over.is_set() or self._finished_at is not None:
                return
            self._expired = True
            self._failed += 1 if self._active is not None else 0
            # Its Pods are deleted, and their logs with them; Failed follows when they have ended.
            first = _condition("FailureTarget", _DEADLINE, self._aws.clock.now())
            self._job["status"]["conditions"] = [first]
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        with self._lock:
            pod, self._pods = self._active, []
        if pod is not None:
            pod.terminate(DELETED)

    def _pause(self, seconds: float) -> None:
        self._aws.clock.wait(self._aws.clock.now() + seconds, self._stopping)

    def _beside(self, run: Callable[..., None], *arguments: Any) -> None:
        name = f"sandbox-{self._job['metadata']['name']}"
        threading.Thread(target=run, args=arguments, daemon=True, name=name).start()


def _condition(kind: str, why: Verdict, now: float) -> dict[str, Any]:
    time = stamp(now)
    return {
        "type": kind,
        "status": "True",
        "lastProbeTime": time,
        "lastTransitionTime": time,
        "reason": why.reason,
        "message": why.message,
    }
