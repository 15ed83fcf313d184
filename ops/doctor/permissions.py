"""May the stack's own roles do what its triggers and its runs need?

The policies are asked that are attached, with boundaries and an organization's, by SimulatePrincipalPolicy, which calls
nothing: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ops.doctor.finding import REDEPLOY, Finding
from ops.doctor.patient import Machine, Patient
from ops.function_states import function_states
from ops.stack import DeployedJob

_WHAT = "the permissions"
_MOST_RESOURCES = 50
# The rule through which Step Functions hears that a task has stopped.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html#ecs-iam
_MANAGED_RULE = "StepFunctionsGetEventsForECSTaskRule"
_A_TASK = "0123456789abcdef0123456789abcdef"
"""The id of a task that there is not: a simulation asks about any."""

_Need = tuple[str, tuple[str, ...], Mapping[str, str]]
"""A resource, the actions that are needed on it, and the condition keys of those calls."""


def check(patient: Patient) -> list[Finding]:
    """What the roles of the triggers and of the state machines lack."""
    starting: defaultdict[str, list[DeployedJob]] = defaultdict(list)

    def note(job: DeployedJob) -> Iterable[Finding]:
        for target in patient.targets(job.trigger) if job.trigger else ():
            if target.arn == job.state_machine_arn and target.role_arn:
                starting[target.role_arn].append(job)
        return ()

    found = patient.each_machine_job(_WHAT, note)
    found += patient.each(_WHAT, starting.items(), lambda item: _of_trigger(patient, *item), lambda _item: None)
    found += patient.each_machine_job(_WHAT, lambda job: _of_machine(patient, job))
    return found + patient.each_task_job(_WHAT, lambda job: _of_task_start(patient, job))


def _of_trigger(patient: Patient, role_arn: str, jobs: list[DeployedJob]) -> Iterator[Finding]:
    by_arn = {job.machine_arn: job for job in jobs}
    machines, action = list(by_arn), "states:StartExecution"
    for first in range(0, len(machines), _MOST_RESOURCES):
        decisions = _simulate(patient, role_arn, (action,), machines[first : first + _MOST_RESOURCES], {})
        if decisions is None:
            yield _role_gone(role_arn, None, "its triggers start jobs with")
            return
        for arn in machines[first : first + _MOST_RESOURCES]:
            if decisions[action, arn] != "allowed":
                job = by_arn[arn].name
                yield _missing(role_arn, job, {action: decisions[action, arn]}, arn, f"no trigger starts {job}")


def _of_task_start(patient: Patient, job: DeployedJob) -> Iterator[Finding]:
    start = patient.task_start(job)
    if start.role_arn is not None:
        tags = "propagateTags" in start.parameters or "tags" in start.parameters
        needs = _of_task(patient, start.cluster, start.task_definition, tags=tags).values()
        so = f"nothing starts {job.name}"
        yield from _lacking(patient, job, start.role_arn, needs, whose=f"what starts {job.name} has", so=so)


def _of_machine(patient: Patient, job: DeployedJob) -> Iterator[Finding]:
    machine = patient.machine(job)
    so = f"runs of {job.name} fail, or go on unwatched"
    whose = f"the runs of {job.name} have"
    yield from _lacking(patient, job, machine.role_arn, _needs(patient, machine), whose=whose, so=so)


def _lacking(
    patient: Patient, job: DeployedJob, role_arn: str, needs: Iterable[_Need], *, whose: str, so: str
) -> Iterator[Finding]:
    for resource, actions, context in needs:
        decisions = _simulate(patient, role_arn, actions, [resource], context)
        if decisions is None:
            yield _role_gone(role_arn, job.name, whose)
            return
        missing = {action: decisions[action, resource] for action in actions}
        missing = {action: decision for action, decision in missing.items() if decision != "allowed"}
        if missing:
            yield _missing(role_arn, job.name, missing, resource, so)


def _needs(patient: Patient, machine: Machine) -> list[_Need]:
    """What an execution needs for the tasks and functions that it runs."""
    needs: dict[str, _Need] = {}
    for arguments in machine.tasks:
        cluster, revision = arguments["Cluster"], arguments["TaskDefinition"]
        on_cluster, a_task = {"ecs:cluster": cluster}, f"{cluster.replace(':cluster/', ':task/', 1)}/{_A_TASK}"
        needs |= _of_task(patient, cluster, revision, tags="PropagateTags" in arguments or "Tags" in arguments)
        needs[a_task] = (a_task, ("ecs:DescribeTasks", "ecs:StopTask"), on_cluster)
        _, partition, _, region, account, *_ = machine.arn.split(":")
        rule = f"arn:{partition}:events:{region}:{account}:rule/{_MANAGED_RULE}"
        needs[rule] = (rule, ("events:DescribeRule", "events:PutRule", "events:PutTargets"), {})
    for state in function_states(machine.definition):
        version = state["Arguments"]["FunctionName"]
        needs[version] = (version, ("lambda:InvokeFunction",), {})
    return list(needs.values())


def _of_task(patient: Patient, cluster: str, revision: str, *, tags: bool) -> dict[str, _Need]:
    """What whoever runs a task needs."""
    a_task, definition = f"{cluster.replace(':cluster/', ':task/', 1)}/{_A_TASK}", patient.task_definition(revision)
    needs: dict[str, _Need] = {revision: (revision, ("ecs:RunTask",), {"ecs:cluster": cluster})}
    if tags:
        needs[f"tags {a_task}"] = (a_task, ("ecs:TagResource",), {"ecs:CreateAction": "RunTask"})
    for role in filter(None, (definition.get("executionRoleArn"), definition.get("taskRoleArn"))):
        needs[role] = (role, ("iam:PassRole",), {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
    return needs


def _simulate(
    patient: Patient, role_arn: str, actions: Collection[str], resources: Collection[str], context: Mapping[str, str]
) -> dict[tuple[str, str], str] | None:
    """What IAM decides of each action on each resource; None where there is no such role."""
    iam = patient.aws("iam")
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role_arn,
        ActionNames=list(actions),
        ResourceArns=list(resources),
        ContextEntries=entries,
    )
    decisions: dict[tuple[str, str], str] = {}
    try:
        results: list[dict[str, Any]] = [result for page in pages for result in page["EvaluationResults"]]
    except iam.exceptions.NoSuchEntityException:
        return None
    for result in results:
        action = result["EvalActionName"]
        decisions[action, result.get("EvalResourceName", "")] = result["EvalDecision"]
        for specific in result.get("ResourceSpecificResults", ()):
            decisions[action, specific["EvalResourceName"]] = specific["EvalResourceDecision"]
    return decisions


def _missing(role_arn: str, job: str, missing: Mapping[str, str], resource: str, so: str) -> Finding:
    forbidden = "explicitDeny" in missing.values()
    return Finding(
        check="permission-missing",
        job=job,
        problem=f"The role {role_arn.rpartition('/')[2]} {'is denied' if forbidden else 'lacks'} "
        f"{', '.join(sorted(missing))} on {resource}: {so}.",
        advice="Take away the policy, the boundary or the organization's policy that denies it."
        if forbidden
        else f"{REDEPLOY}; if it stays so, look for a permissions boundary.",
        arn=role_arn,
    )


def _role_gone(role_arn: str, job: str | None, whose: str) -> Finding:
    return Finding(
        check="permission-missing",
        job=job,
        problem=f"The role {role_arn.rpartition('/')[2]}, which {whose}, is gone.",
        advice=f"{REDEPLOY}.",
        arn=role_arn,
    )
