"""What the last runs of each job came to: by the ledger, and by Step Functions for jobs that it tells too little of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ops.aws import Aws
from ops.doctor.patient import Patient
from ops.execution import Execution, newest_first
from ops.executions import newest_executions
from ops.ledger import Change, execution_of
from ops.recent import LOOKED_AT, written_changes
from ops.runs import read_run
from ops.stack import DeployedJob


@dataclass(frozen=True, kw_only=True)
class RecentRuns:
    """The runs of a job in the last 90 days.

    Attributes:
        succeeded: the last that did its work; None where there is none.
        running: those that go on.
        failed: whether one ended that did not succeed.
    """

    succeeded: Execution | None
    running: tuple[Execution, ...]
    failed: bool

    @property
    def last_success(self) -> datetime | None:
        """When it ended."""
        return self.succeeded.stopped if self.succeeded else None


def written_runs(patient: Patient) -> dict[str, list[Change]]:
    """The last change of each execution that the ledger knows, by the ARN of its job; nothing without a ledger.

    Raises botocore's errors.
    """
    if patient.ledger is None:
        return {}
    jobs = patient.stack.jobs
    return written_changes(
        patient.ledger, jobs, patient.now, lambda change: execution_of(change).status == "SUCCEEDED", 1
    )


def recent_runs(aws: Aws, job: DeployedJob, written: list[Change]) -> RecentRuns:
    """The runs of a job; Step Functions is asked where the ledger knows of no success. Raises botocore's errors."""
    known = newest_first(execution_of(change) for change in written)
    succeeded = next((execution for execution in known if execution.status == "SUCCEEDED"), None)
    if succeeded is None:
        known = newest_executions(aws, job, LOOKED_AT)
        succeeded = _last_success(aws, job)
    return RecentRuns(
        succeeded=succeeded,
        running=tuple(execution for execution in known if execution.goes_on),
        failed=any(execution.failed for execution in known),
    )


def _last_success(aws: Aws, job: DeployedJob) -> Execution | None:
    """Step Functions takes a skipped run for one that succeeded: its output tells."""
    if job.state_machine_arn is None:
        return next(iter(newest_executions(aws, job, 1, "SUCCEEDED")), None)
    for execution in newest_executions(aws, job, LOOKED_AT, "SUCCEEDED"):
        if read_run(aws, job.name, execution.arn).status == "SUCCEEDED":
            return execution
    return None
