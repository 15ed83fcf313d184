"""One Pod: a container that is a local process, from its start to its end, and what it wrote."""

from __future__ import annotations

import secrets
import signal
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.clock import Wake
from sandbox.kubernetes.job_document import called
from sandbox.kubernetes.pod_start import PodStart, Waits
from sandbox.task_stop import Stop

if TYPE_CHECKING:
    from sandbox.faults.stopping import PlannedStop
    from sandbox.kubernetes.cluster import Cluster
    from sandbox.local_aws import LocalAws
    from sandbox.processes import Process, Processes
    from sandbox.task_start import Launch

# https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
_FIRST_BACK_OFF_SECONDS = 10
_MAX_BACK_OFF_SECONDS = 300
# What a container has for an exit code whose command could not be started.
_NOT_STARTED = 128
_SUFFIX_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"
_MAX_NAME = 63
# A kubelet keeps this much of a container's log in one file, and hands out no more of it.
# https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-rotation
_MAX_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Termination:
    """Why a Pod is ended before its container ends by itself.

    Attributes:
        disruption: the reason of the condition DisruptionTarget, for what the cluster does to it; empty for none.
        expired: its own activeDeadlineSeconds are over: it has failed, whatever its container makes of it.
        at_once: the container gets SIGKILL in this instant.
        reason: what the container's status says then.
        has_exit_code: whether anybody learns of one.
    """

    disruption: str = ""
    expired: bool = False
    at_once: bool = False
    reason: str = ""
    has_exit_code: bool = True

    @classmethod
    def of(cls, stop: Stop) -> Termination:
        """What a fault that stops tasks does to a Pod: its node is lost or drained, or its memory used up.

        https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
        """
        if stop.host_lost:
            return cls(disruption="DeletionByPodGC", at_once=True, has_exit_code=False)
        if stop.out_of_memory:
            return cls(at_once=True, reason="OOMKilled")
        return cls(disruption="EvictionByEvictionAPI")


DELETED = Termination()


