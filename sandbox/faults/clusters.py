"""Faults of EKS clusters: the API server takes no Job, a node takes no Pod, or is not heard of any more.

Those of tasks hold in a cluster too, `of` the job's name (of a Kubernetes Job's, where it has no labels of a job):
`FailPull` and `RefuseCapacity` keep a Pod Pending, `LoseHost`, `RetireTask` and `RunOutOfMemory` end it, `Throttle` is
the API server's, and `SpoilCause` as ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults.fault import Fault


@dataclass(kw_only=True, eq=False)
class RefuseJob(Fault):
    """The API server answers the creation of a Job with an error.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/

    Args:
        status: the HTTP status.
        reason: Kubernetes' word for it.
        message: the sentence.
        made: whether the Job is made all the same.
    """

    status: int = 500
    reason: str = "InternalError"
    message: str = "Internal error occurred: failed to call webhook"
    made: bool = False


@dataclass(kw_only=True, eq=False)
class RejectPod(Fault):
    """A node does not take a Pod that was meant for it: it has failed with no container of it started.

    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
    """


@dataclass(kw_only=True, eq=False)
class LoseContact(Fault):
    """A node is not heard of any more, and does not hear: its Pod runs on, and Terminating is all that is known of it.

    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """
