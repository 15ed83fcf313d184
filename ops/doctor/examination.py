"""Looks at a stack in every way, all at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from ops.aws import CALLS_AT_ONCE, Aws, refusals
from ops.doctor import (
    access_entries,
    differences,
    ledger_rules,
    letters,
    near_timeout,
    permissions,
    quotas,
    runs_without_task,
    successes,
    tasks_left,
    too_large,
    triggers,
)
from ops.doctor.expected import ExpectedJob
from ops.doctor.finding import Finding, Unchecked, not_checked, unchecked
from ops.doctor.patient import Patient
from ops.doctor.recent_runs import written_runs
from ops.errors import AwsError
from ops.ledger import Change, Ledger, find_ledger
from ops.stack import DeployedStack, find_machines, find_stack

_Check = Callable[[Patient], list[Finding]]


def examine(
    aws: Aws,
    project: str,
    stack: str,
    *,
    now: datetime,
    intervals: int = successes.INTERVALS,
    expected: Collection[ExpectedJob] | None = None,
) -> list[Finding]:
    """What is wrong with a deployed stack, or will be.

    Whatever the caller may not ask is a finding too, `not-checked`, and keeps nothing else from being looked at: only
    the state machines have to be found.

    Args:
        aws: where it is.
        project: the project's name.
        stack: the stack's name.
        now: the time.
        intervals: how many times of its schedule a job may go without a success.
        expected: the jobs as they should be; None where nobody knows.

    Returns:
        In the order of the checks, then by job.

    Raises:
        NotFoundError: nothing of that stack is there.
        botocore's errors, where not even the state machines can be found.
    """
    missed: list[Unchecked] = []
    found = _find(aws, project, stack, missed)
    with ThreadPoolExecutor(CALLS_AT_ONCE) as calls, ThreadPoolExecutor(CALLS_AT_ONCE) as checks:
        triggers_known = not missed
        ledger = _ledger(aws, found, missed)
        patient = Patient(aws, found, calls, now=now, ledger=ledger, triggers_known=triggers_known)
        patient.unchecked += missed
        results = checks.map(lambda check: check(patient), _checks(patient, intervals, expected))
        findings = [
            finding
            for of_check in results
            for finding in sorted(of_check, key=lambda finding: (finding.job or "", finding.check, finding.problem))
        ]
    return findings + not_checked(patient.unchecked)


def _checks(patient: Patient, intervals: int, expected: Collection[ExpectedJob] | None) -> list[_Check]:
    written: dict[str, list[Change]] = {}

    def read() -> list[Finding]:
        written.update(written_runs(patient))
        return []

    patient.noting("the ledger", None, read)
    checks: list[_Check] = [
        triggers.check,
        ledger_rules.check,
        letters.check,
        tasks_left.check,
        partial(runs_without_task.check, written=written),
        partial(successes.check, written=written, intervals=intervals),
        near_timeout.check,
        too_large.check,
        permissions.check,
        access_entries.check,
        quotas.check,
    ]
    if expected is not None:
        checks.append(partial(differences.check, expected=expected))
    return checks


def _find(aws: Aws, project: str, stack: str, missed: list[Unchecked]) -> DeployedStack:
    """The stack, without its triggers where they may not be read."""
    try:
        with refusals():
            return find_stack(aws, project, stack)
    except AwsError as error:
        jobs = find_machines(aws, project, stack)
        # Jobs without a state machine are found by their triggers.
        missed.append(unchecked("the triggers", None, error))
        return DeployedStack(project=project, name=stack, region=aws.region, jobs=jobs)


def _ledger(aws: Aws, stack: DeployedStack, missed: list[Unchecked]) -> Ledger | None:
    try:
        with refusals():
            return find_ledger(aws, stack)
    except AwsError as error:
        missed.append(unchecked("the ledger", None, error))
        return None