class Pod:
    """A Pod of a Job.

    Args:
        aws: the local AWS.
        cluster: where it is.
        processes: starts its process.
        job: the Job, as it is kept.

    Attributes:
        name: its name: the Job's and five characters.
        container: the name of its container.
        phase: Pending, Running, Succeeded or Failed.
        waits: why it is Pending; None if it is not.
        exit_code: its container's; None for one that has not ended, or of which nobody knows.
        reason: why its container ended, where there is more to say than the exit code.
        disruption: see Termination.
        ended: set when its container has ended, or will never start.
    """

    def __init__(self, aws: LocalAws, cluster: Cluster, processes: Processes, job: Mapping[str, Any]) -> None:
        template, name = job["spec"]["template"], job["metadata"]["name"]
        suffix = "".join(secrets.choice(_SUFFIX_CHARACTERS) for _ in range(5))
        self.name = f"{name[: _MAX_NAME - 6]}-{suffix}"
        self.namespace: str = job["metadata"]["namespace"]
        self.container: str = template["spec"]["containers"][0]["name"]
        self.phase = "Pending"
        self.waits: Waits | None = None
        self.exit_code: int | None = None
        self.reason = ""
        self.disruption = ""
        self.ended = Wake()
        self._aws = aws
        self._cluster = cluster
        self._processes = processes
        self._spec: Mapping[str, Any] = template["spec"]
        own = {"name": self.name, "namespace": self.namespace, "uid": str(uuid.uuid4())}
        self._metadata = {**template["metadata"], **own}
        self._called = called(template["metadata"]["labels"], name)
        self._lock = threading.Lock()
        self._log = bytearray()
        self._terminating = Wake()
        self._termination: Termination | None = None
        self._process: Process | None = None
        self._planned: list[PlannedStop] = aws.faults.stops(self._called, None)

    def run(self) -> None:
        """The whole life of the Pod, in this thread."""
        self._begin_deadline()
        try:
            with tempfile.TemporaryDirectory(
                prefix="pod-", dir=self._processes.homes, ignore_cleanup_errors=True
            ) as scratch:
                self._live(Path(scratch))
        finally:
            self.ended.set()

    def terminate(self, termination: Termination) -> bool:
        """Have it end: SIGTERM, and SIGKILL after terminationGracePeriodSeconds; False if it ends already."""
        with self._lock:
            if self._termination is not None or self.ended.is_set():
                return False
            self._termination = termination
            process = self._process
        self._terminating.set()
        if process is not None:
            self._end(process, termination)
        return True

    def log(self) -> bytes:
        """What its container has written so far, or the last of it."""
        with self._lock:
            return bytes(self._log)

    def _live(self, scratch: Path) -> None:
        launch = self._start(
            PodStart(self._aws, self._cluster, {"metadata": self._metadata, "spec": self._spec}, scratch)
        )
        if launch is None or self._aws.faults.pod_is_rejected(self._called):
            self.phase = "Failed"
            return
        try:
            process = self._processes.start(launch.command, launch.folder, launch.environment, self._write)
        except OSError:
            self.exit_code, self.reason, self.phase = _NOT_STARTED, "StartError", "Failed"
            return
        with self._lock:
            self._process = process
            termination = self._termination
        self.phase = "Running"
        if termination is not None:
            self._end(process, termination)
        for planned in self._planned:
            planned.begin(self._aws.clock, lambda stop: self.terminate(Termination.of(stop)), self.ended)
        self._finish(self._processes.wait(process))

    def _start(self, start: PodStart) -> Launch | None:
        """What to start, as soon as it can be; None if the Pod is ended before."""
        back_off = _FIRST_BACK_OFF_SECONDS
        while not self._terminating.is_set():
            try:
                launch = start.launch()
            except Waits as waits:
                self.waits = waits
                self._aws.clock.wait(self._aws.clock.now() + back_off, self._terminating)
                back_off = min(2 * back_off, _MAX_BACK_OFF_SECONDS)
            else:
                self.waits = None
                return launch
        return None

    def _finish(self, code: int) -> None:
        with self._lock:
            ended_by = self._termination or DELETED
        self.reason, self.disruption = ended_by.reason, ended_by.disruption
        self.exit_code = code if ended_by.has_exit_code else None
        succeeded = self.exit_code == 0 and not ended_by.expired
        self.phase = "Succeeded" if succeeded else "Failed"

    def _end(self, process: Process, termination: Termination) -> None:
        if self._aws.faults.contact_is_lost(self._called):
            return
        if termination.at_once:
            process.kill()
            return
        if self._spec.get("shareProcessNamespace") or _catches_sigterm(process):
            process.terminate()
        grace_seconds = self._spec["terminationGracePeriodSeconds"]
        self._after(self._aws.clock.now() + grace_seconds, process.kill)

    def _begin_deadline(self) -> None:
        seconds = self._spec.get("activeDeadlineSeconds")
        if seconds is not None:
            self._after(self._aws.clock.now() + seconds, lambda: self.terminate(Termination(expired=True)))

    def _after(self, moment: float, act: Callable[[], Any]) -> None:
        """Do something at a time (epoch seconds), unless the Pod has ended before."""

        def wait() -> None:
            self._aws.clock.wait(moment, self.ended)
            if not self.ended.is_set():
                act()

        threading.Thread(target=wait, daemon=True, name=f"sandbox-{self.name}").start()

    def _write(self, chunk: bytes) -> None:
        with self._lock:
            self._log += chunk
            del self._log[:-_MAX_LOG_BYTES]
        for planned in self._planned:
            planned.hear(chunk)


def _catches_sigterm(process: Process) -> bool:
    """Whether a process has a handler for SIGTERM: process 1 of a container ignores signals that it has none for.

    With `shareProcessNamespace` it is not process 1. https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
    """
    try:
        status = Path(f"/proc/{process.group}/status").read_text()
    except OSError:
        # It is no Linux, or has ended.
        return True
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << signal.SIGTERM - 1)
