"""Is there an EC2 instance on which a task fits?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ops.doctor.finding import Finding
from ops.doctor.patient import Patient
from ops.machine_tasks import family_of
from ops.stack import DeployedJob

_WHAT = "the instances"
_MOST_DESCRIBED = 100


class _Size(NamedTuple):
    cpu_units: int
    memory_mib: int

    def __str__(self) -> str:
        return f"{self.cpu_units} CPU units and {self.memory_mib} MiB"


def check(patient: Patient) -> list[Finding]:
    """Tasks for which each instance that their capacity provider has by now is too small, whatever else runs there.

    Of a provider without instances nothing is said: AWS does not tell how large the next one will be.
    """
    by_cluster: defaultdict[str, list[tuple[DeployedJob, dict[str, Any]]]] = defaultdict(list)

    def note(job: DeployedJob) -> tuple[()]:
        if job.run_on == "ec2":
            for arguments in patient.machine(job).tasks:
                by_cluster[arguments["Cluster"]].append((job, arguments))
        return ()

    found = patient.each_machine_job(_WHAT, note)
    return found + patient.each(_WHAT, by_cluster.items(), lambda item: _in(patient, *item), lambda _item: None)


def _in(patient: Patient, cluster: str, tasks: list[tuple[DeployedJob, dict[str, Any]]]) -> Iterator[Finding]:
    sizes: defaultdict[str | None, Counter[_Size]] = defaultdict(Counter)
    for instance in _instances(patient, cluster):
        sizes[instance.get("capacityProviderName")][_size(instance)] += 1
    for job, arguments in tasks:
        provider = arguments["CapacityProviderStrategy"][0]["CapacityProvider"]
        definition = patient.task_definition(arguments["TaskDefinition"])
        need = _Size(int(definition["cpu"]), int(definition["memory"]))
        there = sizes[provider]
        if there and not any(_fits(need, one) for one in there):
            yield _too_large(job, arguments["TaskDefinition"], need, provider, there)


def _instances(patient: Patient, cluster: str) -> Iterator[dict[str, Any]]:
    ecs = patient.aws("ecs")
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    for first in range(0, len(arns), _MOST_DESCRIBED):
        some = arns[first : first + _MOST_DESCRIBED]
        yield from ecs.describe_container_instances(cluster=cluster, containerInstances=some)["containerInstances"]


def _size(instance: Mapping[str, Any]) -> _Size:
    """What an instance has for tasks: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html"""
    amounts = {one["name"]: one.get("integerValue", 0) for one in instance["registeredResources"]}
    return _Size(amounts["CPU"], amounts["MEMORY"])


def _fits(need: _Size, there: _Size) -> bool:
    return need.cpu_units <= there.cpu_units and need.memory_mib <= there.memory_mib


def _too_large(job: DeployedJob, revision: str, need: _Size, provider: str, there: Counter[_Size]) -> Finding:
    step = family_of(revision).removeprefix(job.resource_name).removeprefix("_")
    whose = f"step {step} of {job.name}" if step else job.name
    are = "is" if there.total() == 1 else "are"
    of_each = ", ".join(f"{count} of {size}" for size, count in sorted(there.items(), reverse=True))
    return Finding(
        check="task-too-large",
        job=job.name,
        problem=f"A task of {whose} needs {need}, and no instance of its capacity provider {provider} has them: there "
        f"{are} {of_each}.",
        advice="Let the provider have larger machines, of which some memory is not for tasks, or give the job less "
        "`cpu` or `memory`.",
        arn=revision,
    )
