"""Faults of what Step Functions says of a task that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.faults.fault import Fault


@dataclass(kw_only=True, eq=False)
class SpoilCause(Fault):
    """The Cause of a failed `ecs:runTask.sync` is not the JSON text of a task that ran, nor that of a Job's a Job.

    The service promises no form of a Cause; that each of these comes from AWS is unverified.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html

    Args:
        into: `text`: the task's stoppedReason and no JSON; `no-containers`: the task without its containers;
            `no-exit-code`: the task with containers that have no exit code.
    """

    into: Literal["text", "no-containers", "no-exit-code"] = "text"

    def cause(self, family: str, task: Mapping[str, Any]) -> str | None:
        """The Cause to give for a failed task in Step Functions' PascalCase; None leaves it as it is."""
        if not self.strikes(family):
            return None
        if self.into == "text":
            return task["StoppedReason"]
        rest = {name: value for name, value in task.items() if name != "Containers"}
        if self.into == "no-exit-code":
            containers = [{k: v for k, v in each.items() if k != "ExitCode"} for each in task["Containers"]]
            rest["Containers"] = containers
        return json.dumps(rest, separators=(",", ":"))

    def job_cause(self, name: str, job: Mapping[str, Any]) -> str | None:
        """The Cause to give for a Kubernetes Job that failed: a sentence, or the Job without conditions."""
        if not self.strikes(name):
            return None
        if self.into == "text":
            return "Job failed"
        status = {key: value for key, value in job["status"].items() if key != "conditions"}
        return json.dumps({**job, "status": status}, separators=(",", ":"))
