"""Which CPU, memory and disk a container may have, by where it runs.

Of a Lambda function and of a pod their own modules say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec.model import Problem
from spec.sizes import cpu_mistake, memory_mistake, pair_mistake
from spec.words import shown

if TYPE_CHECKING:
    from spec.job import JobSpec

LEAST_EC2_CPU_UNITS = 128
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (cpu)"""

_MEANT_AS_VCPUS = 16
"""Whoever writes so few units means vCPUs, which is how Kubernetes counts."""

_LEAST_CPU_UNITS = {"ec2": LEAST_EC2_CPU_UNITS, "kubernetes": _MEANT_AS_VCPUS + 1}

LEAST_FARGATE_DISK_GIB = 20
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html"""


def problems(container: JobSpec) -> Iterator[Problem]:
    """What is wrong with the size of a container, of a job or of a step, where it runs."""
    return (Problem(one.loc, one.message, (*one.others, ("runOn",))) for one in _problems(container))


def _problems(container: JobSpec) -> Iterator[Problem]:
    kind = container.run_on.kind
    if kind in ("fargate", "task"):
        yield from _on_fargate(container)
    elif kind in _LEAST_CPU_UNITS and container.cpu_units < _LEAST_CPU_UNITS[kind]:
        least, where = _LEAST_CPU_UNITS[kind], "EC2" if kind == "ec2" else "Kubernetes"
        hint = f": did you mean {container.cpu_units} vCPU?" if container.cpu_units <= _MEANT_AS_VCPUS else ""
        expected = f"at least {least} CPU units on {where}"
        yield Problem(("cpu",), f"expected {expected}, found {shown(container.cpu_units)}{hint}")


def _on_fargate(container: JobSpec) -> Iterator[Problem]:
    if container.ephemeral_storage_gib < LEAST_FARGATE_DISK_GIB:
        expected = f"at least the {LEAST_FARGATE_DISK_GIB} GiB that come with every task on Fargate"
        yield Problem(("ephemeralStorage",), f"expected {expected}, found {container.ephemeral_storage_gib}")
    of_cpu, of_memory = cpu_mistake(container.cpu_units), memory_mistake(container.memory_mib)
    if of_cpu is not None:
        yield Problem(("cpu",), of_cpu)
    if of_memory is not None:
        yield Problem(("memory",), of_memory)
    if of_cpu is None and of_memory is None and (mistake := pair_mistake(container.cpu_units, container.memory_mib)):
        yield Problem(("memory",), mistake, (("cpu",),))
