"""A stack of jobs that run in an EKS cluster, and a scenario of it as it is played: its tasks are Jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from cli.sandbox_stack import provide_clusters
from sandbox.kubernetes.cluster import Cluster
from sandbox.kubernetes.job_run import JobRun
from spec.load import load_stack
from tests.scenarios.scene import Scene
from tests.scenarios.stack import STACK, Fields, Stack
from tests.waiting import PATIENCE_SECONDS

CLUSTER, NAMESPACE = "pods-analytics", "batch"
RIGHTS = f"pods-{STACK}-jobs"
"""What the Role of the stack and its binding are called."""
POD = "a pod"


class ClusterStack(Stack):
    """See Stack; the cluster is there as well."""

    project: ClassVar[str] = "pods"
    obeys: ClassVar[Fields] = {
        **Stack.obeys,
        "overlap": "allow",
        "stopTimeout": "2s",
        "runOn": {"kind": "kubernetes", "cluster": CLUSTER, "namespace": NAMESPACE},
    }

    def prepare(self, root: Path) -> None:
        """See Stack."""
        provide_clusters(self.aws, load_stack(root, STACK))
        found = self.aws.kubernetes.find(CLUSTER)
        assert found is not None
        self.eks: Cluster = found

    def destroy(self) -> None:
        """See Stack. What a scenario has made anew of it, which has another id, would be in the way of the next one."""
        super().destroy()
        eks, place = self.aws.client("eks"), {"clusterName": CLUSTER}
        for left in eks.list_pod_identity_associations(**place)["associations"]:
            eks.delete_pod_identity_association(**place, associationId=left["associationId"])


class ClusterScene(Scene):
    """See Scene."""

    stack: ClusterStack

    def end_work(self, run: str) -> None:
        """See Scene."""
        for name in self.names(run):
            if (job := self.stack.eks.job_run(NAMESPACE, name)) is not None:
                job.delete()
                assert job.over.wait(PATIENCE_SECONDS)

    def tasks(self, run: str) -> list[dict[str, Any]]:
        """None: there is no task of ECS."""
        del run
        return []

    def ran_on(self, run: str) -> list[str]:
        """See Scene; each attempt has a Job of its own."""
        return [POD for _ in set(self.names(run))]

    def names(self, run: str) -> list[str]:
        """The names of the Jobs that a run asked for, the first first."""
        return [
            json.loads(event["taskScheduledEventDetails"]["parameters"])["Job"]["metadata"]["name"]
            for event in self.events(run)
            if event["type"] == "TaskScheduled" and event["taskScheduledEventDetails"]["resource"] == "runJob.sync"
        ]

    def latest(self, run: str = "run") -> JobRun | None:
        """The Job that a run asked for last; None if it is not there."""
        names = self.names(run)
        return self.stack.eks.job_run(NAMESPACE, names[-1]) if names else None

    def is_at_work(self, run: str = "run") -> bool:
        """Whether a Pod of the latest Job of a run is there."""
        job = self.latest(run)
        return job is not None and not job.over.is_set()

    def is_ready(self, run: str) -> bool:
        """Whether the Pod that runs now has said so."""
        job = self.latest(run)
        return job is not None and any(b"ready" in pod.log() for pod in job.pods() if pod.phase == "Running")
