"""Is what is deployed what the checked-out stack says?"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ops.doctor.expected import ExpectedJob, ExpectedTrigger
from ops.doctor.finding import Finding
from ops.doctor.patient import Patient
from ops.doctor.task_differences import task_differences
from ops.function_states import function_of, function_states
from ops.machine_tasks import cluster_arguments, family_of, task_arguments
from ops.pausing import pause_note
from ops.stack import DeployedJob, DeployedStack, Trigger

_WHAT = "what differs"
_DEPLOY = "`pulumi up --refresh` deploys what is checked out; `./longhaul diff` tells what a commit changed."
_MOST_NAMED = 5
_REGISTRY = r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?"
_ANY_ARN = re.compile(r"arn:[a-z-]+:([a-z0-9-]+):[a-z0-9-]*:[0-9]{12}:")


def check(patient: Patient, expected: Collection[ExpectedJob]) -> list[Finding]:
    """Jobs that are missing or too many, and what of the others differs. A paused job is no difference."""
    wanted, deployed = {job.name: job for job in expected}, {job.name: job for job in patient.stack.jobs}
    found = [_absent(patient, name) for name in wanted.keys() - deployed.keys()]
    found += [_surplus(job) for name, job in deployed.items() if name not in wanted]
    return found + patient.each(
        _WHAT,
        [job for name, job in deployed.items() if name in wanted],
        lambda job: _of_job(patient, job, wanted[job.name]),
        lambda job: job.name,
    )


def _absent(patient: Patient, name: str) -> Finding:
    return Finding(
        check="job-missing",
        job=name,
        problem=f"{name} is in the checked-out stack, and not deployed in {patient.stack.region}.",
        advice=_DEPLOY,
        arn=None,
    )


def _surplus(job: DeployedJob) -> Finding:
    return Finding(
        check="job-surplus",
        job=job.name,
        problem=f"{job.name} is deployed, and not in the checked-out stack.",
        advice=f"{_DEPLOY} It takes the job away; `./longhaul check --deployed` tells whether it runs.",
        arn=job.arn,
    )


def _of_job(patient: Patient, job: DeployedJob, expected: ExpectedJob) -> Iterator[Finding]:
    if patient.triggers_known:
        yield from _of_trigger(job, expected.trigger)
        yield from _of_events(patient, job, expected.event_patterns)
    if job.place != expected.run_on:
        yield Finding(
            check="runs-elsewhere",
            job=job.name,
            problem=f"{job.name} has runOn: {job.place}, and runOn: {expected.run_on} as checked out.",
            advice=_DEPLOY,
            arn=job.arn,
        )
        return
    if expected.state_machine is None:
        yield from _of_tasks(patient, job, expected, [patient.task_start(job).task_definition])
        return
    machine = patient.machine(job)
    states = _states_that_differ(machine.definition, expected.state_machine, patient.stack)
    if states:
        yield Finding(
            check="machine-differs",
            job=job.name,
            problem=f"The state machine of {job.name} is not the checked-out one: {_some(states)}.",
            advice=_DEPLOY,
            arn=job.state_machine_arn,
        )
    yield from _of_tasks(patient, job, expected, [arguments["TaskDefinition"] for arguments in machine.tasks])


def _of_tasks(
    patient: Patient, job: DeployedJob, expected: ExpectedJob, revisions: Collection[str]
) -> Iterator[Finding]:
    for revision in dict.fromkeys(revisions):
        deployed = patient.task_definition(revision)
        differing = task_differences(deployed, expected.task_definitions.get(deployed["family"], {}))
        if differing:
            yield Finding(
                check="task-differs",
                job=job.name,
                problem=f"The task of {job.name} is not the checked-out one: {', '.join(differing)}.",
                advice=_DEPLOY,
                arn=revision,
            )


def _of_trigger(job: DeployedJob, expected: ExpectedTrigger | None) -> Iterator[Finding]:
    differing = list(_trigger_differences(job.trigger, expected))
    if differing:
        yield Finding(
            check="trigger-differs",
            job=job.name,
            problem=f"What starts {job.name} is not as checked out: {', '.join(differing)}.",
            advice=_DEPLOY,
            arn=job.trigger.arn if job.trigger else job.arn,
        )


def _of_events(patient: Patient, job: DeployedJob, expected: Mapping[str, Any]) -> Iterator[Finding]:
    """The rules that events start a job by: their names go on after a dot."""
    rules = {rule["Name"]: rule for rule in patient.rules() if rule["Name"].startswith(f"{job.resource_name}.")}
    for name in sorted({*rules, *expected}):
        if name not in rules or name not in expected:
            how = "is missing" if name in expected else "is too many"
        elif _anywhere(rules[name].get("EventPattern", "")) != _anywhere(json.dumps(expected[name])):
            how = "matches other events"
        elif rules[name]["State"] == "DISABLED":
            how = "is switched off"
        else:
            continue
        yield Finding(
            check="trigger-differs",
            job=job.name,
            problem=f"What starts {job.name} is not as checked out: the rule {name} {how}.",
            advice=_DEPLOY,
            arn=rules[name]["Arn"] if name in rules else job.arn,
        )


def _anywhere(text: str) -> Any:
    """A document of any account and Region."""
    return json.loads(_ANY_ARN.sub(r"arn:\1:", text) or "{}")


def _trigger_differences(deployed: Trigger | None, expected: ExpectedTrigger | None) -> Iterator[str]:
    if deployed is None or expected is None:
        if deployed is not None:
            yield f"it has the {deployed.kind} {deployed.name} and should have none"
        elif expected is not None:
            yield f"it has none and should have a {expected.kind} with {expected.expression}"
        return
    for name, is_so, should_be in (
        ("it is a", deployed.kind, expected.kind),
        ("its schedule is", deployed.expression, expected.expression),
        ("its time zone is", deployed.timezone, expected.timezone),
        ("its flexible window in minutes is", deployed.window_minutes, expected.window_minutes),
    ):
        if is_so != should_be:
            yield f"{name} {is_so}, not {should_be}"
    if deployed.enabled != expected.enabled and pause_note(deployed) is None:
        yield f"it is switched {'on' if deployed.enabled else 'off'}, not {'on' if expected.enabled else 'off'}"


def _states_that_differ(deployed: Mapping[str, Any], expected: Mapping[str, Any], stack: DeployedStack) -> list[str]:
    """The names of the states that are not the same, or the fields of the machine; none where it is the same."""
    one, other = _plain(deployed, stack), _plain(expected, stack)
    if one == other:
        return []
    states, wanted = one.get("States", {}), other.get("States", {})
    names = [f"{name!r}" for name in {**wanted, **states} if states.get(name) != wanted.get(name)]
    return names or sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _plain(definition: Mapping[str, Any], stack: DeployedStack) -> dict[str, Any]:
    """A definition without what only a deployment knows: ARNs, generated names, the network's ids."""
    text = json.dumps(definition, ensure_ascii=False)
    for arguments in task_arguments(definition):
        text = text.replace(str(arguments.get("Cluster")), "Cluster")
        # The quotes keep one revision from being taken for the beginning of another.
        revision = str(arguments.get("TaskDefinition"))
        text = text.replace(json.dumps(revision), json.dumps(family_of(revision)))
    for state in function_states(definition):
        version = str(state["Arguments"].get("FunctionName"))
        text = text.replace(json.dumps(version), json.dumps(function_of(version)))
    # `acme-night-locks-0a1b2c3`, `/longhaul/acme/night/rollup-20261124031500...`: Pulumi adds such an end.
    name = stack.resource_name
    # S3 takes fewer characters.
    own = {name, name.lower(), name.lower().replace("_", "-")}
    beginnings = {*own, f"/longhaul/{stack.project}/{stack.name}/"}
    beginning = "|".join(map(re.escape, sorted(beginnings)))
    text = re.sub(rf"((?:{beginning})[\w/-]*?)-[0-9a-f]{{7,}}(?![\w-])", r"\1", text)
    plain = json.loads(_ANY_ARN.sub(r"arn:\1:", text))
    for arguments in task_arguments(plain):
        network = arguments.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
        network.pop("Subnets", None)
        network.pop("SecurityGroups", None)
    # The stack's repository is called as Pulumi likes.
    built = re.compile(rf"{_REGISTRY}/(?:{'|'.join(map(re.escape, own))})(?:-images)?@sha256:[0-9a-f]{{64}}")
    for arguments in cluster_arguments(plain):
        # Where the cluster's API is, and which image was built last.
        for key in ("Endpoint", "CertificateAuthority"):
            arguments.pop(key, None)
        for container in _containers(arguments):
            container["image"] = built.sub("built", str(container.get("image")))
    return plain


def _containers(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of a Job, as far as somebody has left it one."""
    try:
        return [each for each in arguments["Job"]["spec"]["template"]["spec"]["containers"] if isinstance(each, dict)]
    except (KeyError, TypeError):
        return []
