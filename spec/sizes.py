"""CPU, memory and disk of a container, as people write them, and what Fargate sells of them.

Legal pairs: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

import re
from fractions import Fraction
from typing import Any

from spec.forms import Form
from spec.words import UnexpectedValueError, listed, nearest_numbers_hint, shown

MOST_CPU_UNITS = 196_608
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (cpu)"""
LEAST_MEMORY_MIB, MOST_MEMORY_MIB = 6, 32 * 1024 * 1024
"""Docker's least for a container, and more than the largest machine has: what a kind of place takes is for its rule."""

# CPU units to the memory in MiB that goes with them.
FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
_NUMBER = r"[0-9]{1,8}(?:\.[0-9]{1,3})?"
_PLAIN = r"[0-9]{1,8}"


def cpu() -> Form:
    """CPU units: 1024, "1024" or "1 vCPU". What may be had where a job runs is for the rule of that place to say."""
    expects = "CPU units such as 256 or 1024, or vCPUs such as 0.25 vCPU"

    def read(value: Any) -> int:
        units = _amount(value, "vCPU|vcpu", 1024)
        if units is not None and 1 <= units <= MOST_CPU_UNITS:
            return units
        vcpus = isinstance(value, float) and (value * 1024).is_integer() and 1 <= value * 1024 <= MOST_CPU_UNITS
        raise UnexpectedValueError(expects, shown(value), f"did you mean {value} vCPU?" if vcpus else "")

    return Form(expects, read, _schema("vCPU|vcpu", 1, MOST_CPU_UNITS))


def memory() -> Form:
    """Memory in MiB: 2048, "2048" or "2 GB". What may be had where a job runs is for the rule of that place to say."""
    expects = "memory in MiB, such as 512 or 2048, or in GB such as 2 GB"

    def read(value: Any) -> int:
        mib = _amount(value, "GB", 1024)
        if mib is not None and LEAST_MEMORY_MIB <= mib <= MOST_MEMORY_MIB:
            return mib
        gib = isinstance(value, int) and not isinstance(value, bool) and 0 < value < LEAST_MEMORY_MIB
        raise UnexpectedValueError(expects, shown(value), f"did you mean {value} GB?" if gib else "")

    return Form(expects, read, _schema("GB", LEAST_MEMORY_MIB, MOST_MEMORY_MIB))


def disk(lowest_gib: int, highest_gib: int) -> Form:
    """Disk in GiB: 100 or "100 GB"."""
    expects = f"a whole number of GiB from {lowest_gib} to {highest_gib}, such as 100 or 100 GB"

    def read(value: Any) -> int:
        gib = _amount(value, "GB", 1)
        if gib is None or not lowest_gib <= gib <= highest_gib:
            raise UnexpectedValueError(expects, shown(value))
        return gib

    schema = {
        "anyOf": [
            {"type": "integer", "minimum": lowest_gib, "maximum": highest_gib},
            {"type": "string", "pattern": rf"^{_NUMBER} ?GB$|^{_PLAIN}$"},
        ]
    }
    return Form(expects, read, schema)


def cpu_mistake(cpu_units: int) -> str | None:
    """What is wrong with the CPU of a Fargate task, naming the nearest; None when Fargate sells it."""
    legal = tuple(FARGATE_MEMORY_MIB)
    if cpu_units in legal:
        return None
    hint = nearest_numbers_hint(cpu_units, legal)
    if cpu_units * 1024 in legal:
        hint = f"did you mean {cpu_units} vCPU?"
    vcpus = f" ({cpu_units // 1024} vCPU)" if cpu_units % 1024 == 0 else ""
    return f"expected {listed(legal)} CPU units, or as many vCPUs such as 0.25 vCPU, found {cpu_units}{vcpus}: {hint}"


def memory_mistake(memory_mib: int) -> str | None:
    """What is wrong with the memory of a Fargate task, naming the nearest; None when Fargate sells it."""
    legal = sorted({size for sizes in FARGATE_MEMORY_MIB.values() for size in sizes})
    if memory_mib in legal:
        return None
    hint = nearest_numbers_hint(memory_mib, legal)
    if memory_mib * 1024 in legal:
        hint = f"did you mean {memory_mib} GB?"
    return (
        "expected memory of a Fargate size in MiB, such as 512 or 2048, or in GB such as 2 GB, "
        f"found {memory_mib}: {hint}"
    )


def pair_mistake(cpu_units: int, memory_mib: int) -> str | None:
    """What is wrong with memory that Fargate sells for a CPU that it sells, naming the nearest legal pairs; None when
    it sells the pair."""
    sizes = FARGATE_MEMORY_MIB[cpu_units]
    if memory_mib in sizes:
        return None
    with_memory = [units for units, offered in FARGATE_MEMORY_MIB.items() if memory_mib in offered]
    other_cpu = min(with_memory, key=lambda units: abs(units - cpu_units))
    closest = min(sizes, key=lambda size: abs(size - memory_mib))
    step = "" if cpu_units == 256 else f" in steps of {sizes[1] - sizes[0]}"
    return (
        f"expected memory of {sizes[0]} to {sizes[-1]} MiB{step} with cpu {cpu_units}, found {memory_mib}: "
        f"the nearest are cpu {cpu_units} with memory {closest}, and cpu {other_cpu} with memory {memory_mib}"
    )


def _amount(value: Any, unit: str, per_unit: int) -> int | None:
    """A plain whole number, or `<number> <unit>` times `per_unit`; None when it is neither or not whole."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    if re.fullmatch(_PLAIN, value):
        return int(value)
    match = re.fullmatch(rf"({_NUMBER}) ?(?:{unit})", value)
    amount = Fraction(match[1]) * per_unit if match else None
    return int(amount) if amount is not None and amount.denominator == 1 else None


def _schema(unit: str, least: int, most: int) -> dict[str, Any]:
    return {
        "anyOf": [
            {"type": "integer", "minimum": least, "maximum": most},
            {"type": "string", "pattern": rf"^{_NUMBER} ?(?:{unit})$|^{_PLAIN}$"},
        ]
    }
