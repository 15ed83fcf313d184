"""Will the stack meet a quota of the account?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops.calendar import at_work, read_calendar
from ops.doctor.finding import Finding, utc_text
from ops.doctor.patient import Patient
from ops.machine_tasks import at_once
from ops.stack import DeployedJob

NEAR = 0.8
"""What part of a quota is near to it."""
AHEAD = timedelta(days=1)
"""How far ahead the schedule is looked at."""
_WHAT = "the quotas"
_CPU_UNITS = 1024
# Service Quotas does not know it. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_MOST_WILDCARDS = 30


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One quota of an account in a Region, as Service Quotas knows it, and what it counts."""

    service: str
    code: str
    counts: str

    @property
    def asked_for(self) -> str:
        return (
            f"`aws service-quotas request-service-quota-increase --service-code {self.service} "
            f"--quota-code {self.code} --desired-value NUMBER` asks for more"
        )


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html#service-quotas-fargate
ON_DEMAND = Quota(service="fargate", code="L-3032A538", counts="vCPUs of Fargate on demand")
SPOT = Quota(service="fargate", code="L-36FBB829", counts="vCPUs of Fargate Spot")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
RULES = Quota(service="events", code="L-244521F2", counts="rules on the default bus")


def check(patient: Patient) -> list[Finding]:
    """Quotas of which 80 % or more are used, or will be at the schedule's busiest moment of the next day."""
    looks: list[Callable[[], list[Finding]]] = [lambda: list(_rules(patient)), lambda: list(_vcpus(patient))]
    return [finding for look in looks for finding in patient.noting(_WHAT, None, look)]


def _rules(patient: Patient) -> Iterator[Finding]:
    pages = patient.aws("events").get_paginator("list_rules").paginate(PaginationConfig={"PageSize": 100})
    rules = [rule for page in pages for rule in page["Rules"]]
    wildcards = [rule["Arn"] for rule in rules if '"wildcard"' in rule.get("EventPattern", "")]
    if len(wildcards) >= NEAR * _MOST_WILDCARDS:
        of_the_quota = f"{len(wildcards)} of the {_MOST_WILDCARDS} rules with a wildcard"
        yield Finding(
            check="quota-wildcards",
            job=None,
            problem=f"The default bus has {of_the_quota} that it may have; then deployments fail.",
            advice="AWS grants no more. Each success that starts a job takes one: start some by a schedule instead.",
            arn=wildcards[0],
        )
    value, arn = _read(patient, RULES)
    if len(rules) >= NEAR * value:
        yield Finding(
            check="quota-rules",
            job=None,
            problem=f"The default bus has {len(rules)} of the {value:g} rules that it may have; then deployments fail.",
            advice=f"{RULES.asked_for}; or `longhaul:trigger: scheduler` makes schedules of them.",
            arn=arn,
        )


def _vcpus(patient: Patient) -> Iterator[Finding]:
    sizes: dict[str, dict[Quota, float]] = {}

    def note(job: DeployedJob) -> tuple[()]:
        sizes[job.name] = _size(patient, job)
        return ()

    patient.each_job(_WHAT, note)
    calendar = read_calendar(
        patient.aws,
        patient.stack.jobs,
        patient.now,
        patient.now + AHEAD,
        now=patient.now,
        ledger=patient.ledger,
    )
    working = list(at_work(calendar.entries))
    for quota in (ON_DEMAND, SPOT):
        if not any(quota in sizes.get(job, {}) for _, jobs in working for job in jobs):
            continue
        needs = [(sum(sizes.get(job, {}).get(quota, 0) for job in jobs), moment, jobs) for moment, jobs in working]
        needed, moment, jobs = max(needs, key=lambda need: need[0])
        value, arn = _read(patient, quota)
        if needed >= NEAR * value:
            yield _near(quota, needed, value, arn, moment, [job for job in jobs if quota in sizes.get(job, {})])


def _near(quota: Quota, needed: float, value: float, arn: str, moment: datetime, jobs: list[str]) -> Finding:
    names = list(dict.fromkeys(jobs))
    who = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    of_the_quota = f"{needed:g} of the account's {value:g} {quota.counts}"
    return Finding(
        check="quota-vcpus",
        job=None,
        problem=f"At {utc_text(moment)} the schedule needs {of_the_quota}, for {who}.",
        advice=f"{quota.asked_for}; or move jobs apart: `./longhaul calendar` shows what meets.",
        arn=arn,
    )


def _size(patient: Patient, job: DeployedJob) -> dict[Quota, float]:
    """The vCPUs that a run of a job has at once at most, by the quota that first attempts count for."""
    by_machine = {one.state_machine_arn: one for one in patient.stack.machine_jobs}

    def of_task(arguments: Mapping[str, Any]) -> dict[Quota, float]:
        revision = patient.task_definition(arguments["TaskDefinition"])
        # On EC2 the instances have a quota, not what runs on them.
        if "FARGATE" not in revision.get("requiresCompatibilities", ("FARGATE",)):
            return {}
        quota = SPOT if "FARGATE_SPOT" in str(arguments.get("CapacityProviderStrategy")) else ON_DEMAND
        return {quota: int(revision["cpu"]) / _CPU_UNITS}

    def of_run(machine_arn: str) -> dict[Quota, float]:
        other = by_machine.get(machine_arn)
        return {} if other is None else at_once(patient.machine(other).definition, of_task, of_run)

    if job.state_machine_arn is None:
        start = patient.task_start(job)
        strategy = start.parameters.get("capacityProviderStrategy")
        return of_task({"TaskDefinition": start.task_definition, "CapacityProviderStrategy": strategy})
    return at_once(patient.machine(job).definition, of_task, of_run)


def _read(patient: Patient, quota: Quota) -> tuple[float, str]:
    """Its value and its ARN: what the account has been granted, and the default where that is all there is."""
    quotas = patient.aws("service-quotas")
    request = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        told: dict[str, Any] = quotas.get_service_quota(**request)["Quota"]
    except quotas.exceptions.NoSuchResourceException:
        told = quotas.get_aws_default_service_quota(**request)["Quota"]
    return told["Value"], told["QuotaArn"]
