"""Do the stack's rules and schedules start its jobs?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.doctor.finding import REDEPLOY, Finding
from ops.doctor.patient import Patient, Target
from ops.firing import next_firing
from ops.stack import JOB_TAG, STACK_TAG, DeployedJob, Trigger, is_cluster
from spec.schedule import Rate, ScheduleError, parse_schedule

_DEPLOY = f"{REDEPLOY}, which sees what is not as it was."
_WHAT = "the triggers"


@dataclass(frozen=True, kw_only=True)
class _Stray:
    """A rule or a schedule of the stack that does not stand for the schedule of one of its jobs."""

    kind: str
    name: str
    arn: str
    job: str | None
    scheduled: bool
    targets: tuple[str, ...]


def check(patient: Patient) -> list[Finding]:
    """Triggers that start nothing, or not their job."""
    found = patient.each_job(_WHAT, lambda job: _of_job(patient, job))
    for strays in (_stray_rules, _stray_schedules):
        found += patient.noting(_WHAT, None, lambda strays=strays: _of_strays(patient, list(strays(patient))))
    return found


def _of_job(patient: Patient, job: DeployedJob) -> Iterator[Finding]:
    trigger = job.trigger
    if trigger is None:
        return
    if trigger.enabled and _never_fires(patient, trigger):
        yield Finding(
            check="trigger-never-fires",
            job=job.name,
            problem=f"{trigger.expression} in {trigger.timezone} has no time left at which {job.name} would run.",
            advice="Give the job another schedule, or take it out of the stack, and deploy.",
            arn=trigger.arn,
        )
    targets = patient.targets(trigger)
    if not targets:
        yield _without_target(trigger.kind, trigger.name, trigger.arn, job.name)
    elif job.state_machine_arn is None:
        yield from _of_task_target(patient, job, trigger, targets)
    elif all(target.arn != job.state_machine_arn for target in targets):
        what = (trigger.kind, trigger.name, trigger.arn, job.name, targets[0].arn)
        yield _machine_gone(*what) if _is_gone(patient, targets[0].arn) else _elsewhere(*what)


def _of_task_target(
    patient: Patient, job: DeployedJob, trigger: Trigger, targets: tuple[Target, ...]
) -> Iterator[Finding]:
    """Whether a trigger runs its job's task: the target is a cluster, and the task definition told beside it."""
    if not any(is_cluster(target.arn) for target in targets):
        yield _elsewhere(trigger.kind, trigger.name, trigger.arn, job.name, targets[0].arn, "the task")
        return
    start = patient.task_start(job)
    definition = patient.task_definition(start.task_definition)
    if definition["family"] != job.resource_name:
        yield _elsewhere(trigger.kind, trigger.name, trigger.arn, job.name, start.task_definition, "the task")
    elif definition["status"] != "ACTIVE":
        yield Finding(
            check="trigger-task-gone",
            job=job.name,
            problem=f"The {trigger.kind} {trigger.name} starts {start.task_definition}, which ECS runs no more.",
            advice=_DEPLOY,
            arn=trigger.arn,
        )


def _never_fires(patient: Patient, trigger: Trigger) -> bool:
    try:
        if isinstance(parse_schedule(trigger.expression), Rate):
            return False
    except ScheduleError:  # AWS took it, so it fires at times that are not known here.
        return False
    return next_firing(trigger, patient.now) is None


def _elsewhere(kind: str, name: str, arn: str, job: str, target_arn: str, wanted: str = "the state machine") -> Finding:
    return Finding(
        check="trigger-elsewhere",
        job=job,
        problem=f"The {kind} {name} starts {target_arn}, and not {wanted} of {job}.",
        advice=_DEPLOY,
        arn=arn,
    )


def _of_strays(patient: Patient, strays: list[_Stray]) -> list[Finding]:
    return patient.each(_WHAT, strays, lambda stray: _of_stray(patient, stray), lambda stray: stray.job)


def _of_stray(patient: Patient, stray: _Stray) -> Iterator[Finding]:
    gone = next((target for target in stray.targets if _is_gone(patient, target)), None)
    if gone is not None:
        yield _machine_gone(stray.kind, stray.name, stray.arn, stray.job, gone)
    elif stray.scheduled:
        yield Finding(
            check="trigger-without-job",
            job=stray.job,
            problem=f"The {stray.kind} {stray.name} is the stack's, and no job of the stack has it.",
            advice=f"Delete the {stray.kind}, if nobody uses it for something else.",
            arn=stray.arn,
        )
    elif not stray.targets:
        yield _without_target(stray.kind, stray.name, stray.arn, stray.job)
    else:
        machine = next((job.state_machine_arn for job in patient.stack.jobs if job.name == stray.job), None)
        if stray.job and machine and machine not in stray.targets:
            yield _elsewhere(stray.kind, stray.name, stray.arn, stray.job, stray.targets[0])


def _stray_rules(patient: Patient) -> Iterator[_Stray]:
    """The rules with the stack's name and tag that have no job's name: its ledger's, or that events start a job by."""
    events, names = patient.aws("events"), {job.resource_name for job in patient.stack.jobs}
    for rule in [rule for rule in patient.rules() if rule["Name"] not in names]:
        tags = {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]}
        if tags.get(STACK_TAG) == patient.stack.name:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            yield _Stray(
                kind="rule",
                name=rule["Name"],
                arn=rule["Arn"],
                job=tags.get(JOB_TAG),
                scheduled="ScheduleExpression" in rule,
                targets=tuple(target["Arn"] for target in targets),
            )


def _stray_schedules(patient: Patient) -> Iterator[_Stray]:
    """The schedules of the stack's group that have no job's name."""
    scheduler, group = patient.aws("scheduler"), patient.stack.resource_name
    names = {job.resource_name for job in patient.stack.jobs}
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group, PaginationConfig={"PageSize": 100})
    try:
        schedules: list[dict[str, Any]] = [schedule for page in pages for schedule in page["Schedules"]]
    except scheduler.exceptions.ResourceNotFoundException:
        return
    for schedule in schedules:
        if schedule["Name"] not in names:
            yield _Stray(
                kind="schedule",
                name=schedule["Name"],
                arn=schedule["Arn"],
                job=None,
                scheduled=True,
                targets=(schedule["Target"]["Arn"],),
            )


def _is_gone(patient: Patient, arn: str) -> bool:
    """Whether a target is a state machine that is not there any more, or is about to go."""
    if ":stateMachine:" not in arn:
        return False
    states = patient.aws("stepfunctions")
    try:
        return states.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    except states.exceptions.StateMachineDoesNotExist:
        return True


def _without_target(kind: str, name: str, arn: str, job: str | None) -> Finding:
    return Finding(
        check="trigger-without-target",
        job=job,
        problem=f"The {kind} {name} has no target: when it fires, nothing happens.",
        advice=_DEPLOY,
        arn=arn,
    )


def _machine_gone(kind: str, name: str, arn: str, job: str | None, machine_arn: str) -> Finding:
    return Finding(
        check="trigger-machine-gone",
        job=job,
        problem=f"The {kind} {name} starts {machine_arn}, which is gone.",
        advice=f"{_DEPLOY} If the job was taken away for good, delete the {kind}.",
        arn=arn,
    )
